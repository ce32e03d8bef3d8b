"""Lighthouse itself: npm, pinned in `node/`, installed below `var/`; one run on one address."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from server.assets.node import run_node, run_npm

SOURCE = Path(__file__).with_name("node")


@dataclass(frozen=True)
class Run:
    """What one run said: scores by category (0 … 100), the audits that cost points, figures."""

    scores: dict[str, int]
    failures: tuple[str, ...]
    figures: dict[str, float]


def version() -> str:
    """Return the pinned version of Lighthouse."""
    return str(json.loads((SOURCE / "package.json").read_text())["dependencies"]["lighthouse"])


def installed(folder: Path) -> Path:
    """Install Lighthouse below `folder` unless it is there; return its runner.

    Raises AssetError with what npm complained about.
    """
    made = folder / "lighthouse"
    known = made / "package-lock.json"
    locked = (SOURCE / "package-lock.json").read_bytes()
    if not known.exists() or known.read_bytes() != locked:
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        shutil.copy(SOURCE / "package.json", made)
        known.write_bytes(locked)
        run_npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], made)
    shutil.copy(SOURCE / "run.mjs", made)
    return made / "run.mjs"


def run(runner: Path, debugging: str, address: str) -> Run:
    """Run Lighthouse in a browser that is there; `debugging` is its address.

    Raises ValueError when another page came than was asked for, AssetError when it failed.
    """
    port = str(urlsplit(debugging).port)
    told = json.loads(run_node([runner, port, address]).splitlines()[-1])
    if urlsplit(told["final"]).path != urlsplit(address).path:
        raise ValueError(f"{urlsplit(address).path} led to {urlsplit(told['final']).path}")
    return Run(told["scores"], tuple(told["failures"]), told["figures"])
