"""Annotations that are not drawn by hand: made by another page or a test, or read back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace

from viewer_py.dicom.geometry import slice_normal
from viewer_py.measure.annotation import (
    POINT_COUNTS,
    Annotation,
    AnnotationKind,
    ImageReference,
    Point3,
)
from viewer_py.measure.annotation_json import AnnotationFormatError, from_json
from viewer_py.view.annotations.drawing import refuse_too_many, with_new
from viewer_py.view.annotations.fresh import new_id, now
from viewer_py.view.annotations.places import frame_of_reference, patient_point
from viewer_py.view.command import Arguments, CommandError
from viewer_py.view.state import PaneKind, ViewerState

_FARTHEST = 1e6


def created(state: ViewerState, args: Arguments) -> ViewerState:
    """Make an annotation on an image: `series_id` and `frame` (from 0), or the active pane's.

    `points` is JSON text: [[column, row], …] in image coordinates, (0, 0) being the outer corner of
    the first pixel; with `coordinates` "patient" [[x, y, z], …] in LPS mm. Raises CommandError.
    """
    pane = state.pane()
    series = state.series_by_id(str(args.get("series_id", pane.series_id)))
    if series is None or (pane.kind is not PaneKind.STACK and "frame" not in args):
        raise CommandError("请先打开该影像 / open that image first")
    index = int(args.get("frame", pane.frame_index))
    if not 0 <= index < len(series.frames):
        raise CommandError("没有这一幅影像 / there is no such image")
    frame = series.frames[index]
    kind = AnnotationKind(str(args["kind"]))
    in_patient = args.get("coordinates") == "patient"
    points = _points(str(args["points"]), kind, 3 if in_patient else 2)
    reference = frame_of_reference(series, frame)
    if in_patient and not reference:
        raise CommandError("影像没有空间位置信息 / the image does not say where it lies")
    if reference and not in_patient:
        points = tuple(patient_point(frame, x, y) for x, y, _ in points)
    return with_new(
        state,
        Annotation(
            annotation_id=new_id(),
            kind=kind,
            points=points,
            image=ImageReference(series.series_id, frame.sop_instance_uid, frame.frame_number),
            frame_of_reference_uid=reference,
            normal=(slice_normal(frame) if reference else None) or (0.0, 0.0, 1.0),
            text=str(args.get("text", "")),
            closed=bool(args.get("closed", 0)),
            created_at=now(),
        ),
    )


def _points(text: str, kind: AnnotationKind, size: int) -> tuple[Point3, ...]:
    wrong = CommandError("points 不是坐标列表 / points must be a JSON list of coordinates")
    try:
        rows = json.loads(text)
        points = tuple(tuple(float(value) for value in row) for row in rows)
    except (ValueError, TypeError) as error:
        raise wrong from error
    if any(len(point) != size for point in points):
        raise wrong
    if not all(math.isfinite(one) and abs(one) < _FARTHEST for point in points for one in point):
        raise wrong
    fewest, most = POINT_COUNTS[kind]
    if not fewest <= len(points) <= most:
        raise CommandError(f"{kind} 的点数不对 / {kind} takes {fewest} to {most} points")
    return tuple((point[0], point[1], point[2] if size == 3 else 0.0) for point in points)


def loaded(state: ViewerState, document: str, base: str | None = None) -> ViewerState:
    """Take over the annotations of a document. Raises CommandError for one that is none.

    With `base`, the document that this page last saved or loaded, what another device did since is
    joined with what was done here: `joined`.
    """
    try:
        theirs = from_json(document)
        known = () if base is None else from_json(base)
    except AnnotationFormatError as error:
        raise CommandError(str(error)) from error
    items = joined(state.annotations.items, theirs, known, new_id)
    refuse_too_many(items)
    return replace(state, annotations=replace(state.annotations, items=items))


def joined(
    ours: tuple[Annotation, ...],
    theirs: tuple[Annotation, ...],
    base: tuple[Annotation, ...],
    fresh: Callable[[], str],
) -> tuple[Annotation, ...]:
    """Join what two devices made of the same `base`: nothing that either drew is lost.

    What only one of them changed is as that one left it; what both changed differently stays
    twice, theirs under an id of its own. What one deleted and the other left alone is gone.
    """
    mine = {one.annotation_id: one for one in ours}
    other = {one.annotation_id: one for one in theirs}
    before = {one.annotation_id: one for one in base}
    result: list[Annotation] = []
    for name, one in mine.items():
        there, was = other.get(name), before.get(name)
        if there is None:
            result += [one] if one != was else []  # they deleted what was left alone here
        elif one == was:
            result.append(there)
        else:
            result.append(one)
            if there not in (one, was):
                result.append(replace(there, annotation_id=fresh()))
    for name, there in other.items():
        deleted_here = there == before.get(name)
        if name not in mine and not deleted_here:
            result.append(there)
    return tuple(result)
