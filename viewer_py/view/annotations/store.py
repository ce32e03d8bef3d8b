"""What a reader has drawn, what is being drawn, and the way back: immutable data.

A change is remembered by what was there before and after it, not by the whole list, so that marks
which arrive from the server or another device do not get lost by undoing (C-14, C-15).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from viewer_py.measure.annotation import Annotation, AnnotationKind, ImageReference, Point3

MOST_STEPS_BACK = 100
# Tools that draw; they are called like what they draw.
ANNOTATION_TOOLS = frozenset(str(kind) for kind in AnnotationKind)


@dataclass(frozen=True)
class Draft:
    """What is being drawn in pane `pane`: the points that stand, and the one under the pointer.

    `reading` tells whether the place is in the patient (as in `Annotation`). `before` is the draft
    as it was when the pointer went down, for a second finger that takes the press back; `started`
    tells whether this press began a line.
    """

    kind: AnnotationKind
    pane: int
    image: ImageReference
    frame_of_reference_uid: str
    normal: Point3
    placed: tuple[Point3, ...] = ()
    loose: Point3 | None = None
    before: Draft | None = None
    started: bool = False
    pressed: bool = False
    touch: bool = False

    @property
    def points(self) -> tuple[Point3, ...]:
        """Return the points that stand and the one that follows the pointer."""
        return self.placed if self.loose is None else (*self.placed, self.loose)


@dataclass(frozen=True)
class Held:
    """An annotation taken hold of in pane `pane`, as it was; `handle` None is its body."""

    annotation: Annotation
    handle: int | None
    at: tuple[float, float]  # CSS pixels
    pane: int
    touch: bool = False


@dataclass(frozen=True)
class Change:
    """One step of the history: these annotations gave way to those."""

    before: tuple[Annotation, ...]
    after: tuple[Annotation, ...]


@dataclass(frozen=True)
class AnnotationStore:
    """The annotations of a reading; `asks` is the one whose words the reader is asked for.

    `hidden` are those not shown, `shown` False hides all; `listed` opens the list panel; `going` is
    the one to go to as soon as its series is known.
    """

    items: tuple[Annotation, ...] = ()
    selected: str = ""
    draft: Draft | None = None
    held: Held | None = None
    undo: tuple[Change, ...] = ()
    redo: tuple[Change, ...] = ()
    hidden: frozenset[str] = frozenset()
    shown: bool = True
    listed: bool = False
    asks: str = ""
    going: str = ""

    def find(self, annotation_id: str) -> Annotation | None:
        """Return the annotation with this id, or None."""
        return next((one for one in self.items if one.annotation_id == annotation_id), None)

    def is_shown(self, annotation: Annotation) -> bool:
        """Tell whether an annotation is to be seen."""
        return self.shown and annotation.annotation_id not in self.hidden


NO_ANNOTATIONS = AnnotationStore()


def replaced(
    items: tuple[Annotation, ...], before: tuple[Annotation, ...], after: tuple[Annotation, ...]
) -> tuple[Annotation, ...]:
    """Return `items` with `before` taken out and `after` in; what stays keeps its place."""
    new = {one.annotation_id: one for one in after}
    gone = {one.annotation_id for one in before} - new.keys()
    kept = [new.pop(one.annotation_id, one) for one in items if one.annotation_id not in gone]
    return (*kept, *new.values())


def changed(
    store: AnnotationStore, before: tuple[Annotation, ...], after: tuple[Annotation, ...]
) -> AnnotationStore:
    """Return the store after a change, which can be undone."""
    return _settled(
        replace(
            store,
            items=replaced(store.items, before, after),
            undo=(*store.undo, Change(before, after))[-MOST_STEPS_BACK:],
            redo=(),
        )
    )


def undone(store: AnnotationStore) -> AnnotationStore:
    """Take the last change back; as it is when there is none."""
    if not store.undo:
        return store
    last = store.undo[-1]
    items = replaced(store.items, last.after, last.before)
    return _settled(replace(store, items=items, undo=store.undo[:-1], redo=(*store.redo, last)))


def redone(store: AnnotationStore) -> AnnotationStore:
    """Make the last change that was taken back again; as it is when there is none."""
    if not store.redo:
        return store
    last = store.redo[-1]
    items = replaced(store.items, last.before, last.after)
    return _settled(replace(store, items=items, undo=(*store.undo, last), redo=store.redo[:-1]))


def _settled(store: AnnotationStore) -> AnnotationStore:
    """Let go of what is not there any more."""
    ids = {one.annotation_id for one in store.items}
    return replace(
        store,
        selected=store.selected if store.selected in ids else "",
        asks=store.asks if store.asks in ids else "",
        hidden=store.hidden & ids,
        held=None,
    )
