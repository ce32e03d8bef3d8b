"""`yingyun provinces`: keys for talking to other centres, and how far the outbox is."""

from __future__ import annotations

import os
from pathlib import Path

import click

from portal.commands.common import ready_cloud
from server import outbox
from server.model import OutboxState
from server.provinces.peers import new_key_pair


@click.group()
def provinces() -> None:
    """跨省调阅 / Other provinces."""


@provinces.command()
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="目录 / folder",
)
def keys(name: str, folder: Path) -> None:
    """生成一对签名密钥 / Make a pair of keys: NAME.key stays here, NAME.pub goes to the others."""
    private_file, public_file = folder / f"{name}.key", folder / f"{name}.pub"
    private, public = new_key_pair()
    try:
        descriptor = os.open(private_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.ClickException(f"{private_file}: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(private)
    public_file.write_bytes(public)
    click.echo(f"{private_file}（保密 / secret）\n{public_file}（交给对方 / for the others）")


@provinces.command()
def status() -> None:
    """查看上传情况 / Show how much of the outbox the index module has accepted."""
    with ready_cloud().database.session() as session:
        found = outbox.states(session)
    for kind, counts in found.items():
        words = ", ".join(f"{state} {counts.get(state, 0)}" for state in OutboxState)
        click.echo(f"{kind}: {words}")
    if not found:
        click.echo("没有记录 / no entries")
