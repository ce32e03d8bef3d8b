"""Other studies beside the current one: listed by the server, paired by content, labelled."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.view.study_samples import CORONAL, entry, opened, other, stack
from tests.view.test_session import Reading
from viewer_py.browser.arranging import pane_study
from viewer_py.dicom.manifest import to_json
from viewer_py.scene.compose import compose
from viewer_py.view.command import CommandError
from viewer_py.view.commands import run
from viewer_py.view.commands.history import settle
from viewer_py.view.pairing import best_match, image_beside
from viewer_py.view.series_facts import facts_of, plane_of
from viewer_py.view.state import Grid, ViewerState

PLAIN = stack("plain", "CT", "胸部平扫 5mm 肺", frames=40)
CURRENT_CORONAL = stack("current-coronal", "CT", "冠状位重建 5mm", orientation=CORONAL)
# The prior: shifted by 300 mm, in another frame of reference, thinner, from the feet up.
PRIOR = stack("prior", "CT", "Chest 平扫 lung", frames=80, start=300.0, step=2.5, reference="9.9.9")
PRIOR_CORONAL = stack("prior-coronal", "CT", "coronal", orientation=CORONAL, reference="9.9.9")
PRIOR_MR = stack("prior-mr", "MR", "T2", reference="9.9.8")


def with_prior(*, read: bool = True) -> ViewerState:
    state = opened(PLAIN, CURRENT_CORONAL)
    study = other("s2", PRIOR_CORONAL, PRIOR_MR, PRIOR)
    state = replace(state, history=replace(state.history, studies=(study,)))
    if read:
        state = replace(state, series=(*state.series, PRIOR, PRIOR_CORONAL, PRIOR_MR))
    return state


@pytest.mark.requirement("C-25")
def test_a_prior_is_laid_beside_with_the_series_that_matches() -> None:
    state = run(with_prior(), "study.beside", {"study_id": "s2"})
    assert [pane.series_id for pane in state.panes] == ["plain", "prior"]
    assert state.grid == Grid(2, 1) and state.active_pane == 0
    assert {one.series_id for one in state.catalogue} >= {"prior", "prior-coronal", "prior-mr"}


@pytest.mark.requirement("C-25")
def test_the_reformat_is_paired_with_the_reformat() -> None:
    state = run(with_prior(), "series.open", {"series_id": "current-coronal"})
    state = run(state, "study.beside", {"study_id": "s2"})
    assert state.panes[1].series_id == "prior-coronal"


@pytest.mark.requirement("C-25", "C-34")
def test_both_scroll_together_from_the_same_share_of_the_body() -> None:
    state = run(with_prior(), "stack.go", {"frame": 10})
    state = run(state, "study.beside", {"study_id": "s2"})
    assert state.panes[1].frame_index == pytest.approx(10 / 39 * 79, abs=1)
    assert compose(state).panes[1].badges == ("按对应位置联动",)
    before = state.panes[1].frame_index
    state = run(state, "stack.scroll", {"by": 4})  # 20 mm on are 8 thinner images
    assert state.panes[1].frame_index == before + 8


@pytest.mark.requirement("C-25", "C-34")
def test_the_reader_s_own_offset_holds_once_linked_again() -> None:
    state = run(with_prior(), "study.beside", {"study_id": "s2"})
    state = run(state, "link.scroll")
    state = run(run(state, "pane.activate", {"pane": 1}), "stack.go", {"frame": 60})
    state = run(run(state, "pane.activate", {"pane": 0}), "stack.go", {"frame": 20})
    assert state.panes[1].frame_index == 60
    state = run(run(state, "link.scroll"), "stack.scroll", {"by": -2})
    assert (state.panes[0].frame_index, state.panes[1].frame_index) == (18, 56)
    assert compose(state).panes[1].badges == ("按手动偏移联动",)


def test_one_frame_of_reference_is_followed_by_position() -> None:
    near = stack("near", "CT", "延迟期", frames=30, start=50.0)
    assert image_beside(PLAIN, 14, near) == 4
    backwards = replace(near, frames=near.frames[::-1])
    assert image_beside(PLAIN, 14, backwards) == 25


def test_images_without_a_place_are_paired_by_their_share_of_the_series() -> None:
    loop = stack("loop", "US", "", frames=11, image_orientation_patient=None)
    longer = stack("longer", "US", "", frames=21, image_orientation_patient=None)
    assert image_beside(loop, 5, longer) == 10


def test_the_plane_of_a_series_is_told_by_its_normal() -> None:
    assert (plane_of(PLAIN), plane_of(CURRENT_CORONAL)) == ("axial", "coronal")
    tilted = (1.0, 0.0, 0.0, 0.0, 0.7071, -0.7071)
    assert plane_of(stack("tilted", "CT", "", orientation=tilted)) == "oblique"


def test_what_a_name_says_decides_between_series_that_are_otherwise_alike() -> None:
    state = opened(PLAIN, stack("x", "CT", "纵隔"), stack("y", "CT", "lung"), stack("z", "CT", ""))
    facts = {one.series_id: facts_of(state, one.series_id) for one in state.catalogue}
    current, *others = facts.values()
    assert current is not None
    found = best_match(current, [one for one in others if one is not None])
    assert found is not None and found.series_id == "y"


@pytest.mark.requirement("C-25", "F-07")
def test_a_study_that_the_server_did_not_list_can_never_be_added() -> None:
    state = with_prior()
    for name in ("study.add", "study.beside"):
        with pytest.raises(CommandError, match="无权查看"):
            run(state, name, {"study_id": "somebody-else"})
        with pytest.raises(CommandError, match="无权查看"):
            run(opened(PLAIN), name, {"study_id": "s2"})
    with pytest.raises(CommandError):
        run(state, "series.open", {"series_id": "prior"})


def test_a_study_is_added_once_and_its_series_can_be_opened() -> None:
    state = run(with_prior(), "study.add", {"study_id": "s2"})
    again = run(state, "study.add", {"study_id": "s2"})
    assert again.catalogue == state.catalogue and len(state.catalogue) == 5
    assert run(again, "series.open", {"series_id": "prior"}).pane().series_id == "prior"


def test_the_wish_waits_for_the_manifests_of_what_may_match() -> None:
    state = run(with_prior(read=False), "study.beside", {"study_id": "s2"})
    assert state.history.pairing == "s2" and len(state.panes) == 1
    state = settle(replace(state, series=(*state.series, PRIOR)))
    assert len(state.panes) == 1
    state = settle(replace(state, series=(*state.series, PRIOR_CORONAL)))
    assert state.panes[1].series_id == "prior" and state.history.pairing == ""


@pytest.mark.requirement("C-25")
def test_each_pane_says_whose_images_it_shows() -> None:
    state = with_prior()
    assert pane_study(state, 0) is None
    state = run(state, "study.beside", {"study_id": "s2"})
    assert pane_study(state, 0) == {
        "kind": "current", "date": "2026-03-09", "institution": "示范医院",
    }  # fmt: skip
    assert pane_study(state, 1) == {
        "kind": "prior", "date": "2025-03-02", "institution": "示范市第一人民医院",
    }  # fmt: skip
    later = replace(state.history, studies=(other("s2", PRIOR, date="2027-01-01"),))
    shown = pane_study(replace(state, history=later), 1)
    assert shown is not None and shown["kind"] == "later"


# --- through the session ----------------------------------------------------------------------


class Beside:
    """A session whose host also has other studies."""

    def __init__(self) -> None:
        self.reading = Reading(PLAIN)
        self.asked = 0
        self.bases: dict[str, str] = {}
        host: Any = self.reading.host
        host.fetch_studies = self._fetch
        host.serve_from = self.bases.__setitem__
        self.reading.series |= {one.series_id: one for one in (PRIOR, PRIOR_CORONAL)}
        self.reading.manifest("plain")

    def _fetch(self) -> None:
        self.asked += 1

    def answer(self, status: int = 200) -> None:
        rows = [
            {
                "series_id": one.series_id,
                "modality": one.modality,
                "frame_count": len(one.frames),
                "description": one.series_description,
                "body_part": one.body_part,
                "thumbnail_url": "/t",
            }
            for one in (PRIOR_CORONAL, PRIOR)
        ]
        study = other("s2")
        listed = {
            "study_id": "s2", "base": "/studies/s2", "institution": study.institution,
            "study_date": study.study_date, "study_datetime": study.study_datetime,
            "modality": "CT", "modality_label": "CT", "description": "胸部CT", "series": rows,
        }  # fmt: skip
        text = json.dumps({"current": "s1", "studies": [listed]}) if status == 200 else ""
        self.reading.session.studies_arrived(status, text)


@pytest.mark.requirement("C-25")
def test_the_list_is_fetched_when_it_is_first_opened_and_data_come_from_the_study() -> None:
    beside = Beside()
    reading = beside.reading
    assert beside.asked == 0
    reading.command("history.toggle")
    reading.command("history.toggle")
    assert beside.asked == 1
    beside.answer()
    (message,) = reading.host.of("studies")
    assert message["studies"][0]["institution"] == "示范市第一人民医院"
    reading.command("study.beside", study_id="s2")
    assert beside.bases == {"prior": "/studies/s2", "prior-coronal": "/studies/s2"}
    assert set(reading.host.manifests) == {"plain", "prior", "prior-coronal"}
    reading.manifest("prior-coronal")
    reading.manifest("prior")
    report = reading.session.report()
    assert [pane["series_id"] for pane in report["panes"]] == ["plain", "prior"]
    assert report["scene"][1]["study"]["kind"] == "prior"


def test_the_list_is_asked_for_again_where_there_was_no_network() -> None:
    beside = Beside()
    beside.reading.command("history.toggle")
    beside.answer(status=0)
    assert beside.reading.host.waits
    beside.reading.session.woken()
    assert beside.asked == 2
    beside.answer(status=403)
    assert beside.reading.host.of("studies")[-1]["studies"] == []


def test_the_end_of_access_leaves_nothing_of_other_studies() -> None:
    beside = Beside()
    beside.reading.command("history.toggle")
    beside.answer()
    beside.reading.command("study.add", study_id="s2")
    beside.reading.session.manifest_arrived("prior", 410, "")
    state = beside.reading.session.state
    assert state.history.studies is None and not state.history.shown
    assert [one.series_id for one in state.catalogue] == ["plain"]


@pytest.mark.requirement("C-27")
def test_the_table_of_elements_follows_the_active_image() -> None:
    beside = Beside()
    assert beside.reading.session.report()["tags"] is None
    tags = beside.reading.command("tags.toggle")["result"]["tags"]
    assert tags["series_id"] == "plain" and tags["base"] == ""
    assert tags["sop_instance_uid"] == PLAIN.frames[10].sop_instance_uid
    moved = beside.reading.command("stack.scroll", by=2)["result"]["tags"]
    assert moved["sop_instance_uid"] == PLAIN.frames[12].sop_instance_uid
    beside.reading.command("history.load")
    beside.answer()
    beside.reading.command("study.add", study_id="s2")
    beside.reading.command("series.open", series_id="prior", frame=3)
    beside.reading.session.manifest_arrived("prior", 200, to_json(PRIOR))
    shown = beside.reading.session.report()["tags"]
    assert (shown["base"], shown["sop_instance_uid"]) == (
        "/studies/s2", PRIOR.frames[3].sop_instance_uid,
    )  # fmt: skip
    assert entry(PRIOR, "s2").study_id == "s2"
