"""A file's way through the product, with a judge at each door.

Ingest, description, decoding, pack and previews, manifest, picture, volume: what an input comes to
is one word; anything but a refusal by name is an error.
"""

from __future__ import annotations

import dataclasses
import json
import math
from io import BytesIO
from itertools import islice
from typing import Any

import numpy as np
from pydicom import dcmread

from server.imaging import codec
from server.imaging.decode import has_frames
from server.imaging.frames import ReadyFrame, ready_frames, source_frames
from server.ingest.limits import IngestLimits
from server.ingest.parse import DirectoryFileError, parse
from server.ingest.rejection import RefusedError
from viewer_py.dicom import manifest
from viewer_py.dicom.manifest import RefusedObject, SeriesManifest, StudyHeading
from viewer_py.dicom.ordering import reading_order
from viewer_py.pixels import pipeline

LIMITS = IngestLimits()
MOST_FRAMES = 40  # of an object with many, enough to judge it by


def judge_file(data: bytes) -> str:
    """Send the bytes of a file all the way; return what became of them."""
    try:
        received = parse(data, LIMITS)
    except RefusedError as refusal:
        assert refusal.message, "a refusal without words"
        return f"refused {refusal.reason.value}"
    except DirectoryFileError:
        return "directory"
    assert received.data == data, "the object was altered"
    ready, refused = _ready(data)
    for one in refused:
        assert one.reason.isidentifier() and one.message, "a refusal without words"
        if MemoryError.__name__ in one.message:
            raise MemoryError(one.reason)  # a refusal that hides an exhausted memory is none
    if ready:
        judge_series(ready)
    return (
        "ready" if not refused else f"{'partly ready' if ready else 'refused'} {refused[0].reason}"
    )


def _ready(data: bytes) -> tuple[list[ReadyFrame], list[RefusedObject]]:
    """Return what server.imaging.prepare makes of an object."""
    try:
        dataset = dcmread(BytesIO(data), force=True)
    except Exception:  # of many kinds: pydicom says so of what is not DICOM
        return [], [RefusedObject("", None, 0, "not_dicom", "not DICOM")]
    if not has_frames(dataset):
        return [], [RefusedObject("", None, 0, "no_pixel_data", "no image")]
    made = list(islice(ready_frames(source_frames(dataset)), MOST_FRAMES))
    return (
        [one for one in made if isinstance(one, ReadyFrame)],
        [one for one in made if isinstance(one, RefusedObject)],
    )


def judge_series(ready: list[ReadyFrame]) -> None:
    """Judge what the preview job and the browser make of the frames of one series."""
    frames = [one.attributes for one in ready]
    order = reading_order(frames)
    assert sorted(order) == list(range(len(frames))), "a frame is lost from the order"
    series = SeriesManifest(
        series_id="s",
        series_uid="1.2",
        modality="CT",
        heading=StudyHeading(patient_name="某^人"),
        frames=tuple(frames[place] for place in order),
        frame_bytes=tuple(len(one.payload) for one in ready),
    )
    text = manifest.to_json(series)
    json.loads(text, parse_constant=_no_constant)
    assert manifest.from_json(text) == series, "the manifest is read otherwise than written"
    for place, one in enumerate(ready):
        judge_picture(one)
        if place == 0:
            judge_reading(series)


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} in the manifest: no browser reads that")


def judge_picture(ready: ReadyFrame) -> None:
    """The pack gives back what was decoded, and its picture has the frame's size."""
    frame = ready.attributes
    stored = codec.decode(ready.codec, ready.payload, frame)
    assert stored.shape[:2] == (frame.rows, frame.columns)
    shown = pipeline.display(stored, frame)
    assert shown.dtype == np.uint8 and shown.shape[:2] == stored.shape[:2]
    assert ready.full.data and ready.fast.data
    numbers = dataclasses.astuple(frame)
    assert all(math.isfinite(one) for one in _numbers(numbers)), "a number that is none"


def _numbers(values: Any) -> Any:
    for value in values:
        if isinstance(value, float):
            yield value
        elif isinstance(value, tuple):
            yield from _numbers(value)


def judge_reading(series: SeriesManifest) -> None:
    """Open the series in the viewer's state, and draw it with the reference renderer."""
    from tests.fuzz.viewer import draw, opened

    draw(opened(series))
