"""The volumes that are looked at: made, released, and told of in the scene."""

from __future__ import annotations

from viewer_py.browser.frame_store import FrameStore
from viewer_py.browser.loader import FrameLoader
from viewer_py.browser.volume_facts import SuvFactors, volume_facts
from viewer_py.browser.volume_store import VolumeStore
from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.scene.facts import Facts
from viewer_py.view.state import PaneKind, ViewerState

TOO_LARGE = "这台设备的内存不足，不能重建此序列 / not enough memory to reconstruct this series"


def volume_series(state: ViewerState) -> tuple[str, ...]:
    """Return the series that are looked at as volumes now, the main one first."""
    if state.reformat is None:
        return ()
    fusion = state.reformat.fusion
    over = (fusion.series_id,) if fusion is not None and fusion.series_id else ()
    return (state.reformat.series_id, *over)


def frames_shown(state: ViewerState) -> frozenset[int]:
    """Return the images, of whichever series, that panes show."""
    return frozenset(pane.frame_index for pane in state.panes)


class LookedAt:
    """Keeps the volumes of the state, and no others."""

    def __init__(self, store: FrameStore, volumes: VolumeStore) -> None:
        self._store = store
        self._volumes = volumes
        self._suv = SuvFactors()
        self._members: dict[str, tuple[int, ...]] = {}

    def follow(self, state: ViewerState) -> str:
        """Have the volumes made that `state` looks at; return why one cannot be, else ""."""
        wanted = volume_series(state)
        for series_id in self._volumes.wanted - set(wanted):
            self._volumes.release(series_id)
        for series_id in wanted:
            series, geometry = state.series_by_id(series_id), state.geometry(series_id)
            if series is None or geometry is None:
                continue
            if self._members.get(series_id, geometry.frames) != geometry.frames:
                self._volumes.release(series_id)  # another stack of the series
            self._members[series_id] = geometry.frames
            self._volumes.want(series, geometry.frames)
        for series_id in wanted:
            self._volumes.volume(series_id)
        return TOO_LARGE if any(self._volumes.too_large(one) for one in wanted) else ""

    def is_there(self, series_id: str) -> bool:
        """Tell whether something of a volume can be drawn."""
        return self._volumes.volume(series_id) is not None

    def load_beside(self, loader: FrameLoader, state: ViewerState, opened: str) -> None:
        """Have what other panes show loaded after series `opened`, one series after the other."""
        loader.keep({pane.series_id for pane in state.panes if pane.series_id})
        loader.beside(*self.beside(state, opened))

    def beside(self, state: ViewerState, opened: str) -> tuple[SeriesManifest | None, int | None]:
        """Return the series to load after `opened`: the volume's, the PET's, or another pane's.

        And the image of it that is on the screen, if one is. A pane whose image is not there comes
        before those that only lack others.
        """
        for pane in state.panes:
            series = state.series_by_id(pane.series_id)
            if series is None or series.series_id == opened or pane.kind is not PaneKind.STACK:
                continue
            if self._store.pixels(series.series_id, pane.frame_index) is None:
                return series, pane.frame_index
        series = self._incomplete(state, opened)
        places = (
            pane.frame_index
            for pane in state.panes
            if pane.kind is PaneKind.STACK
            and series is not None
            and pane.series_id == series.series_id
        )
        return series, next(places, None)

    def _incomplete(self, state: ViewerState, opened: str) -> SeriesManifest | None:
        ids = (*volume_series(state), *(pane.series_id for pane in state.panes))
        others = [
            series
            for series_id in ids
            if series_id != opened and (series := state.series_by_id(series_id)) is not None
        ]
        missing = (series for series in others if not self._is_whole(series))
        return next(missing, others[0] if others else None)

    def _is_whole(self, series: SeriesManifest) -> bool:
        frames = self._store.frames(series.series_id)
        return frames is not None and frames.count >= min(len(series.frames), frames.capacity)

    def facts(self, state: ViewerState, detail: float = 1.0, *, resting: bool = False) -> Facts:
        """Return what the scene says of the volumes that are looked at."""
        if state.reformat is None:
            return Facts()
        center, found = state.reformat.cross_hair.center, {}
        for series_id in volume_series(state):
            series = state.series_by_id(series_id)
            if series is not None:
                volume = self._volumes.volume(series_id)
                factors, no_unit = self._suv.of(series)
                found[series_id] = volume_facts(series, volume, center, factors, no_unit)
        return Facts(found, detail, detail, resting)
