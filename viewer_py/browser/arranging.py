"""Other studies and hanging rules of a reading: what they wait for is fetched, then carried out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, Protocol

from viewer_py.scene.texts import date_text
from viewer_py.view.command import CommandError
from viewer_py.view.commands import hanging, history
from viewer_py.view.entries import SeriesEntry
from viewer_py.view.state import Hanging, PaneKind, ViewerState
from viewer_py.view.studies import NO_HISTORY, OtherStudy

# CSS pixels of the reading area from which a study is hung when it is opened.
LARGE_WIDTH, LARGE_HEIGHT = 900.0, 500.0
AGAIN_AFTER = 3.0  # seconds


class ArrangingHost(Protocol):
    """What this needs of the session's host."""

    def post(self, message: Mapping[str, Any]) -> None: ...
    def fetch_studies(self) -> None: ...
    def serve_from(self, series_id: str, base: str) -> None: ...
    def call_later(self, seconds: float) -> None: ...


class Arranging:
    """Asks the server for the other studies, once; settles what waits for manifests.

    With `hangs` a study that is opened on a large screen is hung by the rule that fits.
    """

    def __init__(self, host: ArrangingHost, *, hangs: bool = False) -> None:
        self._host = host
        self._hangs = hangs
        self._asked = False
        self._opened = False
        self._told: set[str] = set()

    def follow(
        self, state: ViewerState, ask_for: Callable[[str], None], *, interactive: bool
    ) -> ViewerState:
        """Return the state with all carried out that can be; fetch what the rest waits for."""
        if state.history.wanted and state.history.studies is None and not self._asked:
            self._asked = True
            self._host.fetch_studies()
        self._tell_bases(state)
        if interactive and not self._opened:
            self._opened = True
            state = _hung_at_opening(state) if self._hangs else state
        state = self._settled(state)
        for series_id in (*history.wanted_manifests(state), *hanging.wanted_manifests(state)):
            ask_for(series_id)
        return state

    def waits(self, state: ViewerState) -> bool:
        """Tell whether something waits for the network."""
        listing = state.history.wanted and state.history.studies is None
        return bool(listing or state.history.pairing or state.hanging.wished)

    def arrived(self, state: ViewerState, status: int, text: str) -> ViewerState:
        """Take the list of other studies (status 200); ask again where there was no network."""
        self._asked = False
        if status == 0 or status >= 500:
            self._host.call_later(AGAIN_AFTER)
            return state
        try:
            listed = json.loads(text)["studies"] if status == 200 else []
            studies = tuple(read_study(one) for one in listed)
        except (KeyError, TypeError, ValueError):
            listed, studies = [], ()
        self._host.post({"type": "studies", "studies": listed})
        return replace(state, history=replace(state.history, studies=studies))

    def _tell_bases(self, state: ViewerState) -> None:
        """Tell the host where the data of added series are, before any of them is fetched."""
        for study_id in state.history.added:
            study = state.history.study(study_id)
            if study is None or study_id in self._told:
                continue
            self._told.add(study_id)
            for entry in study.series:
                self._host.serve_from(entry.series_id, study.base)

    def _settled(self, state: ViewerState) -> ViewerState:
        try:
            return hanging.settle(history.settle(state))
        except CommandError as error:
            self._host.post({"type": "refused", "message": str(error)})
            return replace(state, hanging=Hanging())


def _hung_at_opening(state: ViewerState) -> ViewerState:
    """Return the state that a large screen begins with: a rule is wished if one fits."""
    large = state.canvas.width >= LARGE_WIDTH and state.canvas.height >= LARGE_HEIGHT
    if not large or len(state.panes) > 1:
        return state
    try:
        return hanging.apply(state, {"rule": hanging.AUTO})
    except CommandError:
        return state  # the study stays as it was opened


def read_study(raw: Mapping[str, Any]) -> OtherStudy:
    """Read one study of the server's list. Raises KeyError, TypeError, ValueError."""
    study_id = str(raw["study_id"])
    return OtherStudy(
        study_id=study_id,
        base=str(raw["base"]),
        institution=str(raw["institution"]),
        study_date=str(raw["study_date"]),
        study_datetime=str(raw["study_datetime"]),
        modality=str(raw["modality"]),
        description=str(raw["description"]),
        series=tuple(read_entry(one, study_id) for one in raw["series"]),
    )


def read_entry(row: Mapping[str, Any], study_id: str = "") -> SeriesEntry:
    """Read one row of a list of series. Raises KeyError, TypeError, ValueError."""
    return SeriesEntry(
        series_id=str(row["series_id"]),
        modality=str(row["modality"]),
        frame_count=int(row["frame_count"]),
        series_number=row.get("series_number"),
        description=str(row.get("description") or ""),
        body_part=str(row.get("body_part") or ""),
        study_id=study_id,
    )


def forgotten(state: ViewerState) -> ViewerState:
    """Return the state without what was known of other studies: access has ended."""
    own = tuple(entry for entry in state.catalogue if not entry.study_id)
    return replace(state, catalogue=own, history=NO_HISTORY, hanging=Hanging(), shows_tags=False)


# --- what the page shows of it ----------------------------------------------------------------


def pane_study(state: ViewerState, index: int) -> dict[str, str] | None:
    """Return whose images a pane shows, as soon as images of another study are on the screen.

    `kind` is "current", "prior" or, where the other examination was made later, "later".
    """
    if not state.history.added or not any(_other(state, pane.series_id) for pane in state.panes):
        return None
    series_id = state.panes[index].series_id
    other = _other(state, series_id)
    if other is not None:
        opened = _opened_at(state)
        kind = "later" if opened and other.study_datetime > opened else "prior"
        return {"kind": kind, "date": other.study_date, "institution": other.institution}
    series = state.series_by_id(series_id)
    if series is None:
        return None
    heading = series.heading
    return {
        "kind": "current",
        "date": date_text(heading.study_datetime)[:10],
        "institution": heading.institution_name,
    }


def key_badges(state: ViewerState, index: int) -> tuple[str, ...]:
    """Return the badge of a pane that shows a key image."""
    pane = state.panes[index]
    shown = (pane.series_id, pane.frame_index)
    marked = any((one.series_id, one.frame_index) == shown for one in state.key_images)
    return ("★ 关键影像",) if marked and pane.kind is PaneKind.STACK else ()


def _other(state: ViewerState, series_id: str | None) -> OtherStudy | None:
    entry = next((one for one in state.catalogue if one.series_id == series_id), None)
    return None if entry is None or not entry.study_id else state.history.study(entry.study_id)


def _opened_at(state: ViewerState) -> str:
    """Return when the study was made that the page was opened with, "" while it is not known."""
    own = {entry.series_id for entry in state.catalogue if not entry.study_id}
    found = (one.heading.study_datetime for one in state.series if one.series_id in own)
    return next(found, "")


def beside_message(state: ViewerState) -> dict[str, Any]:
    """Return what the page shows of key images, tags, other studies and the hanging rule."""
    return {
        "key_images": [asdict(one) for one in state.key_images],
        "tags": _tagged(state) if state.shows_tags else None,
        "history": {
            "shown": state.history.shown,
            "added": list(state.history.added),
            "pairing": state.history.pairing,
        },
        "hanging": hanging.label_of(state.hanging.rule) if state.hanging.rule else "",
    }


def _tagged(state: ViewerState) -> dict[str, Any]:
    """Return which object's elements are to be shown: that of the active pane."""
    pane, frame = state.pane(), state.active_frame()
    other = _other(state, pane.series_id)
    return {
        "series_id": pane.series_id or "",
        "sop_instance_uid": "" if frame is None else frame.sop_instance_uid,
        "frame_number": 0 if frame is None else frame.frame_number,
        "base": "" if other is None else other.base,
    }
