"""One annotation as a Measurement Group (PS3.16 TID 1501): its numbers, its place, its words."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from highdicom.sr import (
    CoordinatesForMeasurement,
    CoordinatesForMeasurement3D,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    SourceImageForRegion,
    TextContentItem,
    TrackingIdentifier,
    UIDRefContentItem,
)
from pydicom import Dataset
from pydicom.valuerep import format_number_as_ds

from server import clock
from server.annotations.codes import (
    COMMENT,
    DERIVATIONS,
    KIND,
    PLANE_NORMAL,
    SERIES_UID,
    SLAB,
    kind_code,
    name_code,
    unit_code,
)
from server.annotations.graphics import graphics_of
from server.annotations.numbers import Numbers
from server.annotations.objects import StoredObject
from viewer_py.measure.annotation import Annotation
from viewer_py.measure.model import MeasuredImage, Result

Objects = dict[str, StoredObject]


def tracking_uid(annotation_id: str, series_uid: str) -> str:
    """Return the UID by which an annotation is followed through reports, always the same."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'{series_uid}/{annotation_id}').int}"


def measurement_group(
    annotation: Annotation, objects: Objects, numbers: Numbers
) -> MeasurementsAndQualitativeEvaluations:
    """Return the group of an annotation on one of the objects. Raises StorageError."""
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


def _words(annotation: Annotation, objects: Objects) -> list[Dataset]:
    """Return what else is to be known: words, series, the plane's direction, the slab."""
    context = RelationshipTypeValues.HAS_OBS_CONTEXT
    series_uid = _series_uid(annotation, objects)
    items: list[Dataset] = [UIDRefContentItem(SERIES_UID, series_uid, context)]
    if annotation.in_patient:
        normal = "\\".join(repr(part) for part in annotation.normal)
        items.append(TextContentItem(PLANE_NORMAL, normal, context))
    if annotation.slab.thickness_mm > 0:
        slab = f"{annotation.slab.projection.value}\\{annotation.slab.thickness_mm!r}"
        items.append(TextContentItem(SLAB, slab, context))
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
    annotation: Annotation, objects: Objects, picture: MeasuredImage | None
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


def _frames(annotation: Annotation, source: StoredObject) -> list[int] | None:
    """Return the frame that is referred to; of an object with one frame it goes without saying."""
    return [annotation.image.frame_number] if source.frames > 1 else None


def _moment(iso: str) -> str:
    """Return an instant as DICOM writes it (PS3.5 6.2, DT), in the hospital's time.

    Not in UTC: DCMTK calls the offset +0000 a violation.
    """
    moment = datetime.fromisoformat(iso)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{aware.astimezone(clock.CHINA):%Y%m%d%H%M%S.%f%z}"


def _series_uid(annotation: Annotation, objects: Objects) -> str:
    wanted = annotation.image.series_id
    return next(one.series_uid for one in objects.values() if one.series_id == wanted)
