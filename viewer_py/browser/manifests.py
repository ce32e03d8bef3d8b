"""The manifests of the series that are looked at: asked for once, checked when they come."""

from __future__ import annotations

from typing import Protocol

from viewer_py.browser.notices import Notice, access_ended
from viewer_py.dicom.manifest import ManifestError, SeriesManifest, from_json
from viewer_py.view.state import ViewerState

_PAUSE = 2.0  # seconds until a server that did not answer is asked again


class ManifestHost(Protocol):
    """What this needs of the worker around it."""

    def fetch_manifest(self, series_id: str) -> None: ...
    def call_later(self, seconds: float) -> None: ...


class Manifests:
    """Asks for manifests, and reads them."""

    def __init__(self, host: ManifestHost) -> None:
        self._host = host
        self._asked: set[str] = set()

    def ask(self, state: ViewerState, series_id: str | None) -> None:
        """Have the manifest of a series come, unless it is here or on its way."""
        if series_id is None or state.series_by_id(series_id) is not None:
            return
        if series_id not in self._asked:
            self._asked.add(series_id)
            self._host.fetch_manifest(series_id)

    def arrived(self, series_id: str, status: int, text: str) -> SeriesManifest | Notice:
        """Return the manifest (status 200), or why there is none (0: no network).

        Where the server did not answer, it is to be asked once more after `call_later`.
        """
        self._asked.discard(series_id)
        if access_ended(status):
            return Notice.ENDED
        if status == 0 or status >= 500:
            self._host.call_later(_PAUSE)
            return Notice.RETRYING
        if status != 200:
            return Notice.MISSING
        try:
            series = from_json(text)
        except (ManifestError, ValueError, KeyError):
            return Notice.UNREADABLE
        return series if series.frames and series.series_id == series_id else Notice.UNREADABLE
