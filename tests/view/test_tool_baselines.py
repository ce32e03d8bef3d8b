"""Each tool in the real browser against the picture that is kept of it (B-23…B-46, C-07…C-24).

The reading area is given a size of its own, so that the page around it may change, and no words are
painted: those are read from the page. `YINGYUN_WRITE_BASELINES=1` writes the pictures anew; look at
them before they are kept (tests/view/baselines/README.md).
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask, Response, request
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from server.assets.catalog import AssetCatalog
from tests.view.pane_series import axial, pixels, sagittal
from tests.view.phantom import body, uptake
from tests.view.reading import HIDE_WORDS, command, open_viewer, state_of, until
from tests.view.samples import make_series
from tests.view.site import ROOT, Site
from tests.view.tool_looks import LOOKS, PLAIN, Act, Click, Do, Drag, Hover, Look, Type, Where
from viewer_py.dicom.manifest import SeriesManifest

KEPT = Path(__file__).parent / "baselines"
WRITES = os.environ.get("YINGYUN_WRITE_BASELINES") == "1"
WIDTH, HEIGHT = 360, 270
# A pixel has changed when one of its colours is farther off than LEVEL: less is how another release
# of the browser rounds the edge of a line. MOST_CHANGED such pixels are 0.05 % of the picture, and
# less than half of the smallest thing that a tool draws (LEAST_DRAWN).
LEVEL = 48
MOST_CHANGED = 48
LEAST_DRAWN = 120

Picture = NDArray[np.int16]

OWN_SIZE = """([width, height]) => {
  const stage = document.querySelector("[data-stage]");
  const own = {position: "fixed", left: "0", top: "0", zIndex: "1000", outline: "none",
    width: `${width}px`, height: `${height}px`, border: "0", margin: "0"};
  Object.assign(stage.style, own);
}"""
ALL_CALLS = """async (calls) => {
  for (const [name, args] of calls) await window.yingyun.command(name, args);
}"""
HIDE_ALL_WORDS = HIDE_WORDS.replace(", [data-shapes]", "")


class Wordless(Site):
    """The site, whose painter of shapes paints no words: no font has a part in the pictures."""

    def app(self) -> Flask:
        made = super().app()

        @made.before_request
        def shapes() -> Response | None:
            if not request.path.endswith("/viewer/shapes.js"):
                return None
            source = (ROOT / "static" / "viewer" / "shapes.js").read_text(encoding="utf-8")
            assert "PAINTERS = {" in source
            return Response(f"{source}\nPAINTERS.text = () => {{}};\n", mimetype="text/javascript")

        return made


def chest() -> tuple[SeriesManifest, Any]:
    """Return a radiograph of a chest: two lungs and a heart."""
    series = make_series(
        "chest", frames=1, modality="DX", rows=96, columns=128, view_position="PA", signed=False,
        window_center=(500.0,), window_width=(1000.0,),
        image_position_patient=None, image_orientation_patient=None,
    )  # fmt: skip
    y, x = np.mgrid[0:96, 0:128]
    stored = np.full((1, 96, 128), 700, dtype=np.uint16)
    for middle in (38, 90):
        stored[0][((x - middle) / 22) ** 2 + ((y - 48) / 40) ** 2 < 1] = 200
    stored[0][((x - 68) / 20) ** 2 + ((y - 62) / 16) ** 2 < 1] = 850
    return replace(series, body_part="CHEST"), stored


@pytest.fixture(scope="module")
def page(browser: Browser, catalog: AssetCatalog) -> Iterator[Page]:
    """A page of the doctor's viewer, its reading area of one size, numpy painting."""
    stacks = ((one, pixels(one)) for one in (axial(), sagittal()))
    known = {one[0].series_id: one for one in (body(), uptake(), *stacks, chest())}
    with Wordless(catalog, series=known).serving() as site:
        opened = browser.new_page(viewport={"width": 1200, "height": 800})
        open_viewer(opened, site, "reader=doctor&renderer=numpy")
        opened.evaluate(OWN_SIZE, [WIDTH, HEIGHT])
        opened.evaluate(HIDE_ALL_WORDS)
        until(opened, "its own size", lambda state: state["canvas"]["width"] == WIDTH)
        yield opened
        opened.close()


def begin(page: Page, series: str) -> None:
    """Bring the page back to a series as it opens."""
    state = state_of(page)
    linking, reference = state["linking"], state["reference"]
    calls: list[tuple[str, dict[str, Any]]] = [
        *([("mpr.toggle", {})] if state["reformat"] is not None else []),
        *([("link.scroll", {})] if linking["scroll"] else []),
        *([("reference.ends", {})] if reference["ends"] else []),
        *([("reference.toggle", {})] if reference["shown"] else []),
        ("annotation.clear", {}),
        ("annotation.cancel", {}),
        ("layout.set", {"columns": 1, "rows": 1}),
        ("layout.tiles", {"columns": 1, "rows": 1}),
        ("magnifier.hide", {}),
        ("tool.choose", {"tool": "mouse"}),
        ("series.open", {"series_id": series}),
        ("viewport.reset", {}),
    ]
    page.evaluate(ALL_CALLS, calls)
    until(page, "loaded", lambda one: one["loading"]["complete"] and one["series_id"] == series)
    command(page, "stack.go", frame=state_of(page)["frame_count"] // 2)


def at(where: Where) -> tuple[float, float]:
    return where[0] * WIDTH, where[1] * HEIGHT


def act(page: Page, one: Act) -> None:
    if isinstance(one, Do):
        command(page, one.name, **one.args)
    elif isinstance(one, Click):
        page.mouse.click(*at(one.at))
    elif isinstance(one, Hover):
        page.mouse.move(*at(one.at))
    elif isinstance(one, Type):
        field = page.locator("[data-mark-dialog] input")
        expect(field).to_be_focused()
        field.fill(one.words)
        field.press("Enter")
    elif isinstance(one, Drag):
        page.mouse.move(*at(one.course[0]))
        page.mouse.down()
        for place in one.course[1:]:
            page.mouse.move(*at(place), steps=5)
        page.mouse.up()
    state_of(page)  # the worker has had all that was sent before


def seen(page: Page) -> Picture:
    """Return the reading area, once what the state says is painted and stays so."""
    until(page, "painted", lambda state: state["shown"] and _all_there(state))
    page.evaluate(HIDE_ALL_WORDS)  # of panes that were added, too
    last = b""
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT}
    for _ in range(100):
        shot = page.screenshot(clip=clip)  # type: ignore[arg-type]
        if shot == last:
            break
        last = shot
        page.wait_for_timeout(60)
    return read(io.BytesIO(last))


def _all_there(state: dict[str, Any]) -> bool:
    volumes = (state["reformat"] or {}).get("volumes", {})
    return all(one["loaded"] == one["total"] for one in volumes.values())


def read(file: io.BytesIO | Path) -> Picture:
    return np.asarray(Image.open(file).convert("RGB")).astype(np.int16)


def changed(one: Picture, other: Picture) -> int:
    """Return how many pixels differ by more than LEVEL."""
    return int((np.abs(one - other).max(axis=2) > LEVEL).sum())


def kept(name: str) -> Picture:
    return read(KEPT / f"{name}.png")


@pytest.mark.requirement(
    "B-23", "B-24", "B-25", "B-26", "B-27", "B-28", "B-29", "B-30", "B-31", "B-32", "B-33", "B-35",
    "B-36", "B-37", "B-38", "B-46", "C-07", "C-08", "C-09", "C-10", "C-11", "C-12", "C-13", "C-14",
    "C-15", "C-16", "C-17", "C-18", "C-20", "C-21", "C-22", "C-23", "C-24", "C-47",
)  # fmt: skip
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_the_tool_paints_what_it_always_did(page: Page, look: Look) -> None:
    begin(page, look.series)
    for one in look.acts:
        act(page, one)
    picture = seen(page)
    for words in look.said:
        expect(page.locator("[data-panes]")).to_contain_text(words)
    if look.measures:
        results = state_of(page)["annotations"]["items"][-1]["results"]
        values = {one["name"]: one["value"] for one in results}
        assert all(values[name] is not None for name in look.measures), values
    if WRITES:
        Image.fromarray(picture.astype(np.uint8)).save(KEPT / f"{look.name}.png", optimize=True)
    assert changed(picture, kept(look.name)) <= MOST_CHANGED


@pytest.mark.parametrize(
    "look", [one for one in LOOKS if one.changes_the_picture and one.acts], ids=lambda one: one.name
)
def test_a_tool_that_painted_nothing_would_be_noticed(look: Look) -> None:
    plain = next(one for one in PLAIN if one.series == look.series)
    assert changed(kept(look.name), kept(plain.name)) >= LEAST_DRAWN


def test_every_kept_picture_is_looked_at() -> None:
    assert {file.stem for file in KEPT.glob("*.png")} == {look.name for look in LOOKS}
