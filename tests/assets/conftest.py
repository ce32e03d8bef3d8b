"""The built assets, which the tests need and never fetch themselves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from server.assets.catalog import MANIFEST_NAME

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def built_assets() -> Path:
    """The asset folder that `make assets` built."""
    folder = Path(os.environ.get("YINGYUN_ASSETS_DIR", ROOT / "var" / "assets"))
    if not (folder / MANIFEST_NAME).exists():
        pytest.fail(f"{folder} has no assets: run `make assets` first")
    return folder


def quiet(_message: str) -> None:
    """Take progress and say nothing."""
