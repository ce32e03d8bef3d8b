"""What the commands of measuring and marking have in common."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.measure.annotation import Annotation, AnnotationKind
from viewer_py.view.annotations.store import AnnotationStore
from viewer_py.view.command import Argument, Arguments, CommandError
from viewer_py.view.state import ViewerState

FAR = 1e5
KINDS = tuple(str(kind) for kind in AnnotationKind)
PLACE = (Argument("x", float, -FAR, FAR), Argument("y", float, -FAR, FAR))
ID = Argument("id", str)
OPTIONAL_ID = Argument("id", str, optional=True)


def with_store(state: ViewerState, store: AnnotationStore) -> ViewerState:
    """Return the state with other annotations."""
    return replace(state, annotations=store)


def found_by(state: ViewerState, args: Arguments) -> Annotation:
    """Return the annotation of `id`, or the selected one. Raises CommandError without one."""
    store = state.annotations
    found = store.find(str(args.get("id") or store.selected))
    if found is None:
        raise CommandError("没有这个标注 / there is no such annotation")
    return found
