"""Annotations as a DICOM Measurement Report: TID 1500 in a Comprehensive 3D SR (PS3.16, A.35.13).

Each annotation is a Measurement Group (TID 1501): its Tracking Identifier is the annotation's id,
its numbers are NUM items with UCUM units, its place an SCOORD3D in the frame of reference where it
lies in the patient, else an SCOORD on its image. A code of our own (99YINGYUN) says what was drawn,
so that nothing is lost on the way back; others read lines, polygons and numbers. The words of a
mark are a Comment, as are the words about a length's calibration.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from highdicom.sr import (
    Comprehensive3DSR,
    CoordinatesForMeasurement,
    CoordinatesForMeasurement3D,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    SourceImageForRegion,
    TextContentItem,
    TrackingIdentifier,
    UIDRefContentItem,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import DT, format_number_as_ds
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, people
from server.annotations.codes import (
    COMMENT,
    DERIVATIONS,
    KIND,
    PLANE_NORMAL,
    PROCEDURE,
    SERIES_UID,
    kind_code,
    name_code,
    unit_code,
)
from server.annotations.graphics import graphics_of
from server.annotations.numbers import Numbers
from server.model import Instance, Series, Study
from viewer_py.measure.annotation import Annotation
from viewer_py.measure.model import MeasuredImage, Result

if TYPE_CHECKING:
    from server.cloud import ImageCloud

MANUFACTURER = "Yingyun"
SERIES_NUMBER = 9000
LONGEST_NUMBER = 16  # characters of a DS


@dataclass(frozen=True)
class Reader:
    """Who drew: by role only, and whether he may see who is pictured."""

    role: str
    sees_identity: bool


@dataclass(frozen=True)
class _Object:
    """One stored object of the study, as a report refers to it."""

    uid: str
    sop_class: str
    series_id: str
    series_uid: str
    frames: int


def make_report(
    cloud: ImageCloud,
    session: Session,
    study: Study,
    annotations: Sequence[Annotation],
    reader: Reader,
) -> bytes:
    """Return the annotations of a study as a DICOM file (B-28 … B-30).

    All of them must lie on the study (`server.annotations.check_places`); there is at least one.
    Raises StorageError.
    """
    objects = _objects(session, study)
    numbers = Numbers(cloud, session, study)
    groups = [_group(one, objects, numbers) for one in annotations]
    content = MeasurementReport(
        observation_context=ObservationContext(ObserverContext(
            codes.DCM.Person, PersonObserverIdentifyingAttributes(name=reader.role)
        )),
        procedure_reported=PROCEDURE,
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )  # fmt: skip
    evidence = [_evidence(study, one, reader) for one in _referred(annotations, objects).values()]
    report = Comprehensive3DSR(
        evidence=evidence,
        content=content[0],
        series_instance_uid=generate_uid(prefix=None),
        series_number=SERIES_NUMBER,
        sop_instance_uid=generate_uid(prefix=None),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        series_description="Annotations",
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )
    file = io.BytesIO()
    report.save_as(file, enforce_file_format=True)
    return file.getvalue()


def tracking_uid(annotation_id: str, series_uid: str) -> str:
    """Return the UID by which an annotation is followed through reports, always the same."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'{series_uid}/{annotation_id}').int}"


def _group(
    annotation: Annotation, objects: dict[str, _Object], numbers: Numbers
) -> MeasurementsAndQualitativeEvaluations:
    picture = numbers.picture(annotation)
    place = _place(annotation, objects, picture)
    kind = QualitativeEvaluation(KIND, kind_code(annotation))
    measurements = [
        item
        for result in numbers.measured(annotation).results
        if (item := _number(result)) is not None
    ]
    # The place belongs to the first number; a mark without numbers has it at its kind.
    bearer = measurements[0][0] if measurements else kind[0]
    bearer.ContentSequence = [*bearer.get("ContentSequence", ()), *place]
    source = objects.get(annotation.image.sop_instance_uid)
    source_images = None
    if source is not None:
        frames = _frames(annotation, source)
        source_images = [SourceImageForMeasurementGroup(source.sop_class, source.uid, frames)]
    group = MeasurementsAndQualitativeEvaluations(
        TrackingIdentifier(
            uid=tracking_uid(annotation.annotation_id, _series_uid(annotation, objects)),
            identifier=annotation.annotation_id,
        ),
        measurements=measurements,
        qualitative_evaluations=[kind],
        source_images=source_images,
    )
    container = group[0]
    container.ContentSequence.extend(_words(annotation, objects))
    if annotation.created_at:
        container.ObservationDateTime = _moment(annotation.created_at)
    return group


def _words(annotation: Annotation, objects: dict[str, _Object]) -> list[Dataset]:
    """Return what else is to be known: words, series, the plane's direction."""
    context = RelationshipTypeValues.HAS_OBS_CONTEXT
    series_uid = _series_uid(annotation, objects)
    items: list[Dataset] = [UIDRefContentItem(SERIES_UID, series_uid, context)]
    if annotation.in_patient:
        normal = "\\".join(repr(part) for part in annotation.normal)
        items.append(TextContentItem(PLANE_NORMAL, normal, context))
    if annotation.text.strip():
        items.append(TextContentItem(COMMENT, annotation.text, RelationshipTypeValues.CONTAINS))
    return items


def _number(result: Result) -> Measurement | None:
    """Return a number as TID 300; None for one that is none, or has no name in a report."""
    name = name_code(result.name, result.unit)
    if name is None or result.value is None:
        return None
    item = Measurement(
        name,
        float(format_number_as_ds(float(result.value))),
        unit_code(result.unit),
        derivation=DERIVATIONS.get(result.name),
    )
    item[0].MeasuredValueSequence[0].NumericValue = format_number_as_ds(float(result.value))
    item[0].MeasuredValueSequence[0].FloatingPointValue = float(result.value)
    said = "; ".join(one.english for one in (result.calibration, result.note) if one)
    if said:
        comment = TextContentItem(COMMENT, said, RelationshipTypeValues.HAS_PROPERTIES)
        item[0].ContentSequence = [*item[0].get("ContentSequence", ()), comment]
    return item


def _place(
    annotation: Annotation, objects: dict[str, _Object], picture: MeasuredImage | None
) -> list[Dataset]:
    if annotation.in_patient:
        return [
            CoordinatesForMeasurement3D(
                graphic.kind, graphic.points, annotation.frame_of_reference_uid
            )
            for graphic in graphics_of(annotation)
        ]
    source = objects[annotation.image.sop_instance_uid]
    image = SourceImageForRegion(source.sop_class, source.uid, _frames(annotation, source))
    return [
        CoordinatesForMeasurement(graphic.kind, graphic.points, image)
        for graphic in graphics_of(annotation, _pixel_shape(annotation, picture))
    ]


def _pixel_shape(annotation: Annotation, picture: MeasuredImage | None) -> float:
    if picture is None:
        return 1.0
    spacing = picture.spacing(picture.points(annotation))
    return spacing.between_rows / spacing.between_columns


def _frames(annotation: Annotation, source: _Object) -> list[int] | None:
    """Return the frame that is referred to; of an object with one frame it goes without saying."""
    return [annotation.image.frame_number] if source.frames > 1 else None


def _moment(iso: str) -> DT:
    moment = datetime.fromisoformat(iso)
    utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return DT(utc)


def _objects(session: Session, study: Study) -> dict[str, _Object]:
    rows = session.execute(
        select(Instance, Series.series_uid)
        .join(Series, Series.series_id == Instance.series_id)
        .where(Series.study_id == study.study_id)
        .order_by(Instance.instance_number, Instance.id)
    )
    return {
        one.sop_instance_uid: _Object(
            one.sop_instance_uid, one.sop_class_uid, one.series_id, series_uid, one.frame_count
        )
        for one, series_uid in rows
    }


def _series_uid(annotation: Annotation, objects: dict[str, _Object]) -> str:
    wanted = annotation.image.series_id
    return next(one.series_uid for one in objects.values() if one.series_id == wanted)


def _referred(annotations: Sequence[Annotation], objects: dict[str, _Object]) -> dict[str, _Object]:
    """Return the objects that a report refers to; of a reformation the first of its series."""
    found = {}
    for one in annotations:
        wanted = one.image
        source = objects.get(wanted.sop_instance_uid) or next(
            each for each in objects.values() if each.series_id == wanted.series_id
        )
        found[source.uid] = source
    return found


def _evidence(study: Study, one: _Object, reader: Reader) -> Dataset:
    """Return what highdicom takes from an image: whose it is, of which study, and which.

    Nothing but what the study itself holds; masked for whoever may not know who is pictured.
    """
    moment = study.study_datetime.astimezone(clock.CHINA)
    known = reader.sees_identity
    facts: dict[str, Any] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": one.sop_class,
        "SOPInstanceUID": one.uid,
        "SeriesInstanceUID": one.series_uid,
        "StudyInstanceUID": study.study_uid,
        "StudyDate": moment.strftime("%Y%m%d"),
        "StudyTime": moment.strftime("%H%M%S"),
        "StudyID": "",
        "AccessionNumber": study.accession_number[:16],
        "ReferringPhysicianName": "",
        "PatientName": study.patient_name if known else people.mask_name(study.patient_name),
        "PatientID": study.patient_id if known else people.mask_id_number(study.patient_id),
        "PatientBirthDate": study.patient_birth_date if known else "",
        "PatientSex": study.patient_sex if study.patient_sex in ("M", "F", "O") else "",
    }
    dataset = Dataset()
    for name, value in facts.items():
        setattr(dataset, name, value)
    return dataset
