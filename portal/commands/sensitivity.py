"""`yingyun sensitivity`: mark images, report or person of an examination (F-09)."""

from __future__ import annotations

import click

from portal.commands.common import chosen_study, ready_cloud
from server.sensitivity import Marked, Sensitivity, set_marks

MARKS = click.Choice([str(one) for one in Sensitivity])


@click.command()
@click.argument("institution_code")
@click.argument("accession_number")
@click.option("--images", type=MARKS, help="影像 / the images")
@click.option("--report", type=MARKS, help="报告 / the report")
@click.option("--identity", type=MARKS, help="受检人身份 / who was examined")
def sensitivity(
    institution_code: str,
    accession_number: str,
    images: str | None,
    report: str | None,
    identity: str | None,
) -> None:
    """设置敏感标记 / Mark how sensitive an examination is; a policy says what that forbids."""
    given = {Marked.IMAGES: images, Marked.REPORT: report, Marked.IDENTITY: identity}
    marks = {marked: Sensitivity(mark) for marked, mark in given.items() if mark is not None}
    if not marks:
        raise click.UsageError("请至少给出一个标记 / give one mark at least")
    with ready_cloud().database.session() as session:
        study = chosen_study(session, institution_code, accession_number)
        missing = set_marks(session, study, marks, actor="cli")
    for marked in missing:
        click.echo(f"尚无可标记的 {marked} / there is no {marked} to mark yet", err=True)
    click.echo("已标记 / marked")
