"""One frame made ready: its record for the pack, its pictures, its attributes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom import Dataset

from server.imaging import codec, pictures
from server.imaging.attributes import FrameValues, text, value
from server.imaging.decode import PALETTE, DecodeError, frame_count, frame_results
from server.imaging.describe import frame_attributes
from server.imaging.overlays import frame_overlays
from server.imaging.pet import pet_attributes
from server.imaging.supplemental import has_colors, in_color
from viewer_py.dicom.manifest import FrameAttributes, PetAttributes, RefusedObject
from viewer_py.dicom.overlays import Planes
from viewer_py.dicom.pack import FrameCodec
from viewer_py.pixels import pipeline
from viewer_py.pixels.modality import UnsupportedPixelsError

Pixels = np.ndarray[Any, np.dtype[Any]]

# Encoders release the interpreter's lock; two of them keep two cores busy with one study.
THREADS = 2
FRAMES_AHEAD = 4


@dataclass(frozen=True)
class SourceFrame:
    """A decoded frame and what is said of it."""

    attributes: FrameAttributes
    stored: Pixels
    flat: bool
    pet: PetAttributes | None = None
    overlays: Planes = ()
    came: codec.Codestream | None = None
    station_name: str = ""


@dataclass(frozen=True)
class ReadyFrame:
    """A frame as it is kept for delivery."""

    attributes: FrameAttributes
    codec: FrameCodec
    payload: bytes
    full: pictures.Picture
    fast: pictures.Picture
    pet: PetAttributes | None = None
    overlays: Planes = ()
    station_name: str = ""


def source_frames(dataset: Dataset) -> Iterator[SourceFrame | RefusedObject]:
    """Yield the frames of an image object one by one, or why one cannot be shown.

    Never raises for what the object holds: one bad frame, or one bad object, is named and the
    others are shown.
    """
    attributes = frame_attributes(dataset)
    pet = pet_attributes(dataset)
    station = text(dataset, "StationName", dataset)
    flat = (
        value(dataset, "PhotometricInterpretation") == PALETTE or value(dataset, "BitsStored") == 1
    )
    codestreams = codec.codestreams(dataset)
    seen = 0
    try:
        for stored in frame_results(dataset):
            described = next(attributes)
            came = next(codestreams, None)
            seen += 1
            if isinstance(stored, DecodeError):
                yield refused(dataset, stored, seen)
            else:
                planes = frame_overlays(dataset, seen - 1)
                measured = _measured(described, stored)
                source = SourceFrame(measured, stored, flat, pet, planes, came, station)
                yield _painted(source, dataset) if has_colors(dataset, seen - 1) else source
        if seen < (stated := frame_count(dataset)):
            words = f"缺少帧 / {seen} of {stated} frames are there"
            yield refused(dataset, DecodeError("missing_frames", words), seen + 1)
    except DecodeError as error:
        yield refused(dataset, error, 0)


def _painted(source: SourceFrame, dataset: Dataset) -> SourceFrame:
    """Return a frame with its supplemental palette applied; as it is when that cannot be."""
    try:
        painted = in_color(source.stored, source.attributes, dataset)
    except UnsupportedPixelsError as error:
        raise DecodeError("unsupported_pixels", str(error)) from error
    if painted is None:
        return source
    colors, described = painted
    return dataclasses.replace(source, stored=colors, attributes=described, flat=True, came=None)


def refused(dataset: Dataset, error: DecodeError, frame_number: int) -> RefusedObject:
    """Name a frame that cannot be shown; 0: the whole object."""
    values = FrameValues(dataset, 0)
    return RefusedObject(
        values.text("SOPInstanceUID"),
        values.integer("InstanceNumber"),
        frame_number if frame_count(dataset) > 1 else 0,
        error.reason,
        str(error),
    )


def ready_frames(
    sources: Iterable[SourceFrame | RefusedObject],
) -> Iterator[ReadyFrame | RefusedObject]:
    """Yield the frames made ready, in order; a few are in work at a time, never all.

    What is refused passes through, as does a frame that turns out to be undrawable.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        working: list[Future[ReadyFrame | RefusedObject]] = []
        for source in sources:
            if isinstance(source, RefusedObject):
                yield source
                continue
            working.append(pool.submit(_make_ready, source))
            if len(working) >= FRAMES_AHEAD:
                yield working.pop(0).result()
        for future in working:
            yield future.result()


def display(
    stored: Pixels, attributes: FrameAttributes, planes: Planes = ()
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the default picture of a frame, its overlays drawn. Raises DecodeError."""
    try:
        return pipeline.display(stored, attributes, planes=planes)
    except UnsupportedPixelsError as error:
        raise DecodeError("unsupported_pixels", str(error)) from error


def _make_ready(source: SourceFrame) -> ReadyFrame | RefusedObject:
    frame = source.attributes
    try:
        shown = display(source.stored, frame, source.overlays)
    except DecodeError as error:
        return RefusedObject(
            frame.sop_instance_uid,
            frame.instance_number,
            frame.frame_number,
            error.reason,
            str(error),
        )
    frame_codec, payload = codec.encode(source.stored, frame, source.came)
    full = pictures.full_picture(shown, frame, flat=source.flat)
    fast = pictures.fast_picture(shown, frame, full)
    return ReadyFrame(
        attributes=frame,
        codec=frame_codec,
        payload=payload,
        full=full,
        fast=fast,
        pet=source.pet,
        overlays=source.overlays,
        station_name=source.station_name,
    )


def _measured(attributes: FrameAttributes, stored: Pixels) -> FrameAttributes:
    """Fill in what only the pixels tell: their matrix, smallest and largest value."""
    smallest, largest = (0, 255) if stored.ndim == 3 else value_range(stored, attributes)
    return dataclasses.replace(
        attributes,
        rows=stored.shape[0],
        columns=stored.shape[1],
        smallest_value=smallest,
        largest_value=largest,
    )


def value_range(stored: Pixels, attributes: FrameAttributes) -> tuple[float, float]:
    """Return smallest and largest stored value without padding (PS3.3 C.7.5.1.1.2)."""
    padding = attributes.pixel_padding_value
    if padding is not None:
        limit = attributes.pixel_padding_range_limit
        low, high = sorted((padding, padding if limit is None else limit))
        inside = stored[(stored < low) | (stored > high)]
        stored = inside if inside.size else stored
    if stored.dtype.kind == "f":
        return float(stored.min()), float(stored.max())
    return int(stored.min()), int(stored.max())
