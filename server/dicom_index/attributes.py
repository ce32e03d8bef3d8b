"""The attributes of the index: at which level, where they are kept, how they are matched.

The tables are those of PS3.18 10.6.3.3 and PS3.4 C.6.1.1; `docs/dicom-conformance.md` is made of
them.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, case, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from server.model import Instance, Series, Study, StudyArchive, Tier

Column = InstrumentedAttribute[Any] | ColumnElement[Any]
TIMEZONE = "+0800"  # dates and times of the index are those of China


class QueryError(ValueError):
    """A query cannot be understood; the message says why, for people."""


class Level(enum.StrEnum):
    """What a query asks for (PS3.4 C.6.1.1)."""

    STUDY = "STUDY"
    SERIES = "SERIES"
    INSTANCE = "INSTANCE"

    @property
    def and_above(self) -> tuple[Level, ...]:
        """This level and those that it belongs to, the study first."""
        levels = tuple(Level)
        return levels[: levels.index(self) + 1]


class Matching(enum.StrEnum):
    """How the value of a key selects (PS3.4 C.2.2.2)."""

    UID = "UID 列表 / list of UID"
    CODE = "列表、通配符 / list, wildcard"
    TEXT = "通配符 / wildcard"
    NAME = "通配符，不分大小写 / wildcard, case-insensitive"
    DATE = "日期范围 / range of dates"
    TIME = "时间范围 / range of times"
    NUMBER = "单值 / single value"
    NONE = "不匹配，仅返回 / returned only"


@dataclass(frozen=True)
class Attribute:
    """One attribute of the index; `sequence` is the keyword of the sequence it lies in."""

    keyword: str
    level: Level
    matching: Matching
    column: Column | None = None
    sequence: str = ""

    @property
    def path(self) -> str:
        """Return how a query names it: its keyword, below a sequence `Sequence.Keyword`."""
        return f"{self.sequence}.{self.keyword}" if self.sequence else self.keyword


_REQUEST = "RequestAttributesSequence"
_STUDY, _SERIES, _INSTANCE = Level.STUDY, Level.SERIES, Level.INSTANCE
# What came before names were kept as they are written has one for people only.
_NAME = func.coalesce(func.nullif(Study.dicom_patient_name, ""), Study.patient_name, type_=String())
# A study in cold storage has to be brought back first (PS3.3 C.4.23.1.1).
_IS_COLD = (
    select(StudyArchive.study_id)
    .where(StudyArchive.study_id == Study.study_id, StudyArchive.tier == Tier.COLD)
    .correlate(Study)
    .exists()
)
_AVAILABILITY = case((_IS_COLD, "NEARLINE"), else_="ONLINE")
# Without a column: made in `finding`, of several rows or of the instant of the examination.
_ATTRIBUTES = (
    Attribute("StudyDate", _STUDY, Matching.DATE),
    Attribute("StudyTime", _STUDY, Matching.TIME),
    Attribute("AccessionNumber", _STUDY, Matching.TEXT, Study.accession_number),
    Attribute("InstanceAvailability", _STUDY, Matching.NONE, _AVAILABILITY),
    Attribute("ModalitiesInStudy", _STUDY, Matching.CODE),
    Attribute("ReferringPhysicianName", _STUDY, Matching.NAME, Study.referring_physician_name),
    Attribute("TimezoneOffsetFromUTC", _STUDY, Matching.NONE, literal(TIMEZONE)),
    Attribute("StudyDescription", _STUDY, Matching.TEXT, Study.description),
    Attribute("PatientName", _STUDY, Matching.NAME, _NAME),
    Attribute("PatientID", _STUDY, Matching.TEXT, Study.patient_id),
    Attribute("PatientBirthDate", _STUDY, Matching.DATE, Study.patient_birth_date),
    Attribute("PatientSex", _STUDY, Matching.TEXT, Study.patient_sex),
    Attribute("PatientAge", _STUDY, Matching.TEXT, Study.patient_age),
    Attribute("StudyInstanceUID", _STUDY, Matching.UID, Study.study_uid),
    Attribute("StudyID", _STUDY, Matching.TEXT, Study.dicom_study_id),
    Attribute("NumberOfStudyRelatedSeries", _STUDY, Matching.NONE),
    Attribute("NumberOfStudyRelatedInstances", _STUDY, Matching.NONE),
    Attribute("Modality", _SERIES, Matching.CODE, Series.modality),
    Attribute("SeriesDescription", _SERIES, Matching.TEXT, Series.description),
    Attribute("BodyPartExamined", _SERIES, Matching.TEXT, Series.body_part),
    Attribute("SeriesInstanceUID", _SERIES, Matching.UID, Series.series_uid),
    Attribute("SeriesNumber", _SERIES, Matching.NUMBER, Series.series_number),
    Attribute("NumberOfSeriesRelatedInstances", _SERIES, Matching.NONE, Series.instance_count),
    Attribute(
        "PerformedProcedureStepStartDate",
        _SERIES,
        Matching.DATE,
        Series.performed_procedure_step_start_date,
    ),
    Attribute(
        "PerformedProcedureStepStartTime",
        _SERIES,
        Matching.TIME,
        Series.performed_procedure_step_start_time,
    ),
    Attribute(
        "ScheduledProcedureStepID",
        _SERIES,
        Matching.TEXT,
        Series.scheduled_procedure_step_id,
        _REQUEST,
    ),
    Attribute(
        "RequestedProcedureID", _SERIES, Matching.TEXT, Series.requested_procedure_id, _REQUEST
    ),
    Attribute("SOPClassUID", _INSTANCE, Matching.UID, Instance.sop_class_uid),
    Attribute("SOPInstanceUID", _INSTANCE, Matching.UID, Instance.sop_instance_uid),
    Attribute("InstanceNumber", _INSTANCE, Matching.NUMBER, Instance.instance_number),
    Attribute("Rows", _INSTANCE, Matching.NONE, Instance.rows),
    Attribute("Columns", _INSTANCE, Matching.NONE, Instance.columns),
    Attribute("BitsAllocated", _INSTANCE, Matching.NONE, Instance.bits_allocated),
    Attribute("NumberOfFrames", _INSTANCE, Matching.NONE, Instance.frame_count),
    Attribute("AvailableTransferSyntaxUID", _INSTANCE, Matching.NONE, Instance.transfer_syntax_uid),
)


def attributes_of(level: Level) -> Iterator[Attribute]:
    """Yield the attributes of one level, in the order of their tables."""
    return (one for one in _ATTRIBUTES if one.level is level)


def matching_keys(level: Level) -> dict[str, Attribute]:
    """Return the attributes by which a query of this level can select, by their paths."""
    return {
        one.path: one
        for above in level.and_above
        for one in attributes_of(above)
        if one.matching is not Matching.NONE
    }
