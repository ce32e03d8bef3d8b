"""A small CT series and a state that shows it."""

from __future__ import annotations

from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest, StudyHeading
from viewer_py.view.commands import run
from viewer_py.view.state import SeriesEntry, ViewerState


def make_frame(index: int = 0, **attributes: object) -> FrameAttributes:
    values: dict[str, object] = {
        "sop_instance_uid": f"1.2.3.{index}",
        "frame_number": 1,
        "rows": 40,
        "columns": 60,
        "signed": True,
        "window_center": (40.0,),
        "window_width": (400.0,),
        "smallest_value": -1000,
        "largest_value": 1000,
        "image_orientation_patient": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        "image_position_patient": (0.0, 0.0, float(index)),
        "pixel_spacing": (0.5, 0.5),
        "slice_thickness": 2.5,
        "kvp": 120.0,
        "tube_current": 210.0,
        "pitch": 0.984,
    }
    return FrameAttributes(**{**values, **attributes})  # type: ignore[arg-type]


def make_series(
    series_id: str = "a", frames: int = 20, modality: str = "CT", **attributes: object
) -> SeriesManifest:
    heading = StudyHeading(
        patient_name="Zhang^San=张^三",
        patient_id="P1",
        patient_sex="M",
        patient_age="058Y",
        accession_number="ACC7",
        institution_name="示范医院",
        study_datetime="20260309140512",
    )
    return SeriesManifest(
        series_id=series_id,
        series_uid=f"1.2.{series_id}",
        modality=modality,
        heading=heading,
        frames=tuple(make_frame(index, **attributes) for index in range(frames)),
        series_number=3,
        series_description="肺窗",
    )


def entry_of(series: SeriesManifest) -> SeriesEntry:
    return SeriesEntry(series.series_id, series.modality, len(series.frames))


def open_state(*series: SeriesManifest) -> ViewerState:
    state = ViewerState(catalogue=tuple(entry_of(one) for one in series), series=series)
    state = run(state, "canvas.resize", {"width": 300, "height": 200, "pixel_ratio": 2})
    return run(state, "series.open", {"series_id": series[0].series_id})
