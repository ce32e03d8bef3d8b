"""Keys that mean something to annotations, before they mean anything else."""

from __future__ import annotations

from viewer_py.view.annotations.places import place_of
from viewer_py.view.annotations.store import ANNOTATION_TOOLS
from viewer_py.view.calls import Call
from viewer_py.view.habits import resting_tool
from viewer_py.view.state import ViewerState

_ARROWS = {
    "ArrowLeft": (-1.0, 0.0),
    "ArrowRight": (1.0, 0.0),
    "ArrowUp": (0.0, -1.0),
    "ArrowDown": (0.0, 1.0),
}
_LONG_STEP = 10.0  # CSS pixels, with Shift


def call_for(state: ViewerState, key: str, *, control: bool, shift: bool) -> Call | None:
    """Return what a key does to annotations in this state, or None.

    Ctrl with Z undoes, with Shift and Z or with Y it does again; Escape lets go, Enter ends, Delete
    deletes, arrows move what is selected on the active pane.
    """
    if control:
        return _with_control(key.lower(), shift=shift)
    store = state.annotations
    if key == "Escape":
        return _let_go(state)
    if key == "Enter" and store.draft is not None:
        return Call("annotation.finish")
    selected = store.find(store.selected)
    if selected is None or store.draft is not None:
        return None
    if key in ("Delete", "Backspace"):
        return Call("annotation.remove")
    place = place_of(state, state.active_pane)
    if key in _ARROWS and place is not None and place.holds(selected):
        step = _LONG_STEP if shift else 1.0
        right, down = _ARROWS[key]
        return Call("annotation.nudge", {"right": right * step, "down": down * step})
    return None


def _with_control(key: str, *, shift: bool) -> Call | None:
    if key == "y" or (key == "z" and shift):
        return Call("annotation.redo")
    return Call("annotation.undo") if key == "z" else None


def _let_go(state: ViewerState) -> Call | None:
    store = state.annotations
    if store.draft is not None or store.held is not None or store.selected:
        return Call("annotation.cancel")
    return (
        Call("tool.choose", {"tool": resting_tool(state.habits)})
        if state.tool in ANNOTATION_TOOLS
        else None
    )
