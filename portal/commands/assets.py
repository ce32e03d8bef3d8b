"""`yingyun assets`."""

from __future__ import annotations

import click

from portal.commands.common import asset_cache
from portal.i18n import compile_catalogs
from server import settings
from server.assets import build


@click.command()
def assets() -> None:
    """下载并校验浏览器资源 / Fetch, verify and compile what browsers load."""
    chosen = settings.load()
    summary = build(chosen.assets_dir, asset_cache(chosen), progress=click.echo)
    compile_catalogs()
    megabytes = summary.brotli_bytes / 1e6
    click.echo(
        f"资源已就绪：{summary.files} 个文件，压缩后 {megabytes:.1f} MB / "
        f"assets are ready: {summary.files} files, {megabytes:.1f} MB compressed"
    )
