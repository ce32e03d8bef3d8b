"""The attributes by which studies are found and which answers hold: where each is kept."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from server.clock import CHINA
from server.finding.rules import Kind
from server.model import Instance, Series, Study


class Level(enum.IntEnum):
    """The levels of the query models (PS3.4 C.6), from the whole to the part."""

    PATIENT = 0
    STUDY = 1
    SERIES = 2
    IMAGE = 3


@dataclass(frozen=True)
class Entity:
    """One row of what was found: the study, and series and object below the study's level."""

    study: Study
    series: Series | None = None
    instance: Instance | None = None


@dataclass(frozen=True)
class Attribute:
    """An attribute: its level, how it is matched, its value as text, its column if it has one."""

    level: Level
    kind: Kind
    text: Callable[[Entity], str]
    column: InstrumentedAttribute[Any] | None = None


def _of_study(kind: Kind, column: InstrumentedAttribute[str], level: Level) -> Attribute:
    return Attribute(level, kind, lambda one: str(getattr(one.study, column.key)), column)


def _of_series(kind: Kind, column: InstrumentedAttribute[Any]) -> Attribute:
    return Attribute(Level.SERIES, kind, lambda one: _text(one.series, column.key), column)


def _of_instance(kind: Kind, column: InstrumentedAttribute[Any]) -> Attribute:
    return Attribute(Level.IMAGE, kind, lambda one: _text(one.instance, column.key), column)


def _text(row: object, name: str) -> str:
    value = getattr(row, name, None)
    return "" if value is None else str(value)


def _patient_name(one: Entity) -> str:
    return one.study.dicom_patient_name or one.study.patient_name


def _local(one: Entity, form: str) -> str:
    return one.study.study_datetime.astimezone(CHINA).strftime(form)


ATTRIBUTES: dict[str, Attribute] = {
    "PatientID": _of_study(Kind.TEXT, Study.patient_id, Level.PATIENT),
    "PatientName": Attribute(Level.PATIENT, Kind.NAME, _patient_name, Study.dicom_patient_name),
    "PatientBirthDate": Attribute(
        Level.PATIENT, Kind.DATE, lambda one: one.study.patient_birth_date
    ),
    "PatientSex": _of_study(Kind.TEXT, Study.patient_sex, Level.PATIENT),
    "StudyInstanceUID": _of_study(Kind.UID, Study.study_uid, Level.STUDY),
    "StudyDate": Attribute(Level.STUDY, Kind.DATE, lambda one: _local(one, "%Y%m%d")),
    "StudyTime": Attribute(Level.STUDY, Kind.TIME, lambda one: _local(one, "%H%M%S")),
    "AccessionNumber": _of_study(Kind.TEXT, Study.accession_number, Level.STUDY),
    "StudyID": _of_study(Kind.TEXT, Study.dicom_study_id, Level.STUDY),
    "StudyDescription": _of_study(Kind.TEXT, Study.description, Level.STUDY),
    "ReferringPhysicianName": _of_study(Kind.NAME, Study.referring_physician_name, Level.STUDY),
    "PatientAge": _of_study(Kind.TEXT, Study.patient_age, Level.STUDY),
    "ModalitiesInStudy": Attribute(
        Level.STUDY, Kind.TEXT, lambda one: one.study.modality.replace("/", "\\")
    ),
    "SeriesInstanceUID": _of_series(Kind.UID, Series.series_uid),
    "Modality": _of_series(Kind.TEXT, Series.modality),
    "SeriesNumber": _of_series(Kind.NUMBER, Series.series_number),
    "SeriesDescription": _of_series(Kind.TEXT, Series.description),
    "BodyPartExamined": _of_series(Kind.TEXT, Series.body_part),
    "NumberOfSeriesRelatedInstances": Attribute(
        Level.SERIES, Kind.COUNTED, lambda one: _text(one.series, "instance_count")
    ),
    "SOPInstanceUID": _of_instance(Kind.UID, Instance.sop_instance_uid),
    "SOPClassUID": _of_instance(Kind.UID, Instance.sop_class_uid),
    "InstanceNumber": _of_instance(Kind.NUMBER, Instance.instance_number),
    "NumberOfFrames": Attribute(
        Level.IMAGE, Kind.COUNTED, lambda one: _text(one.instance, "frame_count")
    ),
    "AvailableTransferSyntaxUID": Attribute(
        Level.IMAGE, Kind.COUNTED, lambda one: _text(one.instance, "transfer_syntax_uid")
    ),
}
UNIQUE_KEYS = {
    Level.PATIENT: "PatientID",
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.IMAGE: "SOPInstanceUID",
}
