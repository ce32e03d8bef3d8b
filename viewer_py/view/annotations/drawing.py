"""Drawing an annotation: what a press, a move and a lift of the pointer make of a draft.

Pressed and dragged, a line goes from where the pointer went down to where it is let go; clicked,
from click to click. What needs more points goes on from there (an angle its second side, Cobb's
angle its second line). All places are CSS pixels of the reading area.
"""

from __future__ import annotations

import math
from dataclasses import replace

from viewer_py.measure.annotation import PLANE, Annotation, AnnotationKind, Point3
from viewer_py.measure.annotation_json import MOST_ANNOTATIONS, MOST_POINTS
from viewer_py.view.annotations.editing import on_screen
from viewer_py.view.annotations.fresh import new_id, now
from viewer_py.view.annotations.hits import REACH_OF_FINGER, REACH_OF_MOUSE
from viewer_py.view.annotations.places import Place, place_of
from viewer_py.view.annotations.shaping import ONE_BY_ONE, PLACED, has_size, shaped
from viewer_py.view.annotations.store import AnnotationStore, Draft, changed
from viewer_py.view.command import CommandError
from viewer_py.view.state import ViewerState
from viewer_py.volume.model import Slab

LEAST_SIZE = 3.0  # CSS pixels; less is a slip of the hand
_COURSE_STEP = 3.0  # CSS pixels between two points of a freehand course
_MOST_COURSE = 1000
_WORDS_AWAY = (28.0, -34.0)  # CSS pixels from a place to the words of its mark
DRAFT_ID = "draft"  # of what is being drawn, until it is something
NO_PLACE = "此窗格不能标注 / nothing can be drawn in this pane"


def drawing_place(state: ViewerState) -> Place:
    """Return where to draw: the draft's pane, or the active one. Raises CommandError."""
    draft = state.annotations.draft
    place = place_of(state, state.active_pane if draft is None else draft.pane)
    if place is None:
        raise CommandError(NO_PLACE)
    return place


def pressed(
    state: ViewerState, kind: AnnotationKind, x: float, y: float, *, touch: bool
) -> ViewerState:
    """Take a press of the pointer: begin a draft, or set its next point under the pointer."""
    store = state.annotations
    draft = store.draft if store.draft is not None and store.draft.kind is kind else None
    if draft is not None and (draft.pane != state.active_pane or not _is_there(state, draft)):
        draft = None  # another image came under it, or another pane is drawn on
    state = with_store(state, replace(store, draft=draft, selected=""))
    place = drawing_place(state)
    at = _at(place, x, y)
    if draft is None:
        begun = Draft(kind, place.pane, place.image, place.frame_of_reference_uid, place.normal)
        first = () if kind in ONE_BY_ONE else (at,)
        loose = None if kind is AnnotationKind.FREEHAND else at
        next_draft = replace(begun, placed=first, loose=loose, started=True)
    elif draft.loose is None and kind not in ONE_BY_ONE and kind is not AnnotationKind.FREEHAND:
        next_draft = replace(draft, placed=(*draft.placed, at), loose=at, started=True)
    else:
        next_draft = replace(draft, loose=at, started=False)
    before = None if draft is None else replace(draft, before=None)
    next_draft = replace(next_draft, before=before, pressed=True, touch=touch)
    return _with_draft(state, next_draft)


def _is_there(state: ViewerState, draft: Draft) -> bool:
    place = place_of(state, draft.pane) if draft.pane < len(state.panes) else None
    return (
        place is not None
        and place.image == draft.image
        and place.frame_of_reference_uid == draft.frame_of_reference_uid
        and all(abs(place.depth(point)) <= max(place.half_distance, 1e-6) for point in draft.points)
    )


def followed(state: ViewerState, x: float, y: float) -> ViewerState:
    """Bring the loose point under the pointer; a freehand course goes on to there."""
    draft = state.annotations.draft
    if draft is None or not _is_there(state, draft):
        return state
    place = drawing_place(state)
    at = _at(place, x, y)
    if draft.kind is AnnotationKind.FREEHAND and draft.pressed:
        return _with_draft(state, _on_course(draft, place, at))
    if draft.loose is None and draft.kind is not AnnotationKind.FREEHAND:
        return state
    return _with_draft(state, replace(draft, loose=at))


def _on_course(draft: Draft, place: Place, at: Point3) -> Draft:
    last = place.to_screen(draft.placed[-1])
    near = math.dist(last, place.to_screen(at)) < _COURSE_STEP * place.pixel_ratio
    if near or len(draft.placed) >= _MOST_COURSE:
        return draft
    return replace(draft, placed=(*draft.placed, at), loose=None)


def lifted(state: ViewerState, x: float, y: float, *, dragged: bool) -> ViewerState:
    """Take a lift of the pointer: what was dragged stands; a click that began a line leaves it."""
    draft = state.annotations.draft
    if draft is None or not draft.pressed:
        return state
    if not _is_there(state, draft):
        return cancelled(state)
    place = drawing_place(state)
    draft = replace(draft, pressed=False)
    if draft.kind is AnnotationKind.FREEHAND:
        return _course_lifted(state, place, draft, _at(place, x, y), dragged=dragged)
    at_once = draft.kind in ONE_BY_ONE or draft.kind is AnnotationKind.TEXT
    if draft.started and not dragged and not at_once:
        return _with_draft(state, draft)
    at = _at(place, x, y)
    if draft.kind is AnnotationKind.TEXT and not dragged:
        at = _at(place, x + _WORDS_AWAY[0], y + _WORDS_AWAY[1])
    return _fixed(state, place, replace(draft, placed=(*draft.placed, at), loose=None))


def _fixed(state: ViewerState, place: Place, draft: Draft) -> ViewerState:
    if len(draft.placed) >= PLACED[draft.kind]:
        return _completed(state, place, draft, closed=False)
    if draft.kind is AnnotationKind.ANGLE:
        draft = replace(draft, loose=draft.placed[-1])
    return _with_draft(state, draft)


def _course_lifted(
    state: ViewerState, place: Place, draft: Draft, at: Point3, *, dragged: bool
) -> ViewerState:
    """End a course that was dragged; of one made of clicks only when it comes back to its start."""
    returned = len(draft.placed) > 2 and _is_near_start(place, draft, at)
    if dragged:
        course = draft if returned else _on_course(draft, place, at)
        return _completed(state, place, course, closed=returned)
    if draft.started:
        return _with_draft(state, draft)
    if returned:
        return _completed(state, place, replace(draft, loose=None), closed=True)
    return _with_draft(state, replace(_on_course(draft, place, at), loose=at))


def _is_near_start(place: Place, draft: Draft, at: Point3) -> bool:
    """Tell whether a course comes back to its start, having been farther away from it."""
    reach = (REACH_OF_FINGER if draft.touch else 1.5 * REACH_OF_MOUSE) * place.pixel_ratio
    start = place.to_screen(draft.placed[0])
    farthest = max(math.dist(start, place.to_screen(point)) for point in draft.placed)
    return math.dist(start, place.to_screen(at)) <= reach < farthest / 1.5


def finished(state: ViewerState) -> ViewerState:
    """End what is being drawn with the points it has; what has too few is let go."""
    draft = state.annotations.draft
    if draft is None or not _is_there(state, draft):
        return cancelled(state)
    place = drawing_place(state)
    if draft.kind is AnnotationKind.FREEHAND:
        return _completed(state, place, replace(draft, loose=None), closed=False)
    if len(draft.points) == PLACED[draft.kind]:
        return _completed(state, place, replace(draft, placed=draft.points), closed=False)
    return cancelled(state)


def cancelled(state: ViewerState) -> ViewerState:
    """Let what is being drawn go."""
    return _with_draft(state, None)


def retracted(state: ViewerState) -> ViewerState:
    """Take the last press back: it was the first finger of a pinch."""
    draft = state.annotations.draft
    return state if draft is None or not draft.pressed else _with_draft(state, draft.before)


def _completed(state: ViewerState, place: Place, draft: Draft, *, closed: bool) -> ViewerState:
    drawn = on_screen(place, draft.placed)
    points = shaped(draft.kind, drawn)
    enough = len(points) > 1 or draft.kind is not AnnotationKind.FREEHAND
    if not enough or not has_size(draft.kind, points, LEAST_SIZE * place.pixel_ratio):
        return cancelled(state)
    in_space = draft.placed if points is drawn else tuple(place.to_space(*one) for one in points)
    return with_new(
        cancelled(state),
        Annotation(
            annotation_id=new_id(),
            kind=draft.kind,
            points=in_space,
            image=draft.image,
            frame_of_reference_uid=draft.frame_of_reference_uid,
            normal=draft.normal,
            closed=closed,
            created_at=now(),
            slab=_slab(state, place),
        ),
    )


def draft_annotation(state: ViewerState) -> Annotation | None:
    """Return what is being drawn as if it were let go now; None while it lacks points."""
    draft = state.annotations.draft
    place = None if draft is None else place_of(state, draft.pane)
    if draft is None or place is None or not draft.points or not _is_there(state, draft):
        return None
    course = draft.kind is AnnotationKind.FREEHAND
    if len(draft.points) < (2 if course else PLACED[draft.kind]):
        return None
    placed = on_screen(place, draft.points)
    points = shaped(draft.kind, placed)
    if not has_size(draft.kind, points, LEAST_SIZE * place.pixel_ratio):
        return None
    in_space = draft.points if points is placed else tuple(place.to_space(*one) for one in points)
    return Annotation(
        DRAFT_ID, draft.kind, in_space, draft.image, draft.frame_of_reference_uid, draft.normal,
        slab=_slab(state, place),
    )  # fmt: skip


def _slab(state: ViewerState, place: Place) -> Slab:
    """Return the slab that is drawn on: what is measured is what is seen."""
    slab = state.panes[place.pane].slab
    on_plane = not place.image.sop_instance_uid
    return slab if on_plane and slab.thickness_mm > 0 else PLANE


def with_new(state: ViewerState, annotation: Annotation) -> ViewerState:
    """Return the state with one annotation more, selected; a text asks for its words."""
    refuse_too_many((*state.annotations.items, annotation))
    store = replace(changed(state.annotations, (), (annotation,)), shown=True)
    wordless = annotation.kind is AnnotationKind.TEXT and not annotation.text
    asks = annotation.annotation_id if wordless else ""
    return with_store(state, replace(store, selected=annotation.annotation_id, asks=asks))


def refuse_too_many(items: tuple[Annotation, ...]) -> None:
    """Raise CommandError where these are more than can be kept (annotation_json)."""
    if len(items) > MOST_ANNOTATIONS or sum(len(one.points) for one in items) > MOST_POINTS:
        raise CommandError("标注太多，请先删除一些 / too many marks: delete some first")


def _at(place: Place, x: float, y: float) -> Point3:
    """Return the point under a place, which is brought into the pane."""
    area, ratio = place.area, place.pixel_ratio
    right = min(max(x * ratio, area.x), area.x + area.width)
    down = min(max(y * ratio, area.y), area.y + area.height)
    return place.to_space(right, down)


def _with_draft(state: ViewerState, draft: Draft | None) -> ViewerState:
    return with_store(state, replace(state.annotations, draft=draft))


def with_store(state: ViewerState, store: AnnotationStore) -> ViewerState:
    """Return the state with other annotations."""
    return replace(state, annotations=store)
