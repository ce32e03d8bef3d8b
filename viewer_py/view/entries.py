"""The list of series that can be opened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SeriesEntry:
    """One row of the list of series, known before the series' manifest is read.

    `study_id` is "" for the study that the page was opened with, else names one of
    `view.studies.OtherStudy`.
    """

    series_id: str
    modality: str
    frame_count: int
    series_number: int | None = None
    description: str = ""
    body_part: str = ""
    study_id: str = ""
