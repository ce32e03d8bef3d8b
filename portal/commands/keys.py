"""`yingyun keys …`: the master key's rotation, and the transfer keys of institutions."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import select

from portal.commands.common import ready_cloud
from server import backup, transfers
from server.archive import rotation
from server.model import Institution


@click.group()
def keys() -> None:
    """密钥 / The keys."""


@keys.command()
@click.option("--continue", "goes_on", is_flag=True, help="继续中断的轮换 / go on with a rotation")
def rotate(goes_on: bool) -> None:
    """更换主密钥并重新封装全部数据密钥 / Wrap all data keys by a fresh master key."""
    done = rotation.rotate(ready_cloud(), fresh=not goes_on)
    click.echo(
        f"已用 {done.key_id} 重新封装 {done.rewrapped} 个数据密钥；请立即备份密钥文件 / "
        f"{done.rewrapped} data keys wrapped by {done.key_id}; copy the key file now"
    )


@keys.command("rotate-root")
@click.option("--continue", "goes_on", is_flag=True, help="继续中断的轮换 / go on with a rotation")
def rotate_root(goes_on: bool) -> None:
    """更换根密钥：旧根密钥退役后不再需要 / Wrap the root too; the old one can then be retired."""
    done = rotation.rotate_root(ready_cloud(), fresh=not goes_on)
    click.echo(
        f"根密钥已由 {done.key_id} 封装，移出密钥文件；请立即备份密钥文件，一小时后运行 "
        f"yingyun keys retire / the root is wrapped by {done.key_id}; copy the key file now, and "
        "run yingyun keys retire in an hour"
    )


@keys.command()
def retire() -> None:
    """从密钥文件移除不再使用的旧密钥 / Take unused older keys out of the key file."""
    dropped = rotation.retire(ready_cloud())
    click.echo(f"已移除 / taken out: {', '.join(dropped) or '–'}")


@keys.command("list")
def list_keys() -> None:
    """每个主密钥封装了多少数据密钥 / How many data keys each master key wraps."""
    cloud = ready_cloud()
    with cloud.database.session() as session:
        counts = rotation.wrapped_by(session)
    for key_id in cloud.master_key.key_ids:
        click.echo(f"{key_id} {counts.get(key_id, 0)}")


@keys.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def copy(target: Path) -> None:
    """把密钥文件另存到安全处（与备份分开） / Copy the keys to a safe place, apart from backups."""
    backup.copy_keys(ready_cloud(), target)
    click.echo(f"已写入 {target} / written")


@keys.command()
@click.argument("action", type=click.Choice(["new", "change", "list", "export", "destroy"]))
@click.argument("name")
def transfer(action: str, name: str) -> None:
    """机构传输密钥：机构代码，或 export、destroy 的密钥号 / An institution's transfer keys.

    NAME is the code of the institution; for export and destroy the id of a key.
    """
    cloud = ready_cloud()
    try:
        with cloud.database.session() as session:
            if action == "export":
                click.echo(transfers.export_key(cloud, session, name).hex())
                return
            if action == "destroy":
                transfers.destroy_key(session, name)
                click.echo("已销毁 / destroyed")
                return
            institution = session.scalar(select(Institution).where(Institution.code == name))
            if institution is None:
                raise click.ClickException(f"未知机构代码 {name} / unknown institution")
            if action == "list":
                for key in transfers.list_keys(session, institution.id):
                    click.echo(f"{key.key_id} {transfers.state_of(key)} {key.created_at:%Y-%m-%d}")
                return
            make = transfers.new_key if action == "new" else transfers.change_key
            click.echo(make(cloud, session, institution).key_id)
    except transfers.TransferKeyError as error:
        raise click.ClickException(str(error)) from error
