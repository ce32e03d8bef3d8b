"""Planes, slabs and renderings in the real viewer: its WebGL beside its numpy, pixel by pixel.

Python runs in the browser here, so volumes go to the GPU through its memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.view.reading import open_viewer, state_of, still, until
from tests.view.site import Site

Call = tuple[str, dict[str, Any]]

COMMAND = "([name, args]) => window.yingyun.command(name, args)"

SCENES: dict[str, list[Call]] = {
    "planes": [("mpr.open", {})],
    "slabs": [("mpr.open", {}), ("mpr.projection", {"projection": "MIP"}),
              ("mpr.thickness", {"thickness": 20})],
    "rendering": [("rendering.open", {}), ("rendering.preset", {"name": "skin"})],
}  # fmt: skip


@pytest.mark.requirement("B-36", "B-37", "B-47", "C-20", "C-21", "C-32")
def test_gpu_and_numpy_show_the_same_volumes(desktop: Page, site: Site) -> None:
    # So small that software GL draws it in full even on a busy machine.
    desktop.set_viewport_size({"width": 560, "height": 620})
    pictures: dict[str, dict[str, Any]] = {}
    for renderer in ("webgl2", "numpy"):
        open_viewer(desktop, site, f"renderer={renderer}")
        until(desktop, "all frames", lambda state: state["loading"]["complete"])
        pictures[renderer] = {}
        for name, calls in SCENES.items():
            for call, args in calls:
                desktop.evaluate(COMMAND, [call, args])
            pictures[renderer][name] = still(desktop)
            assert state_of(desktop)["renderer"] == renderer
            assert not state_of(desktop)["measured"]
    for name in SCENES:
        one, other = pictures["webgl2"][name], pictures["numpy"][name]
        assert len(np.unique(other)) > 20, name
        assert (np.abs(one - other).max(axis=2) <= 2).mean() >= 0.998, name
