"""The overlay planes of what is looked at: asked for once, and not before the first picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from viewer_py.browser.overlay_store import OverlayStore
from viewer_py.view.state import ViewerState


class OverlayHost(Protocol):
    """What this needs of the worker around it."""

    def fetch_overlays(self, series_id: str) -> None: ...


class Overlaying:
    """Asks for overlay planes, and hands them on."""

    def __init__(self, host: OverlayHost, store: OverlayStore) -> None:
        self._host = host
        self._store = store
        self._asked: set[str] = set()

    def ask(self, state: ViewerState) -> None:
        """Have the planes of every series on the screen come."""
        for pane in state.panes:
            series = state.series_by_id(pane.series_id)
            if series is None or not series.overlay_bytes or series.series_id in self._asked:
                continue
            self._asked.add(series.series_id)
            self._host.fetch_overlays(series.series_id)

    def arrived(self, state: ViewerState, series_id: str, data: bytes) -> ViewerState:
        """Return the state that knows which images have planes. Raises OverlayError."""
        frames = self._store.take(series_id, data)
        return replace(
            state, overlay_frames=tuple((dict(state.overlay_frames) | {series_id: frames}).items())
        )
