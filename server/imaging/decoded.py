"""Frames of a prepared series, decoded from its frame pack to stored values (PS3.18 `rendered`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from server.imaging import bundle, codec
from server.imaging.bundle import PayloadKind
from server.model import Series
from viewer_py.dicom import manifest, overlays
from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.dicom.overlays import Planes
from viewer_py.dicom.pack import FrameCodec

if TYPE_CHECKING:
    from server.cloud import ImageCloud


class PictureMissingError(LookupError):
    """There is no such picture: the series is not ready, or has no such frame."""


@dataclass(frozen=True)
class DecodedFrame:
    """A frame, (rows, columns) or (rows, columns, 3), what is said of it, and its overlays."""

    attributes: FrameAttributes
    stored: np.ndarray[Any, np.dtype[Any]]
    planes: Planes


class FrameReader:
    """Reads single frames of a prepared series; manifest and index are read once.

    Raises PictureMissingError when the series is not ready, and StorageError.
    """

    def __init__(self, cloud: ImageCloud, series: Series) -> None:
        if series.prepared_key is None:
            raise PictureMissingError("the pictures of the series are not ready")
        self._vault, self._data_key = cloud.vault, series.study.data_key
        self._folder = series.prepared_key
        self._index = bundle.read_index(self._vault, self._data_key, self._folder)
        self.manifest = manifest.from_json(
            self._vault.read(self._data_key, f"{self._folder}/manifest")
        )

    @cached_property
    def _planes(self) -> dict[int, Planes]:
        if not self.manifest.overlay_bytes:
            return {}
        return dict(
            overlays.from_bytes(bundle.read_overlays(self._vault, self._data_key, self._folder))
        )

    def frame(self, frame_index: int) -> DecodedFrame:
        """Return a frame. Raises PictureMissingError, StorageError."""
        if not 0 <= frame_index < len(self._index):
            raise PictureMissingError(f"frame {frame_index} does not exist")
        record = self._index[frame_index]
        number, offset, length = (int(value) for value in record["pack"])
        key = bundle.part_key(self._folder, PayloadKind.PACK, number)
        payload = self._vault.read_range(self._data_key, key, offset, length)
        attributes = self.manifest.frames[frame_index]
        stored = codec.decode(FrameCodec(int(record["codec"])), payload, attributes)
        return DecodedFrame(attributes, stored, self._planes.get(frame_index, ()))
