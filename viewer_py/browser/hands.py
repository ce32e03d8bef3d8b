"""What the reader's hands do: pointers, wheel and keys of the page become calls of commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from viewer_py.browser.messages import read_events, read_wheel
from viewer_py.view.calls import Call
from viewer_py.view.command import CommandError
from viewer_py.view.gestures import Gesture, Idle
from viewer_py.view.keys import key_call
from viewer_py.view.layout import pane_at
from viewer_py.view.magnifier import lens_calls
from viewer_py.view.pointer import step
from viewer_py.view.state import ViewerState
from viewer_py.view.wheel import turn


class Hands:
    """Keeps the gesture that is under way; `run` carries out a call, which changes `state()`."""

    def __init__(self, run: Callable[[Call], None], state: Callable[[], ViewerState]) -> None:
        self._run, self._state = run, state
        self._gesture: Gesture = Idle()
        self._wheel_owed = 0.0

    def pointer(self, message: Mapping[str, Any]) -> None:
        """Carry out the events of a `pointer` message, all of them, and then say what was refused.

        Raises MessageError, CommandError.
        """
        refused: CommandError | None = None
        for event in read_events(message):
            state = self._state()
            self._gesture, calls = step(self._gesture, event, state)
            try:
                for call in (*calls, *lens_calls(self._gesture, event, state)):
                    self._run(call)
            except CommandError as error:
                refused = refused or error  # what follows counts all the same: it may be the "up"
        if refused is not None:
            raise refused

    def wheel(self, message: Mapping[str, Any]) -> None:
        """Carry out a `wheel` message in the pane under it. Raises MessageError, CommandError."""
        event = read_wheel(message)
        pane = pane_at(self._state(), event.x, event.y)
        if pane != self._state().active_pane:
            self._run(Call("pane.activate", {"pane": pane}))
        self._wheel_owed, calls = turn(self._wheel_owed, event)
        for call in calls:
            self._run(call)

    def key(self, message: Mapping[str, Any]) -> None:
        """Carry out a `key` message. Raises CommandError."""
        key, control = str(message.get("key")), bool(message.get("control"))
        call = key_call(self._state(), key, control=control, shift=bool(message.get("shift")))
        if call is not None:
            self._run(call)
