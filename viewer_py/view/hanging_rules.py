"""Hanging rules (挂片协议) as data: what is shown where when a study is opened on a large screen.

A rule names the studies that it is for, the lay-out, and for each place what is wanted there. The
first rule of the table that fits is taken; `view.hanging` fills its places.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from viewer_py.view.entries import SeriesEntry
from viewer_py.view.series_facts import body_part_of
from viewer_py.view.state import Grid

MG_VIEWS = ("CC", "MLO")


@dataclass(frozen=True)
class Place:
    """What is wanted in one place; what is empty does not matter.

    `modalities` must fit. `planes` and `kinds` (words of `view.pairing`) are wishes, the first
    before the others; what is named in `without` is taken last. `view` and `laterality` are those
    of an image (MG, DX) and must fit. `preset` is a window of B-39. `chest_wall` is the side of the
    place on which the breast ends, "left" or "right". With `again` a series may be shown that
    stands in another place too.
    """

    modalities: tuple[str, ...]
    planes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    view: tuple[str, ...] = ()
    laterality: str = ""
    preset: str = "default"
    inverted: bool = False
    chest_wall: str = ""
    again: bool = False


@dataclass(frozen=True)
class Rule:
    """A hanging rule: for studies of these modalities and body parts (empty: all of them).

    It is in force only where at least `fewest` of its places can be filled. `linked` lets the
    places scroll together.
    """

    name: str
    label: str
    label_en: str
    modalities: tuple[str, ...]
    body_parts: tuple[str, ...]
    grid: Grid
    places: tuple[Place, ...]
    fewest: int = 2
    linked: bool = False


_X_RAY = ("DX", "CR", "DR")
_FRONT, _SIDE = ("PA", "AP"), ("LL", "RL", "LAT", "LATERAL")

RULES: tuple[Rule, ...] = (
    Rule(
        name="pet_ct",
        label="PET-CT",
        label_en="PET-CT",
        modalities=("CT", "PT"),
        body_parts=(),
        grid=Grid(2, 1),
        places=(
            Place(("CT",), planes=("axial",), preset="chest"),
            Place(("PT",), planes=("axial",), inverted=True),
        ),
        linked=True,
    ),
    Rule(
        name="ct_chest",
        label="胸部 CT",
        label_en="Chest CT",
        modalities=("CT",),
        body_parts=("chest",),
        grid=Grid(2, 1),
        places=(
            Place(("CT",), planes=("axial",), kinds=("lung",), preset="lung"),
            Place(
                ("CT",), planes=("axial",), kinds=("mediast",), without=("lung",),
                preset="chest", again=True,
            ),
        ),
        linked=True,
    ),
    Rule(
        name="mr_brain",
        label="头颅 MR",
        label_en="Brain MR",
        modalities=("MR",),
        body_parts=("head",),
        grid=Grid(2, 2),
        places=(
            Place(("MR",), planes=("axial",), kinds=("t2",), without=("flair",)),
            Place(("MR",), planes=("axial",), kinds=("flair",)),
            Place(("MR",), planes=("axial", "sagittal"), kinds=("t1",)),
            Place(("MR",), planes=("axial",), kinds=("dwi",)),
        ),
        linked=True,
    ),
    Rule(
        name="mg",
        label="乳腺 X 线",
        label_en="Mammography",
        modalities=("MG",),
        body_parts=(),
        grid=Grid(2, 2),
        places=tuple(
            Place(("MG",), view=(view,), laterality=side, chest_wall=wall)
            for view in MG_VIEWS
            for side, wall in (("R", "right"), ("L", "left"))
        ),
    ),
    Rule(
        name="dx",
        label="X 线正侧位",
        label_en="Radiographs, front and side",
        modalities=_X_RAY,
        body_parts=(),
        grid=Grid(2, 1),
        places=(Place(_X_RAY, view=_FRONT), Place(_X_RAY, view=_SIDE)),
    ),
)  # fmt: skip


def rule(name: str) -> Rule:
    """Return the rule of this name. Raises KeyError."""
    return {one.name: one for one in RULES}[name]


def own_entries(catalogue: tuple[SeriesEntry, ...]) -> tuple[SeriesEntry, ...]:
    """Return the series of the study that the page was opened with."""
    return tuple(one for one in catalogue if not one.study_id)


@lru_cache(maxsize=4)
def fitting_rule(catalogue: tuple[SeriesEntry, ...]) -> Rule | None:
    """Return the first rule for a study, as far as its list of series tells; None for none."""
    entries = own_entries(catalogue)
    fitting = (
        one
        for one in RULES
        if may_fit(one, entries) and (not one.body_parts or _shows(one, entries))
    )
    return next(fitting, None)


def may_fit(one: Rule, catalogue: tuple[SeriesEntry, ...]) -> bool:
    """Tell whether a study can fill enough places of a rule, by modalities and numbers alone."""
    entries = [entry for entry in own_entries(catalogue) if entry.modality in one.modalities]
    found = {entry.modality for entry in entries}
    if not all(found & set(place.modalities) for place in one.places):
        return False
    by_image = any(place.view for place in one.places)
    several = sum(place.again for place in one.places)
    number = sum(max(entry.frame_count, 1) if by_image else 1 for entry in entries)
    return number + several >= one.fewest


def _shows(one: Rule, entries: tuple[SeriesEntry, ...]) -> bool:
    return any(
        body_part_of(entry.body_part, entry.description) in one.body_parts
        for entry in entries
        if entry.modality in one.modalities
    )
