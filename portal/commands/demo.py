"""`yingyun demo`: everything on one machine, with people and images, in one command."""

from __future__ import annotations

import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from sqlalchemy import func, select

from portal.commands.common import asset_cache, ready_cloud
from portal.commands.demo_his import start_his
from portal.commands.demo_neighbour import introduce, start_neighbour, with_neighbour
from portal.commands.demo_papers import print_welcome, write_demo_json
from portal.commands.ports import PortTakenError, check_port_free
from portal.commands.processes import (
    ChildDiedError,
    Processes,
    StopRequestedError,
    stop_on_signals,
)
from server import settings as settings_module
from server.assets import build
from server.cloud import ImageCloud
from server.demo import load_demo
from server.demo.people import PROVINCIAL
from server.model import ProcessingState, Study
from server.settings import Settings

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - only when asked for
SECONDS_TO_HEALTH = 60.0
SECONDS_BETWEEN_LOOKS = 0.3

PAPERS = "demo.json"

console = Console(stderr=True)


@dataclass(frozen=True)
class Bind:
    """Where the portal listens."""

    host: str
    port: int

    @property
    def own_url(self) -> str:
        """The address under which this machine reaches itself."""
        return f"http://{LOOPBACK if self.host == EVERYWHERE else self.host}:{self.port}"


def _address(host: str) -> str:
    """Return the address under which others reach this machine when it listens everywhere."""
    if host != EVERYWHERE:
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; asks the routing table
        except OSError:
            return LOOPBACK
        return str(probe.getsockname()[0])


def _environment(host: str, port: int, home: Path | None) -> dict[str, str]:
    """Return the settings of a demo; what the environment says already stays."""
    chosen = {
        "YINGYUN_DEVELOPMENT": "1",
        "YINGYUN_BASE_URL": f"http://{_address(host)}:{port}",
        "YINGYUN_REGION_CODE": PROVINCIAL.province_code,
    }
    given = {"YINGYUN_HOME": str(home)} if home else {}
    return chosen | dict(os.environ) | given


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=console)


@contextmanager
def _shown(processes: Processes) -> Iterator[Callable[[str, int, int], None]]:
    """Give what shows progress in the terminal, and looks after the children meanwhile."""
    with _progress() as bar:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            processes.check()
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield show


def _wait_for_health(url: str, processes: Processes) -> None:
    deadline = time.monotonic() + SECONDS_TO_HEALTH
    while time.monotonic() < deadline:
        processes.check()
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):  # noqa: S310 - our own
                return
        except (urllib.error.URLError, OSError):
            time.sleep(SECONDS_BETWEEN_LOOKS)
    raise ChildDiedError("网站未能就绪 / the portal did not become ready")


def _count(cloud: ImageCloud, *states: ProcessingState) -> int:
    wanted = select(func.count()).select_from(Study)
    with cloud.database.session() as session:
        return session.scalar(wanted.where(Study.state.in_(states))) or 0


def _wait_for_pictures(cloud: ImageCloud, processes: Processes) -> None:
    """Wait until no study is pending, so that whoever opens one sees it."""
    total = _count(cloud, *ProcessingState)
    with _progress() as bar:
        task = bar.add_task("制作图像 / preparing pictures", total=total)
        while waiting := _count(cloud, ProcessingState.PENDING):
            processes.check()
            bar.update(task, completed=total - waiting)
            time.sleep(SECONDS_BETWEEN_LOOKS)
        bar.update(task, completed=total)


def _run(settings: Settings, environ: dict[str, str], bind: Bind, processes: Processes) -> None:
    papers = settings.home / PAPERS
    papers.unlink(missing_ok=True)
    cloud = ready_cloud(settings)
    build(settings.assets_dir, asset_cache(settings), progress=console.print)
    neighbour_port = introduce(settings, bind.own_url)
    processes.start("worker", ["worker"], environ)
    processes.start("web", ["serve", "--bind", f"{bind.host}:{bind.port}"], environ)
    with _shown(processes) as show:
        summary = load_demo(cloud, show)
        if neighbour_port:
            neighbour_url = start_neighbour(settings, environ, neighbour_port, processes, show)
            _wait_for_health(neighbour_url, processes)
    _wait_for_health(bind.own_url, processes)
    _wait_for_pictures(cloud, processes)
    his_url = start_his(
        cloud,
        environ,
        processes,
        host=bind.host,
        address=_address(bind.host),
        after_port=bind.port,
    )
    write_demo_json(papers, settings.base_url, summary, his_url=his_url)
    print_welcome(settings.base_url, papers, summary, his_url=his_url)
    processes.watch()


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--host", default=LOOPBACK, show_default=True, help="0.0.0.0: 手机也可访问 / phones")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="数据目录 / data")
def demo(port: int, host: str, home: Path | None) -> None:
    """一条命令运行带影像的演示 / Serve the whole product with people and images."""
    try:
        check_port_free(host, port)
    except PortTakenError as error:
        raise click.ClickException(str(error)) from error
    environ = _environment(host, port, home.resolve() if home else None)
    environ = with_neighbour(environ, settings_module.load(environ).home)
    settings = settings_module.load(environ)
    processes = Processes(settings.home / "logs")
    stop_on_signals()
    try:
        _run(settings, environ, Bind(host, port), processes)
    except StopRequestedError:
        click.echo("正在停止 / stopping", err=True)
    except ChildDiedError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    finally:
        (settings.home / PAPERS).unlink(missing_ok=True)  # it says that the demo is healthy
        processes.stop()
