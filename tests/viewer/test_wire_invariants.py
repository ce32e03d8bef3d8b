"""What travels arrives as it was sent, and in reading order (hypothesis)."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.imaging import codec
from tests.view.samples import make_frame
from tests.viewer.strategies import (
    angles,
    calm,
    frame_attributes,
    oblique,
    words,
)
from viewer_py.dicom.attributes import FrameAttributes
from viewer_py.dicom.manifest import SeriesManifest, StudyHeading, from_json, to_json
from viewer_py.dicom.ordering import reading_order
from viewer_py.dicom.pack import HEAD, FrameCodec, FrameRecord, read_head, wire_dtype


@calm
@given(st.lists(frame_attributes, max_size=4), words, st.integers(-9, 9) | st.none())
def test_a_manifest_is_read_as_it_was_written(
    frames: list[FrameAttributes], text: str, number: int | None
) -> None:
    series = SeriesManifest(
        "s", "1.2", "CT", StudyHeading(patient_name=text), tuple(frames),
        series_number=number, series_description=text, frame_bytes=tuple(range(len(frames))),
    )  # fmt: skip
    assert from_json(to_json(series)) == series


@calm
@given(st.integers(0, 2**32 - 1), st.sampled_from(FrameCodec), st.integers(0, 2**32 - 1))
def test_a_record_of_the_pack_is_read_as_it_was_written(
    index: int, kind: FrameCodec, length: int
) -> None:
    record = FrameRecord(index, kind, length)
    assert read_head(record.to_bytes() + b"more") == record


@calm
@given(st.binary(max_size=30))
def test_what_is_no_record_of_the_pack_is_refused(data: bytes) -> None:
    try:
        record = read_head(data)
    except (ValueError, struct.error):
        assert len(data) < HEAD.size or int.from_bytes(data[4:8], "little") not in set(FrameCodec)
        return
    assert record.to_bytes() == data[: HEAD.size]


FORMS = [(signed, bits, 1) for signed in (False, True) for bits in (1, 7, 8, 12, 16, 20, 32)]


@pytest.mark.parametrize(("signed", "bits", "samples"), [*FORMS, (False, 8, 3)])
def test_pixels_of_the_pack_are_those_that_went_in(signed: bool, bits: int, samples: int) -> None:
    rng = np.random.default_rng(bits)
    low = -(1 << (bits - 1)) if signed else 0
    shape = (13, 9) if samples == 1 else (13, 9, 3)
    values = rng.integers(low, low + (1 << bits), shape, dtype=np.int64)
    frame = make_frame(
        rows=13, columns=9, bits_stored=bits, signed=signed, samples_per_pixel=samples
    )
    stored = values.astype(wire_dtype(frame))
    kind, payload = codec.encode(stored, frame)
    assert (codec.decode(kind, payload, frame) == values).all()


@calm
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=12, unique=True),
    st.tuples(angles, angles, angles),
    st.randoms(use_true_random=False),
)
def test_the_reading_order_does_not_hang_on_the_order_of_arrival(
    places: list[int], turns: tuple[float, float, float], chance: Any
) -> None:
    orientation = oblique(*turns)
    normal = np.cross(orientation[:3], orientation[3:])
    frames = [
        make_frame(
            place,
            instance_number=place,
            image_orientation_patient=orientation,
            image_position_patient=tuple(float(part) for part in normal * place * 2.5),
        )
        for place in places
    ]
    expected = sorted(places)
    for _ in range(3):
        chance.shuffle(frames)
        shown = [frames[index].instance_number for index in reading_order(frames)]
        assert shown == expected
