"""`yingyun storage verify`."""

from __future__ import annotations

import sys

import click

from portal.commands.common import ready_cloud
from server.storage.verify import verify_storage


@click.group()
def storage() -> None:
    """对象存储 / The object store."""


@storage.command()
def verify() -> None:
    """逐个校验影像；有问题时退出码为 1 / Check every image; exits with 1 at a fault."""
    verdict = verify_storage(ready_cloud())
    for fault in verdict.faults:
        click.echo(f"{fault.object_key} {fault.message}", err=True)
    count = len(verdict.faults)
    if count:
        click.echo(
            f"{verdict.checked} 个对象中 {count} 个有问题 / "
            f"{count} of {verdict.checked} objects are faulty",
            err=True,
        )
        sys.exit(1)
    click.echo(f"全部完好，共 {verdict.checked} 个对象 / all {verdict.checked} objects are whole")
