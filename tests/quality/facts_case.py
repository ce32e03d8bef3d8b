"""Facts of a sound study, to be spoilt by tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from server.quality.facts import (
    Figure,
    FrameFacts,
    ObjectFacts,
    Registration,
    SeriesFacts,
    StudyFacts,
)

GOOD_FRAME = FrameFacts(minimum=0, maximum=2000, dominating=0.3, distinct=1500, inner_spread=0.4)
GOOD_FIGURES = {
    "noise": 12.0,
    "rise_distance": 3.0,
    "signal_to_noise": 60.0,
    "line_index": 5.0,
    "center_offset": 0.03,
}


def one_object(number: int = 1, **changed: Any) -> ObjectFacts:
    facts: dict[str, Any] = {
        "sop_instance_uid": f"2.25.{number}",
        "series": "1",
        "modality": "CT",
        "instance_number": number,
        "study_uid": "2.25.9",
        "patient": "digest",
        "institution": "第一示范医院",
        "study_date": "20260301",
        "sex": "M",
        "birth_date": date(1980, 5, 1),
        "body_part": "CHEST",
        "words": "胸部平扫",
        "required": 10,
    }
    return ObjectFacts(**(facts | changed))


def one_series(**changed: Any) -> SeriesFacts:
    figures = changed.pop("figures", {})
    measured = tuple(
        Figure("1", name, value, "1") for name, value in (GOOD_FIGURES | figures).items()
    )
    facts: dict[str, Any] = {
        "label": "1",
        "modality": "CT",
        "frames": (GOOD_FRAME,) * 4,
        "figures": measured,
        "positions": ("HFS",),
        "extent_mm": (350.0, 350.0, 300.0),
    }
    return SeriesFacts(**(facts | changed))


def one_study(**changed: Any) -> StudyFacts:
    facts: dict[str, Any] = {
        "modality": "CT",
        "study_date": date(2026, 3, 1),
        "objects": tuple(one_object(number) for number in range(1, 5)),
        "series": (one_series(),),
        "registration": Registration("M", date(1980, 5, 1)),
        "report_words": "胸部CT平扫",
    }
    return StudyFacts(**(facts | changed))
