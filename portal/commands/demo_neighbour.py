"""The second province of the demo: its files, its home, its process."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from portal.commands.processes import Processes
from server import settings as settings_module
from server.demo import neighbour
from server.settings import Settings

LOOPBACK = "127.0.0.1"
PROVINCES = "YINGYUN_PROVINCES_FILE"


def with_neighbour(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return the demo's settings with a second province, unless others are configured already."""
    return {PROVINCES: str(neighbour.provinces_file(home))} | dict(environ)


def introduce(settings: Settings, own_url: str) -> int:
    """Write the files by which the two provinces know each other; return the port of the second,
    0 where none is wanted."""
    if settings.provinces_file != neighbour.provinces_file(settings.home):
        return 0
    port = _free_port()
    neighbour.write_provinces(settings.home, own_url, _url(port))
    return port


def start_neighbour(
    settings: Settings,
    environ: Mapping[str, str],
    port: int,
    processes: Processes,
    progress: Callable[[str, int, int], None],
) -> str:
    """Fill and serve the second province; return its address."""
    own = neighbour.neighbour_environment(environ, settings.home, settings.assets_dir, _url(port))
    neighbour.load_neighbour(settings_module.load(own), progress)
    arguments = ["serve", "--bind", f"{LOOPBACK}:{port}", "--workers", "1"]
    processes.start("neighbour", arguments, own)
    return _url(port)


def _url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
