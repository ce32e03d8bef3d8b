"""`yingyun gateways list`, `gateways rules`: hospitals' front machines, at the centre."""

from __future__ import annotations

import json
from typing import IO

import click

from portal.commands.common import ready_cloud
from server import gateways as kept_gateways


@click.group()
def gateways() -> None:
    """管理各医院前置机 / Hospitals' front machines."""


@gateways.command("list")
def list_all() -> None:
    """列出前置机及其状态 / List front machines: heard of, state, rules."""
    with ready_cloud().database.session() as session:
        for one in kept_gateways.gateways(session):
            silent = "失联 silent" if kept_gateways.is_silent(one) else "在线 online"
            heard = one.last_seen_at.isoformat(timespec="seconds")
            waiting = one.state.get("spool", {}).get("waiting", {}).get("objects", "?")
            low = " 磁盘不足 disk low" if one.state.get("disk_low") else ""
            click.echo(
                f"{one.client_id}  {silent}  {heard}  {one.version}  "
                f"待传 waiting {waiting}  规则 rules {one.rules_version}{low}"
            )


@gateways.command()
@click.argument("client_id")
@click.argument("file", type=click.File("rb"))
def rules(client_id: str, file: IO[bytes]) -> None:
    """下发规则（JSON 文件），下次心跳生效 / Set rules, in force from the next heartbeat."""
    try:
        given = json.load(file)
        with ready_cloud().database.session() as session:
            kept = kept_gateways.set_rules(session, client_id, dict(given))
            version = kept.rules_version
    except (ValueError, TypeError, LookupError) as error:
        raise click.ClickException(f"规则不可用 / these rules cannot be used: {error}") from error
    click.echo(f"规则版本 / rules version {version}")
