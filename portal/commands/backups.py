"""`yingyun backup`, `yingyun restore`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from portal.commands.common import ready_cloud
from server import backup as backups
from server import settings as settings_module

_FOLDER = click.Path(file_okay=False, path_type=Path)
_KEYS = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.group()
def backup() -> None:
    """备份 / Backups."""


@backup.command()
@click.argument("folder", type=_FOLDER)
def make(folder: Path) -> None:
    """备份数据库、对象和审计日志（不含密钥） / Back up all but the keys."""
    result = backups.back_up(ready_cloud(), folder)
    click.echo(
        f"新增 {result.new_objects} 个对象、{result.new_bytes} 字节，"
        f"审计 {result.audit_entries} 条 / "
        f"{result.new_objects} new objects, {result.new_bytes} bytes, "
        f"{result.audit_entries} audit entries"
    )


@backup.command()
@click.argument("folder", type=_FOLDER)
@click.option("--keys", type=_KEYS, required=True, help="另存的密钥文件 / the key file kept apart")
def drill(folder: Path, keys: Path) -> None:
    """演练恢复并校验，输出 RPO、RTO / Restore aside, verify, print RPO and RTO; 1 at a fault."""
    settings = settings_module.load()
    result = backups.drill(folder, settings, keys)
    if settings.master_key_file.exists():  # else this is another machine, without the product
        backups.note(ready_cloud(), result)
    for key in result.faults:
        click.echo(key, err=True)
    if result.audit_fault:
        click.echo(result.audit_fault, err=True)
    click.echo(
        f"RPO {result.rpo_seconds / 60:.1f} min, RTO {result.rto_seconds / 60:.1f} min; "
        f"{result.objects} 个对象 / objects, {len(result.faults)} 个有问题 / faulty; "
        f"审计 / audit {result.audit_entries}"
    )
    sys.exit(0 if result.ok else 1)


@click.command()
@click.argument("folder", type=_FOLDER)
@click.option("--keys", type=_KEYS, required=True, help="另存的密钥文件 / the key file kept apart")
def restore(folder: Path, keys: Path) -> None:
    """恢复到空的数据目录 / Restore into an empty home."""
    cloud = backups.restore(folder, settings_module.load(), keys)
    click.echo(f"已恢复到 {cloud.settings.home} / restored")
