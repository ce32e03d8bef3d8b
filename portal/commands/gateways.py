"""`yingyun gateways list`, `gateways rules`: hospitals' front machines, at the centre."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO

import click

from portal.commands.common import ready_cloud
from portal.gateway_status import UPGRADES
from server import gateway_releases
from server import gateways as kept_gateways
from server.collection.receptions import look_over
from server.model import GatewayUpgrade


@click.group()
def gateways() -> None:
    """管理各医院前置机 / Hospitals' front machines."""


@gateways.command("list")
def list_all() -> None:
    """列出前置机及其状态 / List front machines: heard of, state, rules."""
    with ready_cloud().database.session() as session:
        for one in kept_gateways.gateways(session):
            upgrade = gateway_releases.offered(session, one.client_id)
            silent = "失联 silent" if kept_gateways.is_silent(one) else "在线 online"
            heard = one.last_seen_at.isoformat(timespec="seconds")
            waiting = one.state.get("spool", {}).get("waiting", {}).get("objects", "?")
            low = " 磁盘不足 disk low" if one.state.get("disk_low") else ""
            click.echo(
                f"{one.client_id}  {silent}  {heard}  {one.version}  "
                f"待传 waiting {waiting}  规则 rules {one.rules_version}{low}{_told(upgrade)}"
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


@gateways.command()
@click.argument("client_id")
@click.option("--read", is_flag=True, help="逐个读取影像比对 / read every stored image too")
def chain(client_id: str, *, read: bool) -> None:
    """核对前置机的接收链 / Look over the chain of receptions of a front machine (I-03)."""
    count, breaks = look_over(ready_cloud(), client_id, read=read)
    words = {
        "missing": "缺号，尚未上传或已丢失 / missing: not uploaded yet, or lost",
        "relinked": "链接不符 / does not fit its neighbours",
        "altered": "影像与接收时不同 / the image is not what was received",
        "unreadable": "影像读不出 / the image cannot be read",
    }
    for one in breaks:
        click.echo(f"{one.sequence}  {one.sop_instance_uid or '-'}  {words[one.what]}")
    click.echo(f"{count} 个接收记录，{len(breaks)} 处异常 / receptions, {len(breaks)} not right")
    if breaks:
        raise SystemExit(1)


@gateways.command()
@click.argument("version")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def release(version: str, file: Path) -> None:
    """登记前置机的一个版本 / Keep a file as a version of the front machine (E-18)."""
    cloud = ready_cloud()
    try:
        with cloud.database.session() as session:
            made = gateway_releases.add(cloud, session, version, file)
            click.echo(f"{made.version}  {made.size}  sha256 {made.sha256}")
    except gateway_releases.ReleaseError as error:
        raise click.ClickException(str(error)) from error


@gateways.command()
@click.argument("client_id")
@click.argument("version", required=False)
def upgrade(client_id: str, version: str | None) -> None:
    """下发升级任务；不写版本则收回 / Offer a version; without one the offer is taken back."""
    try:
        with ready_cloud().database.session() as session:
            if version is None:
                gateway_releases.withdraw(session, client_id)
            else:
                gateway_releases.offer(session, client_id, version)
    except gateway_releases.ReleaseError as error:
        raise click.ClickException(str(error)) from error
    said = "已收回 / taken back" if version is None else f"已下发 / offered: {version}"
    click.echo(said)


def _told(upgrade: GatewayUpgrade | None) -> str:
    """Return how far an upgrade is, in words."""
    if upgrade is None:
        return ""
    words = UPGRADES.get(upgrade.state, upgrade.state)
    return f"  升级 upgrade {upgrade.version}: {words}"
