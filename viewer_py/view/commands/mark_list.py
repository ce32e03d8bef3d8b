"""Finding, hiding, keeping measurements and marks (C-13…C-15).

What draws is imported when something is drawn: no picture waits for it.
"""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Command, Kind
from viewer_py.view.commands.mark_arguments import ID, KINDS, found_by, with_store
from viewer_py.view.state import ViewerState


def show(state: ViewerState, _args: Arguments) -> ViewerState:
    """Hide all annotations, or show them again."""
    store = state.annotations
    return with_store(state, replace(store, shown=not store.shown, selected="", draft=None))


def hide(state: ViewerState, args: Arguments) -> ViewerState:
    """Hide one annotation, or show it again."""
    store = state.annotations
    changed = store.hidden ^ {found_by(state, args).annotation_id}
    return with_store(state, replace(store, hidden=changed, shown=True))


def show_list(state: ViewerState, _args: Arguments) -> ViewerState:
    """Open the list of annotations, or close it."""
    return with_store(state, replace(state.annotations, listed=not state.annotations.listed))


def go(state: ViewerState, args: Arguments) -> ViewerState:
    """Go to the image that an annotation lies on, and select it."""
    from viewer_py.view.annotations.going import gone_to

    return gone_to(state, found_by(state, args))


def create(state: ViewerState, args: Arguments) -> ViewerState:
    """Make an annotation of `points`, JSON text: [[column, row], …] of an image, or LPS in mm."""
    from viewer_py.view.annotations.creating import created

    return created(state, args)


def load(state: ViewerState, args: Arguments) -> ViewerState:
    """Take over a `document` of viewer_py.measure.annotation_json, joined with what is here.

    `base` is the document that both sides began with.
    """
    from viewer_py.view.annotations.creating import loaded

    base = args.get("base")
    return loaded(state, str(args["document"]), None if base is None else str(base))


def _nothing_there(state: ViewerState) -> str:
    return "" if state.annotations.items else "还没有标注 / there are no annotations yet"


COMMANDS = (
    Command(
        name="annotation.show", label="显示标注", label_en="Show marks", apply=show,
        kind=Kind.TOGGLE, sheet="mark", icon="eye", current=lambda state: state.annotations.shown,
        unavailable=_nothing_there,
    ),
    Command(
        name="annotation.list", label="标注列表", label_en="List of marks", apply=show_list,
        kind=Kind.TOGGLE, sheet="mark", icon="list-details",
        current=lambda state: state.annotations.listed,
    ),
    Command("annotation.hide", "隐藏标注", "Hide", hide, arguments=(ID,)),
    Command("annotation.go", "转到标注", "Go to mark", go, arguments=(ID,)),
    Command("annotation.create", "新建标注", "Create", create,
            arguments=(
                Argument("kind", str, allowed=KINDS),
                Argument("points", str),
                Argument("coordinates", str, allowed=("image", "patient"), optional=True),
                Argument("series_id", str, optional=True),
                Argument("frame", int, 0, 1_000_000, optional=True),
                Argument("closed", int, 0, 1, optional=True),
                Argument("text", str, optional=True),
            )),
    Command("annotation.load", "载入标注", "Load", load,
            arguments=(Argument("document", str), Argument("base", str, optional=True))),
)  # fmt: skip
