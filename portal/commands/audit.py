"""`yingyun audit verify`, `audit checkpoint`, `audit backup`."""

from __future__ import annotations

import sys

import click

from portal.commands.common import ready_cloud
from server import audit as audit_log
from server import audit_backup, checkpoints


@click.group()
def audit() -> None:
    """审计日志 / The audit log."""


@audit.command()
def verify() -> None:
    """校验审计链与签名检查点；发现问题时退出码为 1 / Check chain and checkpoints; 1 at a fault."""
    cloud = ready_cloud()
    with cloud.database.session() as session:
        chain = audit_log.verify(session)
        signed = checkpoints.verify_checkpoints(cloud, session)
        kept = audit_backup.verify_backup(cloud, session)
    for verdict in (chain, signed, kept):
        if not verdict.ok:
            click.echo(
                f"审计链在第 {verdict.first_broken} 条断裂：{verdict.what} / "
                f"the chain breaks at entry {verdict.first_broken}: {verdict.what}",
                err=True,
            )
            sys.exit(1)
    click.echo(
        f"审计链完整，共 {chain.checked} 条，{signed.checked} 个签名检查点相符，"
        f"{kept.checked} 条与备份一致 / "
        f"the chain holds: {chain.checked} entries, {signed.checked} signed checkpoints, "
        f"{kept.checked} as backed up"
    )


@audit.command()
def checkpoint() -> None:
    """为审计链尾签名（后台任务每天也会做） / Sign the end of the chain; done daily anyway."""
    signed = checkpoints.sign_head(ready_cloud())
    if signed is None:
        click.echo("没有新的审计记录 / no entries since the last checkpoint")
    else:
        click.echo(
            f"已为第 {signed.sequence} 条签名 / signed entry {signed.sequence}: {signed.hash}"
        )


@audit.command()
def backup() -> None:
    """把新的审计记录加密备份到对象存储（后台任务每天也会做） / Back up what is new."""
    written = audit_backup.back_up(ready_cloud())
    click.echo(f"已备份 {written} 条审计记录 / backed up {written} entries")
