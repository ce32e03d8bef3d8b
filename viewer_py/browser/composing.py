"""Scenes of a state: what should be on the screen, as far as it can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from viewer_py.browser.frame_store import FrameStore
from viewer_py.browser.loader import FrameLoader
from viewer_py.browser.looked_at import LookedAt
from viewer_py.browser.marks import Marks
from viewer_py.browser.pace import REST
from viewer_py.browser.screen import Screen
from viewer_py.browser.undrawable import without_undecoded
from viewer_py.scene.compose import compose
from viewer_py.scene.facts import NO_FACTS, Facts
from viewer_py.scene.model import Scene
from viewer_py.view.state import PaneKind, ViewerState


class Composing:
    """Composes scenes of what is there. `drawn` are the facts of the last picture."""

    def __init__(
        self,
        now: Callable[[], float],
        store: FrameStore,
        loader: FrameLoader,
        looked_at: LookedAt,
        marks: Marks,
        screen: Screen,
    ) -> None:
        self._now = now
        self._store = store
        self._loader = loader
        self._looked_at = looked_at
        self._marks = marks
        self._screen = screen
        self._moved_at = -1e9
        self.drawn: Facts = NO_FACTS

    def moved(self) -> None:
        """Say that the reader changes what is shown."""
        self._moved_at = self._now()
        self._screen.moved()

    def facts(self, state: ViewerState) -> Facts:
        """Return what the scene says of the volumes that are looked at, and how finely."""
        resting = self._now() - self._moved_at >= REST
        facts = self._looked_at.facts(state, self._screen.detail(), resting=resting)
        return self._marks.measured(state, facts)

    def in_full(self, state: ViewerState) -> Scene:
        """Return the scene as fine as it can be drawn."""
        facts = self._looked_at.facts(state, 1.0, resting=True)
        return self.scene(state, self._marks.measured(state, facts))

    def scene(self, state: ViewerState, facts: Facts) -> Scene:
        """Return what should be on the screen, without what cannot be."""
        undecoded = {(self._loader.opened, index) for index in self._loader.undecoded}
        return self._screen.drawable(without_undecoded(compose(state, facts), undecoded))

    def is_shown(self, state: ViewerState, facts: Facts) -> bool:
        """Tell whether what is on the screen is what the state says, however finely drawn."""
        as_drawn = replace(
            facts,
            detail=self.drawn.detail,
            rendering_detail=self.drawn.rendering_detail,
            resting=self.drawn.resting,
        )
        return self._screen.shows(self.scene(state, as_drawn))

    def is_there(self, state: ViewerState) -> bool:
        """Tell whether there is something to draw in the active pane, or never will be."""
        pane = state.pane()
        if pane.kind is not PaneKind.STACK:
            return self._looked_at.is_there(pane.series_id or "")
        if pane.series_id == self._loader.opened and pane.frame_index in self._loader.undecoded:
            return True  # nothing is waited for
        return self._store.pixels(pane.series_id or "", pane.frame_index) is not None
