"""A DICOM Measurement Report becomes annotations: our own without loss, others' as far as known.

Any Structured Report of this study is read whose Measurement Groups (TID 1410, 1411, 1501) have
coordinates. What lies on images that the study does not have is refused; a group that holds nothing
which can be drawn is left out, and that is said.
"""

from __future__ import annotations

import io
import re
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.sr.coding import Code
from pydicom.valuerep import DT
from sqlalchemy.orm import Session

from server.annotations.codes import (
    COMMENT,
    KIND,
    MEASUREMENT_GROUP,
    PLANE_NORMAL,
    SERIES_UID,
    SLAB,
    TRACKING_IDENTIFIER,
    TRACKING_UID,
    kind_of,
)
from server.annotations.errors import AnnotationsRefused
from server.annotations.graphics import Graphic, likely_kind, points_of
from server.annotations.keeping import instances
from server.annotations.numbers import Numbers
from server.ingest.limits import IngestLimits
from server.ingest.parse import check_whole
from server.ingest.rejection import RefusedError
from server.model import Study
from viewer_py.dicom.geometry import cross, unit
from viewer_py.measure.annotation import PLANE, Annotation, ImageReference, Point3
from viewer_py.measure.annotation_json import from_json, to_json
from viewer_py.measure.model import Words
from viewer_py.volume.model import Projection, Slab

if TYPE_CHECKING:
    from server.cloud import ImageCloud

STRUCTURED_REPORTS = "1.2.840.10008.5.1.4.1.1.88."
LIMITS = IngestLimits(inflated_bytes=32 << 20, elements=500_000)
MOST_ELEMENTS = 500_000
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
UP: Point3 = (0.0, 0.0, 1.0)


@dataclass(frozen=True)
class _Study:
    """What an annotation may refer to."""

    series: dict[str, str]  # Series Instance UID → series_id
    objects: dict[str, tuple[str, str]]  # SOP Instance UID → series_id, SOP Class UID
    frames_of_reference: dict[str, str]  # → series_id


def read_report(
    cloud: ImageCloud, session: Session, study: Study, data: bytes
) -> tuple[tuple[Annotation, ...], tuple[Words, ...]]:
    """Return the annotations of a report of this study, and what was left out of it.

    Raises AnnotationsRefused for what is no report, one of another study, and one without anything
    that can be drawn; AnnotationFormatError where it holds more than is kept.
    """
    report = _opened(data)
    if report.get("StudyInstanceUID") != study.study_uid:
        raise AnnotationsRefused("此报告属于另一次检查", "the report is one of another study")
    known = _known(cloud, session, study)
    read: list[Annotation] = []
    left_out: list[Words] = []
    for number, group in enumerate(_groups(report), 1):
        for one in _read(group, known):
            if isinstance(one, Annotation):
                read.append(one)
                continue
            chinese, english = f"第 {number} 组：{one.chinese}", f"group {number}: {one.english}"
            left_out.append(Words(chinese, english))
    if not read:
        raise AnnotationsRefused("报告中没有可用的标注", "the report has nothing that can be drawn")
    # What is taken in is held to the same limits as what is saved.
    return from_json(to_json(_distinct(read))), tuple(left_out)


def _opened(data: bytes) -> Dataset:
    refused = AnnotationsRefused("不是 DICOM 结构化报告", "this is no DICOM Structured Report")
    try:
        check_whole(data, LIMITS)
    except RefusedError as error:
        raise refused from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report = dcmread(io.BytesIO(data))
            sop_class = str(report.get("SOPClassUID", ""))
            count = sum(1 for _ in report.iterall())  # so every value is converted now
    except Exception as error:  # whatever a damaged file makes pydicom raise
        raise refused from error
    if not sop_class.startswith(STRUCTURED_REPORTS) or count > MOST_ELEMENTS:
        raise refused
    return report


def _known(cloud: ImageCloud, session: Session, study: Study) -> _Study:
    numbers = Numbers(cloud, session, study)
    frames: dict[str, str] = {}
    for one in study.series:
        described = numbers.manifest(one.series_id)
        if described is not None and described.frame_of_reference_uid:
            frames.setdefault(described.frame_of_reference_uid, one.series_id)
    series = {one.series_uid: one.series_id for one in study.series}
    return _Study(series, instances(session, study), frames)


def _groups(report: Dataset) -> Iterator[Dataset]:
    for item in _items(report):
        if item.get("ValueType") == "CONTAINER" and _is(item, MEASUREMENT_GROUP):
            yield item


def _items(item: Dataset) -> Iterator[Dataset]:
    """Yield the content items below one, in their order; `LIMITS` bound how deep they go."""
    for child in item.get("ContentSequence") or ():
        yield child
        yield from _items(child)


def _read(group: Dataset, known: _Study) -> list[Annotation | Words]:
    try:
        return _annotations(group, known)
    except Exception:  # what an item lacks or holds may be missed in many ways
        return [Words("内容残缺", "its content is damaged")]


def _annotations(group: Dataset, known: _Study) -> list[Annotation | Words]:
    """Return what a group draws: our own one annotation, others' one a place that differs."""
    items = list(_items(group))
    places = _places([group, *items])
    if not places:
        return [Words("没有坐标", "it has no coordinates")]
    ours = _code_value(items, KIND) is not None
    return [_annotation(group, items, one, known) for one in (places[:1] if ours else places)]


def _annotation(
    group: Dataset, items: list[Dataset], places: list[Dataset], known: _Study
) -> Annotation | Words:
    flat = places[0].ValueType == "SCOORD"
    graphics = [_graphic(one) for one in places]
    stated = _code_value(items, KIND)
    kind = kind_of(stated) if stated else likely_kind(graphics)
    if kind is None:
        return Words("图形不认识", "its graphics are not known")
    points = points_of(kind[0], graphics)
    if not points:
        return Words("图形不完整", "its graphics are not complete")
    reference = "" if flat else str(places[0].get("ReferencedFrameOfReferenceUID", ""))
    image = _image(items, places[0] if flat else None, reference, known)
    if image is None:
        return Words("不属于此检查的图像", "it is on no image of this study")
    normal = _normal(items, points) if reference else UP
    return Annotation(
        _id(items), kind[0], points, image, reference, normal, _text(group), kind[1],
        _created(group), _slab(items),
    )  # fmt: skip


def _places(bearers: list[Dataset]) -> list[list[Dataset]]:
    """Return the coordinates below each item that has some, those that are the same once only.

    The numbers of other people's reports repeat the place that they are all made from.
    """
    found: dict[tuple[object, ...], list[Dataset]] = {}
    for bearer in bearers:
        children = bearer.get("ContentSequence") or ()
        places = [one for one in children if one.get("ValueType") in ("SCOORD", "SCOORD3D")]
        alike = [one for one in places if one.ValueType == places[0].ValueType]
        key = tuple((one.GraphicType, tuple(one.GraphicData)) for one in alike)
        if alike:
            found.setdefault(key, alike)
    return list(found.values())


def _graphic(item: Dataset) -> Graphic:
    size = 2 if item.ValueType == "SCOORD" else 3
    values = np.array(item.GraphicData, dtype=np.float64).reshape(-1, size)
    if not np.isfinite(values).all():
        raise ValueError("a coordinate is not finite")
    return Graphic(str(item.GraphicType), values)


def _image(
    items: list[Dataset], place: Dataset | None, reference: str, known: _Study
) -> ImageReference | None:
    """Return what an annotation was drawn on: an image that is named, else a series there."""
    sources = _items(place) if place is not None else iter(items)
    for item in sources:
        for source in item.get("ReferencedSOPSequence") or ():
            uid = str(source.get("ReferencedSOPInstanceUID", ""))
            if item.get("ValueType") != "IMAGE" or uid not in known.objects:
                continue
            numbers = source.get("ReferencedFrameNumber", 1)
            frame = int(numbers if isinstance(numbers, (int, str)) else numbers[0])
            return ImageReference(known.objects[uid][0], uid, frame)
    stated = next((str(item.UID) for item in items if _is(item, SERIES_UID)), "")
    series_id = known.series.get(stated) or known.frames_of_reference.get(reference)
    return ImageReference(series_id) if series_id and reference else None


def _normal(items: list[Dataset], points: tuple[Point3, ...]) -> Point3:
    """Return the plane's direction: as stated, else that of three points that are not in line."""
    for item in items:
        if _is(item, PLANE_NORMAL):
            stated = tuple(float(part) for part in str(item.TextValue).split("\\"))
            if not np.isfinite(stated).all():
                raise ValueError("a direction is not finite")
            return _three(stated)
    first = points[0]
    ways = [tuple(a - b for a, b in zip(one, first, strict=True)) for one in points[1:]]
    for one in ways:
        for other in ways:
            found = unit(cross(_three(one), _three(other)))
            if found is not None:
                return found
    return UP


def _slab(items: list[Dataset]) -> Slab:
    """Return the slab that was drawn on, as stated; of others' reports the plane."""
    for item in items:
        if _is(item, SLAB):
            projection, thickness = str(item.TextValue).split("\\")
            return Slab(float(thickness), Projection(projection))
    return PLANE


def _three(parts: tuple[float, ...]) -> Point3:
    x, y, z = parts
    return x, y, z


def _id(items: list[Dataset]) -> str:
    """Return the annotation's own id, else the tracking UID of whoever made the report."""
    identifier = next((str(one.TextValue) for one in items if _is(one, TRACKING_IDENTIFIER)), "")
    uid = next((str(one.UID) for one in items if _is(one, TRACKING_UID)), "")
    ours = _code_value(items, KIND) is not None
    wanted = identifier if ours else uid
    return wanted if _ID.fullmatch(wanted) else uuid.uuid5(uuid.NAMESPACE_OID, identifier + uid).hex


def _distinct(annotations: list[Annotation]) -> list[Annotation]:
    """Return them with ids that differ: other people's reports may use one twice."""
    seen: dict[str, int] = {}
    found = []
    for one in annotations:
        count = seen[one.annotation_id] = seen.get(one.annotation_id, 0) + 1
        name = one.annotation_id if count == 1 else f"{one.annotation_id[:58]}-{count}"
        found.append(replace(one, annotation_id=name))
    return found


def _text(group: Dataset) -> str:
    """Return the words of the mark: the Comment of the group itself, not that of a number."""
    for item in group.get("ContentSequence") or ():
        if item.get("ValueType") == "TEXT" and _is(item, COMMENT):
            return str(item.TextValue).replace("\r\n", "\n").rstrip()
    return ""


def _created(group: Dataset) -> str:
    stated = group.get("ObservationDateTime")
    if not stated:
        return ""
    moment = DT(stated)
    return moment.astimezone(UTC).isoformat() if moment.tzinfo else moment.isoformat()


def _code_value(items: list[Dataset], name: Code) -> str | None:
    for item in items:
        if item.get("ValueType") == "CODE" and _is(item, name):
            return str(item.ConceptCodeSequence[0].CodeValue)
    return None


def _is(item: Dataset, code: Code) -> bool:
    named = item.get("ConceptNameCodeSequence")
    return bool(
        named
        and named[0].get("CodeValue") == code.value
        and named[0].get("CodingSchemeDesignator") == code.scheme_designator
    )
