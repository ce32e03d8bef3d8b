"""`yingyun digital-film`: note whether digital film was chosen for an examination."""

from __future__ import annotations

import click

from portal.commands.common import ready_cloud
from server.digital_film import NoSuchStudyError, set_chosen


@click.command("digital-film")
@click.argument("institution_code")
@click.argument("accession_number")
@click.option("--chosen/--declined", required=True, help="是否选择 / whether it was chosen")
def digital_film(institution_code: str, accession_number: str, chosen: bool) -> None:
    """登记某次检查是否选择数字胶片 / Note whether digital film was chosen for an examination.

    未选择时，报告以纸质或胶片提供 / where it was not, the report is had on paper or film.
    """
    try:
        with ready_cloud().database.session() as session:
            set_chosen(
                session,
                institution_code=institution_code.upper(),
                accession_number=accession_number,
                chosen=chosen,
                actor="cli",
            )
    except NoSuchStudyError as error:
        raise click.ClickException(
            "该机构没有这个检查号，或不止一个 / the institution has no such accession number, "
            "or has several"
        ) from error
    click.echo("已登记 / noted")
