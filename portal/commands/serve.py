"""`yingyun serve`: the web process."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from portal.commands.common import asset_cache, ready_cloud
from portal.commands.ports import PortTakenError, check_port_free
from server import settings as settings_module
from server.assets import AssetError, build_viewer_bundle
from server.assets.catalog import AssetsMissingError
from server.cloud import open_cloud, upgrade_database
from server.settings import Settings

MOST_WORKERS = 4
THREADS = 12
SECONDS_TO_ANSWER = 120
SECONDS_TO_STOP = 8
KEEP_ALIVE_SECONDS = 30
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - gunicorn's heartbeat, no content


class PortalServer(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings; each worker opens the image cloud for itself."""

    def __init__(self, settings: Settings, bind: str, workers: int) -> None:
        self.settings = settings
        self.options = gunicorn_options(bind, workers)
        super().__init__()

    def load_config(self) -> None:
        """Hand gunicorn its options."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Make the application, after the fork: connections are not shared between processes.

        Imported here, because what counts requests looks at its import where to count together.
        """
        from portal.app import create_app

        return create_app(open_cloud(self.settings))


def gunicorn_options(bind: str, workers: int) -> dict[str, Any]:
    """Return how gunicorn runs: threads, because answers wait for disk and network."""
    return {
        "bind": bind,
        "workers": workers,
        "worker_class": "gthread",
        "threads": THREADS,
        "timeout": SECONDS_TO_ANSWER,
        "graceful_timeout": SECONDS_TO_STOP,
        "keepalive": KEEP_ALIVE_SECONDS,
        "preload_app": False,
        "child_exit": _forget_worker,
        "accesslog": None,  # portal.request_log writes what may be written
        "loglevel": "warning",
        "forwarded_allow_ips": "",  # whom to believe is YINGYUN_TRUSTED_PROXIES
        "control_socket_disable": True,
        "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None,
        "proc_name": "yingyun",
    }


def _count_together(settings: Settings) -> None:
    """Let the workers keep what they count in one place; figures begin anew with the server."""
    folder = settings.home / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def _forget_worker(_server: Arbiter, worker: Worker) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def _refresh_viewer(settings: Settings) -> None:
    """While developing, give browsers the viewer as its sources are now."""
    try:
        build_viewer_bundle(settings.assets_dir, asset_cache(settings))
    except AssetsMissingError:
        click.echo(
            "浏览器资源缺失，请运行 yingyun assets / no assets; run yingyun assets", err=True
        )
    except AssetError as error:
        click.echo(str(error), err=True)


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="HOST:PORT")
@click.option("--workers", type=click.IntRange(1, 64), help="进程数 / processes")
def serve(bind: str, workers: int | None) -> None:
    """运行网站 / Serve the portal."""
    host, _, port = bind.rpartition(":")
    if not port.isdigit():
        raise click.BadParameter("HOST:PORT", param_hint="--bind")
    try:
        check_port_free(host or "0.0.0.0", int(port))  # noqa: S104 - what the operator asked for
    except PortTakenError as error:
        raise click.ClickException(str(error)) from error
    settings = settings_module.load()
    upgrade_database(settings)
    ready_cloud(settings)  # says now, not in each worker, when keys or store cannot be used
    if settings.development:
        _refresh_viewer(settings)
    _count_together(settings)
    count = workers or min(os.cpu_count() or 1, MOST_WORKERS)
    PortalServer(settings, bind, count).run()
