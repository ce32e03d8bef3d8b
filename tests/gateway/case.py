"""A front machine without its centre, and a centre that only a test has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.uid import generate_uid

from server.gateway.centre import CentreUnavailableError, Orders, Outcome, Outgoing
from server.gateway.configuration import GatewaySettings
from tests.ingest.conftest import CT

RULES = {"least_free_megabytes": 1}


@dataclass
class MemoryCentre:
    """Keeps what it is sent; can be away, lose objects, refuse."""

    objects: dict[str, bytes] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    away: bool = False
    loses: int = 0
    rules: dict[str, Any] = field(default_factory=lambda: dict(RULES))
    rules_version: int = 1
    reports: list[Mapping[str, Any]] = field(default_factory=list)
    supplement: tuple[tuple[str, str], ...] = ()

    def store(self, objects: Sequence[Outgoing]) -> Outcome:
        self._answer()
        stored = set()
        for data in (one.data for one in objects):
            uid = str(pydicom.dcmread(BytesIO(data), stop_before_pixels=True).SOPInstanceUID)
            stored.add(uid)
            self.order.append(uid)
            if self.loses:
                self.loses -= 1
                continue
            self.objects[uid] = data
        return Outcome(frozenset(stored))

    def held(self, study_uid: str) -> frozenset[str]:
        self._answer()
        return frozenset(self.objects)

    def report(self, version: str, state: Mapping[str, Any]) -> Orders:
        self._answer()
        self.reports.append(state)
        return Orders(self.rules, self.rules_version, supplement=self.supplement)

    def _answer(self) -> None:
        if self.away:
            raise CentreUnavailableError("unreachable")


def gateway_settings(home: Path) -> GatewaySettings:
    return GatewaySettings(home, "https://centre.example", "client", "secret")


def image(change: Callable[[Dataset], object] = lambda _: None, **attributes: Any) -> bytes:
    """A real CT slice, with a UID of its own."""
    dataset = pydicom.dcmread(CT)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    change(dataset)
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, dataset)
    return buffer.getvalue()


def blank(dataset: Dataset) -> None:
    """Make an image all black."""
    dataset.PixelData = np.zeros((dataset.Rows, dataset.Columns), np.int16).tobytes()


def named(dataset: Dataset, uid: str) -> None:
    """Give an image a certain SOP Instance UID."""
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid


def uid_of(data: bytes) -> str:
    return str(pydicom.dcmread(BytesIO(data), stop_before_pixels=True).SOPInstanceUID)


def study_of(data: bytes) -> str:
    return str(pydicom.dcmread(BytesIO(data), stop_before_pixels=True).StudyInstanceUID)
