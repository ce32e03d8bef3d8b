"""Planes, slabs and renderings in the real viewer: its WebGL beside its numpy, pixel by pixel.

Python runs in the browser here, so volumes go to the GPU through its memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.view.reading import open_viewer, state_of
from tests.view.site import Site
from tests.view.test_browser import seen

Call = tuple[str, dict[str, Any]]

COMMAND = "([name, args]) => window.yingyun.command(name, args)"

SCENES: dict[str, list[Call]] = {
    "planes": [("mpr.open", {})],
    "slabs": [("mpr.open", {}), ("mpr.projection", {"projection": "MIP"}),
              ("mpr.thickness", {"thickness": 20})],
    "rendering": [("rendering.open", {}), ("rendering.preset", {"name": "skin"})],
}  # fmt: skip


def at_rest(page: Page) -> Any:
    """Return the picture once everything has arrived and nothing moves."""
    for _ in range(100):
        if state_of(page)["loading"]["complete"]:
            break
        page.wait_for_timeout(100)
    page.wait_for_timeout(600)
    before = seen(page)
    for _ in range(20):
        after = seen(page)
        if (before == after).all():
            return after
        before = after
    raise AssertionError("the picture does not come to rest")


@pytest.mark.requirement("B-36", "B-37", "B-47", "C-20", "C-21", "C-32")
def test_gpu_and_numpy_show_the_same_volumes(desktop: Page, site: Site) -> None:
    pictures: dict[str, dict[str, Any]] = {}
    for renderer in ("webgl2", "numpy"):
        open_viewer(desktop, site, f"renderer={renderer}")
        pictures[renderer] = {}
        for name, calls in SCENES.items():
            for call, args in calls:
                desktop.evaluate(COMMAND, [call, args])
            pictures[renderer][name] = at_rest(desktop)
            assert state_of(desktop)["renderer"] == renderer
            assert not state_of(desktop)["measured"]
    for name in SCENES:
        one, other = pictures["webgl2"][name], pictures["numpy"][name]
        assert len(np.unique(other)) > 20, name
        assert (np.abs(one - other).max(axis=2) <= 2).mean() >= 0.998, name
