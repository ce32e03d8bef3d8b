"""DICOM elements and another study beside the pictures, in a real browser."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, Response, jsonify
from playwright.sync_api import Page, expect

from server.assets.catalog import AssetCatalog
from server.imaging.tags import read_tags
from tests.imaging.conftest import as_file, ct_slice, phantom
from tests.view.reading import command, open_viewer, until
from tests.view.site import Site
from viewer_py.dicom.manifest import to_json

HOSPITAL, DAY = "示范市第一人民医院", "2025-03-02"


class BesideSite(Site):
    """Has another study of the person below `/other`, and elements of every object."""

    def app(self) -> Flask:
        return with_routes(super().app(), self)

    def prior_site(self) -> Site:
        """Return the other study: the same CT at another hospital, called otherwise."""
        series, stored = self.series["ct"]
        heading = replace(
            series.heading, institution_name=HOSPITAL, study_datetime="2025-03-02T09:00:00+08:00"
        )
        prior = replace(
            series, series_id="prior-ct", heading=heading, series_description="Chest prior",
            frame_of_reference_uid="9.9",
        )  # fmt: skip
        return Site(self.catalog, series={"prior-ct": (prior, stored)})


def with_routes(app: Flask, site: BesideSite) -> Flask:
    """Return the app with what lies beside the study."""
    prior = site.prior_site()

    @app.get("/x/priors.json")
    def priors() -> Response:
        series = prior.series["prior-ct"][0]
        row = {
            "series_id": "prior-ct", "modality": "CT", "modality_label": "CT",
            "frame_count": len(series.frames), "series_number": 3, "body_part": "CHEST",
            "description": series.series_description, "thumbnail_url": "",
        }  # fmt: skip
        study = {
            "study_id": "s2", "base": "/other", "institution": HOSPITAL, "study_date": DAY,
            "study_datetime": f"{DAY}T09:00:00+08:00", "modality": "CT", "modality_label": "CT",
            "body_part": "胸部", "description": "胸部CT平扫", "series": [row],
        }  # fmt: skip
        return jsonify({"current": "s1", "studies": [study]})

    @app.get("/other/series/<series_id>/manifest.json")
    def prior_manifest(series_id: str) -> Response:
        return Response(to_json(prior.series[series_id][0]), mimetype="application/json")

    @app.get("/other/series/<series_id>/frames")
    def prior_frames(series_id: str) -> Response:
        wanted = list(range(len(prior.series[series_id][0].frames)))
        return Response(prior.stream(series_id, wanted), mimetype="application/octet-stream")

    @app.get("/<any(x,other):study>/series/<series_id>/instances/<sop>/tags.json")
    def tags(study: str, series_id: str, sop: str) -> Response:
        return jsonify(read_tags(io.BytesIO(object_of(study, sop)), sop).as_dict())

    return app


def object_of(study: str, sop: str) -> bytes:
    dataset = ct_slice(phantom(1), 1, "1.2.3")
    dataset.SpecificCharacterSet = "GB18030"
    dataset.InstitutionName = HOSPITAL if study == "other" else "示范医院"
    dataset.ImageComments = f"object {sop}"
    code = type(dataset)()
    code.CodeMeaning = "胸部平扫编码"
    dataset.ProcedureCodeSequence = [code]
    return as_file(dataset)


@pytest.fixture(scope="module")
def site(catalog: AssetCatalog) -> Iterator[Site]:
    with BesideSite(catalog).serving() as served:
        yield served


def rows(page: Page) -> Any:
    return page.locator("[data-tags-rows] tr:visible")


@pytest.mark.requirement("C-27")
def test_the_elements_of_the_image_are_shown_found_and_followed(desktop: Page, site: Site) -> None:
    open_viewer(desktop, site)
    desktop.locator("[data-command='tags.toggle']").first.focus()
    desktop.keyboard.press("Enter")
    drawer = desktop.get_by_role("dialog", name="DICOM 标签")
    expect(drawer).to_be_visible()
    modality = drawer.locator("tr", has_text="(0008,0060)")
    expect(modality).to_contain_text("检查类型")
    expect(modality.locator("td")).to_have_text(["CS", "检查类型Modality", "CT"])
    everything = rows(desktop).count()
    for words, found in (
        ("胸部平扫编码", "CodeMeaning"),
        ("7fe0", "PixelData"),
        ("窗宽", "WindowWidth"),
    ):
        drawer.get_by_role("searchbox").fill(words)
        expect(rows(desktop).filter(has_text=found)).to_have_count(1)
        assert rows(desktop).count() < everything
    drawer.get_by_role("searchbox").fill("ImageComments")
    first = until(desktop, "an image", lambda state: state["tags"] is not None)
    comment = rows(desktop).filter(has_text="ImageComments")
    expect(comment).to_contain_text(f"object {first['tags']['sop_instance_uid']}")
    moved = command(desktop, "stack.scroll", by=3)
    assert moved["tags"]["sop_instance_uid"] != first["tags"]["sop_instance_uid"]
    expect(comment).to_contain_text(f"object {moved['tags']['sop_instance_uid']}")
    desktop.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    assert desktop.evaluate("document.activeElement.dataset.command") == "tags.toggle"


@pytest.mark.requirement("C-25", "C-34")
def test_a_prior_of_another_hospital_is_read_beside_the_current_study(
    desktop: Page, site: Site
) -> None:
    open_viewer(desktop, site)
    desktop.locator("[data-command='history.toggle']").first.click()
    drawer = desktop.get_by_role("dialog", name="历史检查")
    expect(drawer.locator(".study-row")).to_contain_text([HOSPITAL])
    drawer.get_by_role("button", name=f"并排对比 {DAY}").click()
    state = until(desktop, "two studies", lambda state: len(state["panes"]) == 2)
    assert [pane["series_id"] for pane in state["panes"]] == ["ct", "prior-ct"]
    expect(drawer).to_be_hidden()
    labels = desktop.locator("[data-pane-study]:visible")
    expect(labels).to_have_text(["本次 2026-03-09 示范医院", f"既往 {DAY} {HOSPITAL}"])
    expect(desktop.locator("[data-pane='1'] [data-corner='top_right']")).to_contain_text(HOSPITAL)
    expect(desktop.locator("#series-list [data-series='prior-ct']")).to_have_count(1)
    assert state["panes"][0]["frame_index"] == state["panes"][1]["frame_index"]
    moved = command(desktop, "stack.scroll", by=4)
    assert [pane["frame_index"] for pane in moved["panes"]] == [
        pane["frame_index"] + 4 for pane in state["panes"]
    ]


def test_key_images_are_marked_kept_and_gone_through(desktop: Page, site: Site) -> None:
    open_viewer(desktop, site)
    command(desktop, "stack.go", frame=6)
    desktop.keyboard.press("Shift+K")
    until(desktop, "a mark", lambda state: len(state["key_images"]) == 1)
    command(desktop, "stack.go", frame=20)
    desktop.locator("[data-command='key.toggle']").first.click()
    until(desktop, "two marks", lambda state: len(state["key_images"]) == 2)
    told = desktop.locator("[data-notice]")
    expect(told).to_contain_text("已标为关键影像")
    command(desktop, "stack.go", frame=3)
    told.get_by_role("button", name="撤回操作").click()
    until(desktop, "one mark", lambda state: len(state["key_images"]) == 1)
    expect(told).to_be_hidden()  # to take something back needs no taking back
    command(desktop, "stack.go", frame=20)
    desktop.keyboard.press("Shift+K")
    until(desktop, "two marks again", lambda state: len(state["key_images"]) == 2)
    expect(desktop.locator("[data-key-images] .key-picture")).to_have_count(2)
    expect(desktop.locator("[data-corner='bottom_left']")).to_contain_text("关键影像")
    for _ in range(100):
        if len(site.key_images) == 2:
            break
        desktop.wait_for_timeout(100)
    assert {one["frame_number"] for one in site.key_images} == {1} and len(site.key_images) == 2
    assert command(desktop, "key.next")["frame_index"] == 6
    open_viewer(desktop, site)
    until(desktop, "what was kept", lambda state: len(state["key_images"]) == 2)
