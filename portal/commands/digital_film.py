"""`yingyun digital-film`: note whether digital film was chosen for an examination."""

from __future__ import annotations

import click

from portal.commands.common import chosen_study, ready_cloud
from server.digital_film import set_chosen


@click.command("digital-film")
@click.argument("institution_code")
@click.argument("accession_number")
@click.option("--chosen/--declined", required=True, help="是否选择 / whether it was chosen")
def digital_film(institution_code: str, accession_number: str, chosen: bool) -> None:
    """登记某次检查是否选择数字胶片 / Note whether digital film was chosen for an examination.

    未选择时，报告以纸质或胶片提供 / where it was not, the report is had on paper or film.
    """
    with ready_cloud().database.session() as session:
        study = chosen_study(session, institution_code, accession_number)
        set_chosen(session, study, chosen=chosen, actor="cli")
    click.echo("已登记 / noted")
