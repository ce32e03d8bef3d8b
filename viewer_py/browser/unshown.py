"""Tells the page what of the open series cannot be shown, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.dicom.refusals import Unshown, unshown


class UnshownHost(Protocol):
    """What telling needs of the worker around it."""

    def post(self, message: Mapping[str, Any]) -> None: ...


class Unshowing:
    """Tells it once a series, and again when there is more of it."""

    def __init__(self, host: UnshownHost) -> None:
        self._host = host
        self._told: tuple[str, Collection[int]] = "", frozenset()
        self._entries: tuple[Unshown, ...] = ()

    def tell(self, series: SeriesManifest, undecoded: frozenset[int]) -> None:
        """Post `unshown` unless it is what was posted last; `undecoded` are frames from 0."""
        if self._told == (series.series_id, undecoded):
            return
        self._told = series.series_id, undecoded
        self._entries = unshown(series, {index + 1 for index in undecoded})
        message = {"type": "unshown", "series_id": series.series_id, "entries": self.report()}
        self._host.post(message)

    def forget(self) -> None:
        """Take back what was told: access is over."""
        self._told, self._entries = ("", frozenset()), ()

    def report(self) -> list[dict[str, Any]]:
        """Return the entries as plain data: images and reason ("中文 / English"), count."""
        return [asdict(one) for one in self._entries]
