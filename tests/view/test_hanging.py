"""Hanging rules: which rule a catalogue gets, what comes where, and when it does."""

from __future__ import annotations

import pytest

from tests.view.study_samples import CORONAL, SAGITTAL, breast, opened, stack
from viewer_py.browser.arranging import Arranging
from viewer_py.view.command import CommandError
from viewer_py.view.commands import run
from viewer_py.view.commands.hanging import settle
from viewer_py.view.fit import scale_of
from viewer_py.view.hanging_rules import RULES, fitting_rule
from viewer_py.view.layout import pane_size
from viewer_py.view.state import Grid, ViewerState, Viewport

LUNG = stack("lung", "CT", "胸部平扫 5mm 肺")
SOFT = stack("soft", "CT", "胸部平扫 5mm 纵隔")
CORONAL_CT = stack("coronal", "CT", "冠状位重建", orientation=CORONAL, frames=60)
BRAIN = (
    stack("t1", "MR", "T1WI 矢状位", orientation=SAGITTAL, body_part="HEAD"),
    stack("dwi", "MR", "DWI b1000", body_part="HEAD"),
    stack("flair", "MR", "T2-FLAIR 横轴位", body_part="HEAD"),
    stack("t2", "MR", "T2WI 横轴位", body_part="HEAD"),
)
BREASTS = (
    breast("lmlo", "L", "MLO", "A"),
    breast("rcc", "R", "CC", "P"),
    breast("lcc", "L", "CC", "A"),
    breast("rmlo", "R", "MLO", "A"),
)
FRONT = stack("front", "DX", "胸部正位", frames=1, view_position="PA")
SIDE = stack("side", "DX", "胸部侧位", frames=1, view_position="LL")
PET = (
    stack("pet", "PT", "PET 衰减校正 WB", start=3.0),
    stack("under", "CT", "CT 衰减校正"),
)


def hang(state: ViewerState, rule: str = "auto") -> ViewerState:
    return run(state, "hanging.apply", {"rule": rule})


def shown(state: ViewerState) -> list[str | None]:
    return [pane.series_id for pane in state.panes]


@pytest.mark.requirement("C-07")
@pytest.mark.parametrize(
    ("series", "rule"),
    [
        ((LUNG, SOFT), "ct_chest"),
        (BRAIN, "mr_brain"),
        (BREASTS, "mg"),
        ((SIDE, FRONT), "dx"),
        (PET, "pet_ct"),
        ((stack("knee", "MR", "膝关节", body_part="KNEE"),), None),
        ((stack("us", "US", "肝", frames=3),), None),
    ],
)
def test_a_study_gets_the_rule_for_its_modalities_and_body_part(series, rule) -> None:  # type: ignore[no-untyped-def]
    found = fitting_rule(opened(*series, read=False).catalogue)
    assert (found.name if found else None) == rule


@pytest.mark.requirement("C-07")
def test_a_chest_is_hung_with_lung_and_mediastinum_beside_each_other() -> None:
    state = hang(opened(CORONAL_CT, SOFT, LUNG))
    assert shown(state) == ["lung", "soft"]
    assert [pane.preset for pane in state.panes] == ["lung", "chest"]
    assert state.grid == Grid(2, 1) and state.hanging.rule == "ct_chest"
    state = run(state, "stack.scroll", {"by": 3})
    assert state.panes[0].frame_index == state.panes[1].frame_index


def test_one_series_of_a_chest_is_shown_in_both_windows() -> None:
    state = hang(opened(LUNG))
    assert shown(state) == ["lung", "lung"]
    assert [pane.preset for pane in state.panes] == ["lung", "chest"]


@pytest.mark.requirement("C-07")
def test_the_sequences_of_a_brain_come_into_their_places() -> None:
    state = hang(opened(*BRAIN))
    assert shown(state) == ["t2", "flair", "t1", "dwi"]
    assert state.grid == Grid(2, 2)


def test_a_place_for_which_there_is_nothing_stays_empty() -> None:
    state = hang(opened(*BRAIN[:2]))
    assert sorted(filter(None, shown(state))) == ["dwi", "t1"]
    assert len(state.panes) == 4


@pytest.mark.requirement("C-07")
def test_breasts_hang_back_to_back_mirrored_where_they_lie_the_other_way() -> None:
    state = hang(opened(*BREASTS))
    assert shown(state) == ["rcc", "lcc", "rmlo", "lmlo"]
    # Columns to the front: the chest wall is on the left. It belongs on the inner side.
    assert [pane.viewport.flip_horizontal for pane in state.panes] == [False, False, True, False]
    for index, pane in enumerate(state.panes):
        series = state.series_by_id(pane.series_id)
        assert series is not None
        size = pane_size(state, index)
        width = series.frames[0].columns * scale_of(series.frames[0], size, Viewport())
        middle = size.width / 2 + pane.viewport.pan_x
        inner = middle + width / 2 if index % 2 == 0 else middle - width / 2
        assert inner == pytest.approx(size.width if index % 2 == 0 else 0.0)


def test_front_and_side_are_told_apart_whatever_their_order() -> None:
    assert shown(hang(opened(SIDE, FRONT))) == ["front", "side"]


def test_a_single_radiograph_is_not_hung_and_that_is_said() -> None:
    with pytest.raises(CommandError, match="没有适合"):
        hang(opened(FRONT))
    with pytest.raises(CommandError, match="不适用"):
        hang(opened(FRONT), "dx")


@pytest.mark.requirement("C-24")
def test_pet_and_ct_begin_at_the_same_place() -> None:
    state = hang(opened(*PET))
    assert shown(state) == ["under", "pet"]
    ct, pet = (state.series_by_id(pane.series_id) for pane in state.panes)
    assert ct is not None and pet is not None
    places = [
        series.frames[pane.frame_index].image_position_patient[2]  # type: ignore[index]
        for series, pane in zip((ct, pet), state.panes, strict=True)
    ]
    assert abs(places[0] - places[1]) <= 3.0
    assert state.panes[1].inverted


def test_a_rule_waits_for_the_manifests_it_needs() -> None:
    state = hang(opened(*BRAIN, read=False))
    assert state.hanging.wished == "mr_brain" and len(state.panes) == 1
    from dataclasses import replace

    assert len(settle(replace(state, series=BRAIN[:3])).panes) == 1
    assert len(settle(replace(state, series=BRAIN)).panes) == 4


def test_going_back_shows_the_image_that_was_read_alone() -> None:
    state = run(hang(opened(*BRAIN)), "pane.activate", {"pane": 1})
    state = hang(state, "off")
    assert shown(state) == ["flair"] and state.hanging.rule == "" and state.grid == Grid(1, 1)


def test_a_rule_for_other_modalities_is_refused() -> None:
    with pytest.raises(CommandError):
        hang(opened(LUNG), "mg")
    with pytest.raises(CommandError, match="没有适合"):
        hang(opened(stack("knee", "MR", "膝关节", body_part="KNEE")))


def test_every_rule_has_as_many_places_as_panes() -> None:
    for rule in RULES:
        assert len(rule.places) == rule.grid.columns * rule.grid.rows
        assert rule.fewest <= len(rule.places)


class SilentHost:
    def __init__(self) -> None:
        self.posted: list[object] = []

    def post(self, message: object) -> None:
        self.posted.append(message)

    def fetch_studies(self) -> None:
        raise AssertionError

    def serve_from(self, series_id: str, base: str) -> None:
        raise AssertionError

    def call_later(self, seconds: float) -> None:
        raise AssertionError


def begun(
    state: ViewerState, *, interactive: bool = True, hangs: bool = True
) -> tuple[ViewerState, list[str]]:
    asked: list[str] = []
    arranging = Arranging(SilentHost(), hangs=hangs)
    return arranging.follow(state, asked.append, interactive=interactive), asked


def test_a_doctor_s_large_screen_begins_with_a_rule_after_the_first_image() -> None:
    doctor = opened(*BRAIN, read=False)
    before, asked = begun(doctor, interactive=False)
    assert before == doctor and not asked
    after, asked = begun(doctor)
    assert after.hanging.wished == "mr_brain"
    assert set(asked) == {one.series_id for one in BRAIN}


@pytest.mark.parametrize("case", ["patient", "small", "unknown"])
def test_other_readings_begin_with_one_image(case: str) -> None:
    series = BRAIN if case != "unknown" else (stack("us", "US", "肝", frames=3),)
    state = opened(*series, read=False, size=(700, 400) if case == "small" else (1400, 800))
    after, asked = begun(state, hangs=case != "patient")
    assert after.hanging.wished == "" and not asked and len(after.panes) == 1
