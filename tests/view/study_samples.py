"""Studies for pairing and hanging: series told apart by what their manifests say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.view.samples import make_frame, make_series
from viewer_py.dicom.manifest import SeriesManifest, Vector6
from viewer_py.view.commands import run
from viewer_py.view.entries import SeriesEntry
from viewer_py.view.state import ViewerState
from viewer_py.view.studies import OtherStudy

AXIAL: Vector6 = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL: Vector6 = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL: Vector6 = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def stack(
    series_id: str,
    modality: str,
    description: str,
    *,
    frames: int = 20,
    orientation: Vector6 = AXIAL,
    body_part: str = "CHEST",
    start: float = 0.0,
    step: float = 5.0,
    reference: str = "1.2.3",
    **attributes: Any,
) -> SeriesManifest:
    """Return a stack whose images lie `step` mm apart along the third axis, from `start` on."""
    facts = {"image_orientation_patient": orientation, **attributes}
    made = replace(
        make_series(series_id, modality=modality),
        series_description=description,
        body_part=body_part,
        frame_of_reference_uid=reference,
    )
    positions = [(0.0, 0.0, start + step * index) for index in range(frames)]
    shown = tuple(
        make_frame(index, **{**facts, "image_position_patient": position})
        for index, position in enumerate(positions)
    )
    return replace(made, frames=shown)


def breast(series_id: str, side: str, view: str, along: str) -> SeriesManifest:
    """Return one mammogram; `along` is the letter to which its columns run."""
    return stack(
        series_id, "MG", f"{side} {view}", frames=1, body_part="BREAST", image_laterality=side,
        view_position=view, patient_orientation=(along, "F"), image_orientation_patient=None,
        image_position_patient=None, rows=60, columns=40,
    )  # fmt: skip


def entry(series: SeriesManifest, study_id: str = "") -> SeriesEntry:
    return SeriesEntry(
        series.series_id, series.modality, len(series.frames), series.series_number,
        series.series_description, series.body_part, study_id,
    )  # fmt: skip


def opened(
    *series: SeriesManifest, read: bool = True, size: tuple[int, int] = (1400, 800)
) -> ViewerState:
    """Return the state of a study on a large screen; `read`: all its manifests are there."""
    state = ViewerState(
        catalogue=tuple(entry(one) for one in series), series=series if read else ()
    )
    state = run(state, "canvas.resize", {"width": size[0], "height": size[1], "pixel_ratio": 1})
    return run(state, "series.open", {"series_id": series[0].series_id})


def other(study_id: str, *series: SeriesManifest, date: str = "2025-03-02") -> OtherStudy:
    return OtherStudy(
        study_id, f"/studies/{study_id}", "示范市第一人民医院", date, f"{date}T09:00:00+08:00",
        "CT", "胸部CT", tuple(entry(one, study_id) for one in series),
    )  # fmt: skip
