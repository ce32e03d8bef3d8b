"""Annotations as plain data: for the list on the page, for `state()`, for those who cannot see."""

from __future__ import annotations

from typing import Any

from viewer_py.measure.annotation import Annotation
from viewer_py.measure.model import Measurement, Result
from viewer_py.measure.wording import lines
from viewer_py.scene.facts import Facts
from viewer_py.view.annotations.going import image_number
from viewer_py.view.annotations.places import place_of
from viewer_py.view.layout import shown_panes
from viewer_py.view.state import ViewerState


def report(state: ViewerState, facts: Facts) -> list[dict[str, Any]]:
    """Return every annotation: what it is, its numbers with units, where it is to be seen."""
    places = [place for index in shown_panes(state) if (place := place_of(state, index))]
    rows = []
    for one in state.annotations.items:
        measurement = facts.measurements.get(one.annotation_id, Measurement())
        series = state.series_by_id(one.image.series_id)
        entry = next((e for e in state.catalogue if e.series_id == one.image.series_id), None)
        index = (
            None
            if series is None or not one.image.sop_instance_uid
            else (image_number(series, one))
        )
        rows.append(
            {
                "id": one.annotation_id,
                "kind": str(one.kind),
                "text": one.text,
                "closed": one.closed,
                "selected": one.annotation_id == state.annotations.selected,
                "shown": state.annotations.is_shown(one),
                "series_id": one.image.series_id,
                "series_number": None if entry is None else entry.series_number,
                "image_number": None if index is None else index + 1,
                "reformatted": not one.image.sop_instance_uid,
                "points": [list(point) for point in one.points],
                "in_patient": one.in_patient,
                "results": [_result(result) for result in measurement.results],
                "warnings": [_words(words) for words in measurement.warnings],
                "words": {
                    "zh": list(lines(measurement)),
                    "en": list(lines(measurement, english=True)),
                },
                "panes": [place.pane for place in places if _is_seen(state, one, place.holds(one))],
            }
        )
    return rows


def _is_seen(state: ViewerState, annotation: Annotation, holds: bool) -> bool:
    return holds and state.annotations.is_shown(annotation)


def _result(result: Result) -> dict[str, Any]:
    return {
        "name": result.name,
        "value": result.value,
        "unit": result.unit,
        "calibration": _words(result.calibration),
        "note": _words(result.note),
        "modality": result.modality,
    }


def _words(words: Any) -> str:
    """Return both languages as everything that the worker says: "中文 / English"."""
    return f"{words.chinese} / {words.english}" if words else ""
