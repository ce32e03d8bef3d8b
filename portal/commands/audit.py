"""`yingyun audit verify`."""

from __future__ import annotations

import sys

import click

from portal.commands.common import ready_cloud
from server import audit as audit_log


@click.group()
def audit() -> None:
    """审计日志 / The audit log."""


@audit.command()
def verify() -> None:
    """校验审计链；发现问题时退出码为 1 / Check the chain; exits with 1 at the first fault."""
    with ready_cloud().database.session() as session:
        verdict = audit_log.verify(session)
    if not verdict.ok:
        click.echo(
            f"审计链在第 {verdict.first_broken} 条断裂：{verdict.what} / "
            f"the chain breaks at entry {verdict.first_broken}: {verdict.what}",
            err=True,
        )
        sys.exit(1)
    click.echo(f"审计链完整，共 {verdict.checked} 条 / the chain holds: {verdict.checked} entries")
