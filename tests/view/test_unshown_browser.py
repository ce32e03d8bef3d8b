"""A series with broken frames in a real browser: which and why, and all else is read as ever."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from server.assets.catalog import AssetCatalog
from tests.view.reading import command, open_viewer, until
from tests.view.site import Site
from viewer_py.dicom.manifest import RefusedObject
from viewer_py.dicom.pack import FrameCodec, FrameRecord

BROKEN = 14  # beside the frame that the series opens with


class BrokenSite(Site):
    """Sends one frame as HTJ2K that is none."""

    def record(self, series_id: str, index: int) -> bytes:
        """Return one record of the pack."""
        if (series_id, index) != ("ct", BROKEN):
            return super().record(series_id, index)
        payload = b"\xff\x4f no codestream"
        return FrameRecord(index, FrameCodec.HTJ2K, len(payload)).to_bytes() + payload


@pytest.fixture(scope="module")
def site(catalog: AssetCatalog) -> Iterator[Site]:
    served = BrokenSite(catalog)
    series, stored = served.series["ct"]
    refused = RefusedObject("1.2.840.99.1", 31, 2, "unsupported_transfer_syntax", "某 / some")
    served.series["ct"] = replace(series, refused=(refused,)), stored
    with served.serving():
        yield served


def loaded(page: Page, site: Site, query: str) -> None:
    open_viewer(page, site, query)
    until(page, "all but one frame", lambda state: state["loading"]["complete"])


@pytest.mark.requirement("B-50", "A-49")
@pytest.mark.parametrize(
    ("language", "said", "words"),
    [
        (
            "zh-CN",
            "2 项无法显示",
            ["图像号 31 第 2 帧", "传输语法", "第 15 幅", "无法解码"],
        ),
        ("en", "2 项无法显示", ["image number 31, frame 2", "compression", "no. 15", "decoded"]),
    ],
)
def test_what_cannot_be_shown_is_listed_with_its_reason(
    desktop: Page, site: Site, language: str, said: str, words: list[str]
) -> None:
    loaded(desktop, site, f"series=ct&language={language}")
    button = desktop.locator("[data-unshown]")
    expect(button).to_be_visible()
    expect(button).to_have_accessible_name(said)
    expect(desktop.locator("[data-unshown-live]")).to_have_text(said)
    expect(desktop.locator("[data-notice]")).to_be_hidden()  # it is said once
    names = desktop.locator("[data-unshown-list]")
    expect(names).to_be_hidden()
    button.click()
    for one in words:
        expect(names).to_contain_text(one)
    shown = names.inner_text()
    assert "1.2.840" not in shown and "incomplete" not in shown
    desktop.keyboard.press("Escape")
    expect(names).to_be_hidden()


@pytest.mark.requirement("B-50")
def test_the_pane_of_a_broken_frame_says_so_and_its_neighbours_are_shown(
    desktop: Page, site: Site
) -> None:
    loaded(desktop, site, "series=ct")
    failure = desktop.locator("[data-pane-failure]")
    expect(failure).to_be_hidden()
    command(desktop, "stack.go", frame=BROKEN)
    expect(failure).to_have_text("此图像未能送达或无法解码")
    expect(desktop.locator("[data-stage]")).to_have_attribute("aria-busy", "false")
    expect(desktop.locator("[data-waiting]")).to_be_hidden()
    command(desktop, "stack.go", frame=BROKEN - 1)
    expect(failure).to_be_hidden()
    command(desktop, "series.open", series_id="dx")
    expect(desktop.locator("[data-unshown]")).to_be_hidden()


def test_on_a_phone_the_slider_keeps_its_room(phone: Page, site: Site) -> None:
    loaded(phone, site, "series=ct")
    button = phone.locator("[data-unshown]")
    expect(button).to_be_visible()
    box = phone.locator("[data-slider]").bounding_box()
    assert box is not None and box["width"] > 70
    button.tap()
    expect(phone.locator("[data-unshown-list]")).to_contain_text("图像号 31 第 2 帧")
    phone.locator("[data-stage]").tap(position={"x": 20, "y": 20})
    expect(phone.locator("[data-unshown-list]")).to_be_hidden()
