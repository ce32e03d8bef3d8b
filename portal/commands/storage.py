"""`yingyun storage …`: check and repair, volumes, tiers."""

from __future__ import annotations

import sys

import click

from portal.commands.common import ready_cloud
from server.archive import replica, scrub, tending, volumes
from server.model import Tier
from server.storage.verify import verify_storage


@click.group()
def storage() -> None:
    """对象存储 / The object store."""


@storage.command()
@click.option("--repair", is_flag=True, help="从副本修复 / repair from the second store")
def verify(repair: bool) -> None:
    """逐个校验影像；有问题时退出码为 1 / Check every image; exits with 1 at a fault."""
    cloud = ready_cloud()
    if repair and cloud.settings.replica_store_url is None:
        raise click.UsageError("未配置 YINGYUN_REPLICA_STORE_URL / there is no second store")
    mend = (lambda *found: scrub.mend(cloud, *found)) if repair else None
    verdict = verify_storage(cloud, mend=mend)
    for fault in verdict.faults:
        click.echo(f"{fault.object_key} {fault.message}", err=True)
    if verdict.repaired:
        click.echo(f"已从副本修复 {verdict.repaired} 个 / repaired {verdict.repaired}")
    count = len(verdict.faults)
    if count:
        click.echo(
            f"{verdict.checked} 个对象中 {count} 个有问题 / "
            f"{count} of {verdict.checked} objects are faulty",
            err=True,
        )
        sys.exit(1)
    click.echo(f"全部完好，共 {verdict.checked} 个对象 / all {verdict.checked} objects are whole")


@storage.command("volumes")
def list_volumes() -> None:
    """列出存储卷 / List the volumes."""
    cloud = ready_cloud()
    with cloud.database.session() as session:
        for use in volumes.volume_uses(cloud, session):
            level = "–" if use.percent is None else f"{use.percent}%"
            state = "可写 / writable" if use.writable else "只读 / read only"
            click.echo(
                f"{use.volume_id or '-'} {use.name} {use.tier} {state} {level} "
                f"(告警 / alarm {use.alarm_percent}%)"
            )
    click.echo(f"尚无副本的影像 / images without a second copy: {replica.pending(cloud)}")


@storage.command()
@click.argument("name")
@click.argument("url")
@click.option("--tier", type=click.Choice([tier.value for tier in Tier]), default="hot")
@click.option("--alarm-percent", type=int, default=volumes.FIRST_ALARM_PERCENT)
@click.option("--capacity-bytes", type=int)
def add(name: str, url: str, tier: str, alarm_percent: int, capacity_bytes: int | None) -> None:
    """添加存储卷，无需重启 / Add a volume; nothing is restarted."""
    try:
        volume = volumes.add_volume(
            ready_cloud(),
            name=name,
            url=url,
            tier=Tier(tier),
            alarm_percent=alarm_percent,
            capacity_bytes=capacity_bytes,
        )
    except volumes.VolumeError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"已添加 / added {volume.volume_id}")


@storage.command()
@click.argument("volume_id")
@click.option("--writable/--read-only", default=None)
@click.option("--alarm-percent", type=int)
@click.option("--capacity-bytes", type=int)
def change(
    volume_id: str, writable: bool | None, alarm_percent: int | None, capacity_bytes: int | None
) -> None:
    """更改存储卷的策略 / Change the policy of a volume."""
    try:
        volumes.change_volume(
            ready_cloud(),
            volume_id,
            writable=writable,
            alarm_percent=alarm_percent,
            capacity_bytes=capacity_bytes,
        )
    except volumes.VolumeError as error:
        raise click.ClickException(str(error)) from error
    click.echo("已更改 / changed")


@storage.command()
def tend() -> None:
    """立即分层、校验、备份（后台每小时也做） / Move, check, back up now; done hourly anyway."""
    cloud = ready_cloud()
    tending.every_minute(cloud)
    tending.every_hour(cloud)
    click.echo("完成 / done")
