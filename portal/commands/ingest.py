"""`yingyun ingest`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from portal.commands.common import ready_cloud
from portal.commands.institution import local_institution
from server.accounts import find_account
from server.cloud import ImageCloud
from server.ingest import DeliveryError, IngestSummary, Sender, ingest_paths


def _institution_code(cloud: ImageCloud, given: str | None) -> str:
    if given:
        return given
    with cloud.database.session() as session:
        return local_institution(session, cloud.settings).code


def _person_id(cloud: ImageCloud, login: str | None) -> int | None:
    if login is None:
        return None
    with cloud.database.session() as session:
        account = find_account(cloud, session, login)
        if account is None or account.person_id is None:
            raise click.ClickException(f"没有参保人 {login} / no patient {login}")
        return account.person_id


def _report(summary: IngestSummary) -> None:
    for rejection in summary.rejected:
        click.echo(f"{rejection.path}: {rejection.message} [{rejection.reason}]", err=True)
    click.echo(
        f"收到 {summary.received}，入库 {summary.stored}，重复 {summary.duplicate}，"
        f"拒收 {len(summary.rejected)} / received {summary.received}, stored {summary.stored}, "
        f"duplicate {summary.duplicate}, rejected {len(summary.rejected)}"
    )


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--institution", "code", help="机构代码 / code of the institution")
@click.option("--patient", "login", help="归属参保人的登录名 / login of the patient they are of")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def ingest(paths: tuple[Path, ...], code: str | None, login: str | None, as_json: bool) -> None:
    """导入 DICOM 文件、文件夹或 zip / Take in DICOM files, folders or zip archives."""
    cloud = ready_cloud()
    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
        task = bar.add_task("导入 / ingest", total=None)
        try:
            summary = ingest_paths(
                cloud,
                paths,
                institution_code=_institution_code(cloud, code),
                person_id=_person_id(cloud, login),
                progress=lambda done, total: bar.update(task, completed=done, total=total),
                sender=Sender(actor="cli"),
            )
        except DeliveryError as error:
            raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(asdict(summary), ensure_ascii=False))
    else:
        _report(summary)
    sys.exit(1 if summary.rejected else 0)
