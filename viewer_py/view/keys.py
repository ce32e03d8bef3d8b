"""The keyboard: which key is which command, read from the command table."""

from __future__ import annotations

from viewer_py.view.annotations.store import ANNOTATION_TOOLS
from viewer_py.view.calls import Call
from viewer_py.view.commands import COMMANDS
from viewer_py.view.state import ViewerState

# Names that browsers give to the same key.
_SAME_KEY = {" ": "Space", "=": "+", "_": "-"}


def _bindings() -> dict[str, Call]:
    bindings = {command.key: Call(command.name) for command in COMMANDS if command.key}
    for command in COMMANDS:
        for choice in command.choices:
            if choice.key:
                bindings[choice.key] = Call(command.name, dict(choice.args))
    return bindings


KEYS = _bindings()


def call_for_key(key: str) -> Call | None:
    """Return what pressing `key` (KeyboardEvent.key) means, or None."""
    key = _SAME_KEY.get(key, key)
    return KEYS.get(key) or KEYS.get(key.lower())


def key_call(state: ViewerState, key: str, *, control: bool, shift: bool) -> Call | None:
    """Return what pressing `key` means in a state: to annotations first, if there are any.

    Letters, figures and signs mean nothing while the reader has switched single keys off.
    """
    if len(key) == 1 and key != " " and not control and not state.habits.keys:
        return None
    store = state.annotations
    if store.items or store.draft is not None or store.redo or state.tool in ANNOTATION_TOOLS:
        from viewer_py.view.annotations.keys import call_for

        call = call_for(state, key, control=control, shift=shift)
        if call is not None:
            return call
    return None if control else call_for_key(key)
