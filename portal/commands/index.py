"""`yingyun index`: the index-sharing module."""

from __future__ import annotations

import click
from flask import Flask

from portal.commands.common import ready_cloud
from portal.commands.ports import PortTakenError, check_port_free
from portal.commands.serve import PortalServer
from portal.index import create_index_app
from server import settings as settings_module
from server.cloud import open_cloud
from server.provinces.peers import load_peers


class IndexServer(PortalServer):
    """gunicorn with the index module in place of the portal."""

    def load(self) -> Flask:
        """Make the application, after the fork."""
        return create_index_app(open_cloud(self.settings))


@click.command()
@click.option("--bind", default="127.0.0.1:8100", show_default=True, help="HOST:PORT")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
def index(bind: str, workers: int) -> None:
    """运行索引共享模块（数据目录须与中心分开）/ Serve the index-sharing module, in its own home."""
    host, _, port = bind.rpartition(":")
    if not port.isdigit():
        raise click.BadParameter("HOST:PORT", param_hint="--bind")
    try:
        check_port_free(host or "0.0.0.0", int(port))  # noqa: S104 - what the operator asked for
    except PortTakenError as error:
        raise click.ClickException(str(error)) from error
    settings = settings_module.load()
    if load_peers(settings.provinces_file) is None:
        raise click.ClickException(
            "请以 YINGYUN_PROVINCES_FILE 指定各省中心 / set YINGYUN_PROVINCES_FILE: which centres "
            "may ask"
        )
    ready_cloud(settings)
    IndexServer(settings, bind, workers).run()
