"""Annotations as JSON: what is saved, exported and taken in again, without loss.

    {"version": 1, "annotations": [{"id": …, "kind": …, "points": [[x, y, z], …], "image":
    {"series_id": …, "sop_instance_uid": …, "frame_number": …}, "frame_of_reference_uid": …,
    "normal": [x, y, z], "text": …, "closed": …, "created_at": …,
    "slab": {"projection": …, "thickness_mm": …}}, …]}

The fields mean what `viewer_py.measure.annotation` says; all but `id`, `kind`, `points` and
`image.series_id` may be left out. Numbers keep every digit. What is not known here (a version, a
kind, a field) is refused as a whole, in words: nothing is read halfway.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from viewer_py.measure.annotation import (
    PLANE,
    POINT_COUNTS,
    Annotation,
    AnnotationKind,
    ImageReference,
    Point3,
)
from viewer_py.measure.model import Words
from viewer_py.volume.model import Projection, Slab

VERSION = 1
MOST_ANNOTATIONS = 500
MOST_POINTS = 20_000  # of all annotations together
MOST_TEXT = 1000
MOST_BYTES = 1_000_000
LARGEST_COORDINATE = 1e6  # mm or pixels
THICKEST_SLAB = 1000.0  # mm
UNIT_TOLERANCE = 1e-3
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")
_MOST_UID = 64
# A line break and a tab are text; other control characters are not.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_FIELDS = frozenset(
    {
        "id",
        "kind",
        "points",
        "image",
        "frame_of_reference_uid",
        "normal",
        "text",
        "closed",
        "created_at",
        "slab",
    }
)
_SLAB_FIELDS = frozenset({"projection", "thickness_mm"})
_IMAGE_FIELDS = frozenset({"series_id", "sop_instance_uid", "frame_number"})


class AnnotationFormatError(ValueError):
    """These are no annotations that are known here; `words` say what is wrong, in which one."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(f"{chinese} / {english}")
        self.words = Words(chinese, english)


def to_json(annotations: Iterable[Annotation]) -> str:
    """Write annotations as one compact document."""
    document = {"version": VERSION, "annotations": [_written(one) for one in annotations]}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def from_json(text: str | bytes) -> tuple[Annotation, ...]:
    """Read what `to_json` wrote, checked to the last number. Raises AnnotationFormatError."""
    if len(text) > MOST_BYTES:
        raise AnnotationFormatError("标注数据过大", "the annotations are too large")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnnotationFormatError("不是 JSON 数据", "this is no JSON") from error
    return from_document(document)


def from_document(document: Any) -> tuple[Annotation, ...]:
    """Read a document that was parsed already. Raises AnnotationFormatError."""
    if not isinstance(document, dict) or document.keys() != {"version", "annotations"}:
        raise AnnotationFormatError("不是标注文件", "this is no document of annotations")
    if type(document["version"]) is not int or document["version"] != VERSION:
        raise AnnotationFormatError("标注文件的版本不认识", "the document is of another version")
    rows = document["annotations"]
    if not isinstance(rows, list) or len(rows) > MOST_ANNOTATIONS:
        raise AnnotationFormatError(
            f"标注多于 {MOST_ANNOTATIONS} 个", f"more than {MOST_ANNOTATIONS} annotations"
        )
    read = tuple(_read(number, row) for number, row in enumerate(rows, 1))
    if len({one.annotation_id for one in read}) < len(read):
        raise AnnotationFormatError("两个标注的编号相同", "two annotations have the same id")
    if sum(len(one.points) for one in read) > MOST_POINTS:
        raise AnnotationFormatError("标注的点过多", "the annotations have too many points")
    return read


def _written(one: Annotation) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": one.annotation_id,
        "kind": one.kind.value,
        "points": [list(point) for point in one.points],
        "image": {
            "series_id": one.image.series_id,
            "sop_instance_uid": one.image.sop_instance_uid,
            "frame_number": one.image.frame_number,
        },
        "frame_of_reference_uid": one.frame_of_reference_uid,
        "normal": list(one.normal),
        "text": one.text,
        "closed": one.closed,
        "created_at": one.created_at,
    }
    if one.slab != PLANE:
        fields["slab"] = {
            "projection": one.slab.projection.value,
            "thickness_mm": one.slab.thickness_mm,
        }
    return fields


def _read(number: int, row: Any) -> Annotation:
    """Return one annotation; `number` counts from 1 and stands in the words of an error."""

    def fault(chinese: str, english: str) -> AnnotationFormatError:
        return AnnotationFormatError(f"第 {number} 个标注：{chinese}", f"no. {number}: {english}")

    if not isinstance(row, dict) or not row.keys() <= _FIELDS:
        raise fault("含有不认识的内容", "has something that is not known")
    if not _matches(_ID, row.get("id")):
        raise fault("编号不对", "the id is not right")
    kind = row.get("kind")
    if not isinstance(kind, str) or kind not in set(AnnotationKind):
        raise fault("种类不认识", "its kind is not known")
    points = _points(row.get("points"))
    fewest, most = POINT_COUNTS[AnnotationKind(kind)]
    if points is None or not fewest <= len(points) <= most:
        raise fault("点的数目或坐标不对", "the points are not right")
    image = _image(row.get("image"))
    if image is None:
        raise fault("所属图像不对", "the image is not right")
    reference, closed = row.get("frame_of_reference_uid", ""), row.get("closed", False)
    if not _is_uid(reference):
        raise fault("坐标系不对", "the frame of reference is not right")
    normal = _points([row.get("normal", [0.0, 0.0, 1.0])])
    if normal is None or (reference and abs(math.hypot(*normal[0]) - 1.0) > UNIT_TOLERANCE):
        raise fault("平面方向不对", "the normal is not right")
    if not reference and not image.sop_instance_uid:
        raise fault("既无坐标系也无图像", "neither frame of reference nor image")
    slab = _slab(row["slab"]) if "slab" in row else PLANE
    if slab is None or (slab != PLANE and (not reference or image.sop_instance_uid)):
        raise fault("投影层厚不对", "the slab is not right")
    text, created_at = row.get("text", ""), row.get("created_at", "")
    if not isinstance(text, str) or len(text) > MOST_TEXT or _CONTROL.search(text):
        raise fault(f"文字超过 {MOST_TEXT} 字或含控制字符", "the text is too long or no text")
    if not isinstance(closed, bool) or not _is_moment(created_at):
        raise fault("时间或类型不对", "the time or a flag is not right")
    return Annotation(
        row["id"], AnnotationKind(kind), points, image, reference, normal[0], text, closed,
        created_at, slab,
    )  # fmt: skip


def _points(raw: Any) -> tuple[Point3, ...] | None:
    if not isinstance(raw, list):
        return None
    points = []
    for point in raw:
        if not isinstance(point, list) or len(point) != 3 or not all(map(_is_coordinate, point)):
            return None
        points.append((float(point[0]), float(point[1]), float(point[2])))
    return tuple(points)


def _image(raw: Any) -> ImageReference | None:
    if not isinstance(raw, dict) or not raw.keys() <= _IMAGE_FIELDS:
        return None
    sop_instance_uid, frame_number = raw.get("sop_instance_uid", ""), raw.get("frame_number", 1)
    known = _matches(_ID, raw.get("series_id")) and _is_uid(sop_instance_uid)
    if not known or type(frame_number) is not int or not 1 <= frame_number < 1 << 31:
        return None
    return ImageReference(raw["series_id"], sop_instance_uid, frame_number)


def _slab(raw: Any) -> Slab | None:
    if not isinstance(raw, dict) or raw.keys() != _SLAB_FIELDS:
        return None
    projection, thickness = raw["projection"], raw["thickness_mm"]
    if not isinstance(projection, str) or projection not in set(Projection):
        return None
    if not _is_coordinate(thickness) or not 0 < thickness <= THICKEST_SLAB:
        return None
    return Slab(float(thickness), Projection(projection))


def _matches(pattern: re.Pattern[str], raw: Any) -> bool:
    return isinstance(raw, str) and pattern.fullmatch(raw) is not None


def _is_uid(raw: Any) -> bool:
    """Tell whether this is a UID or nothing at all (PS3.5 9.1)."""
    return raw == "" or (_matches(_UID, raw) and len(raw) <= _MOST_UID)


def _is_coordinate(raw: Any) -> bool:
    return type(raw) in (int, float) and math.isfinite(raw) and abs(raw) <= LARGEST_COORDINATE


def _is_moment(raw: Any) -> bool:
    if not isinstance(raw, str) or len(raw) > 40:
        return False
    try:
        return not raw or 1900 <= datetime.fromisoformat(raw).year <= 2200
    except ValueError:
        return False
