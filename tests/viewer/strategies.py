"""What hypothesis draws for the viewer: places, views, frames with all that travels."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.view.samples import make_frame
from viewer_py.dicom.attributes import FrameAttributes, LookupTable, UltrasoundRegion
from viewer_py.view.state import Viewport

calm = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

numbers = st.floats(-1e6, 1e6, allow_nan=False)
lengths = st.floats(0.05, 20.0)
angles = st.floats(0.0, 2 * math.pi)
shares = st.floats(0.0, 1.0)
viewports = st.builds(
    Viewport,
    zoom=st.floats(0.1, 40.0),
    pan_x=st.floats(-500, 500),
    pan_y=st.floats(-500, 500),
    rotation=st.one_of(st.sampled_from((0.0, 90.0, 180.0, 270.0)), st.floats(0, 359.9)),
    flip_horizontal=st.booleans(),
    flip_vertical=st.booleans(),
)


def oblique(a: float, b: float, c: float) -> tuple[float, ...]:
    """Return the two directions of an image turned by three angles, as Image Orientation."""
    rotation = np.eye(3)
    for axis, angle in enumerate((a, b, c)):
        one, other = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(3)
        turn[one, one] = turn[other, other] = math.cos(angle)
        turn[one, other], turn[other, one] = -math.sin(angle), math.sin(angle)
        rotation = rotation @ turn
    return tuple(float(part) for part in (*rotation[:, 0], *rotation[:, 1]))


@st.composite
def placed_frames(draw_one: st.DrawFn) -> FrameAttributes:
    """A frame somewhere in the patient, with pixels that need not be square."""
    return make_frame(
        rows=draw_one(st.integers(1, 600)),
        columns=draw_one(st.integers(1, 600)),
        image_orientation_patient=oblique(*(draw_one(angles) for _ in range(3))),
        image_position_patient=tuple(draw_one(st.floats(-500, 500)) for _ in range(3)),
        pixel_spacing=(draw_one(lengths), draw_one(lengths)),
    )


def apply(matrix: tuple[float, ...], x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


words = st.text(max_size=12)
tables = st.builds(
    LookupTable,
    st.integers(-32768, 65535),
    st.integers(1, 16),
    st.lists(st.integers(0, 65535), min_size=1, max_size=5).map(tuple),
    words,
)
regions = st.builds(UltrasoundRegion, *[st.integers(0, 2000)] * 6, numbers, numbers)
vectors = st.tuples(numbers, numbers, numbers)
frame_attributes = st.builds(
    FrameAttributes,
    sop_instance_uid=words,
    frame_number=st.integers(1, 999),
    rows=st.integers(1, 65535),
    columns=st.integers(1, 65535),
    signed=st.booleans(),
    instance_number=st.none() | st.integers(-(2**31), 2**31),
    rescale_slope=numbers,
    modality_lut=st.none() | tables,
    voi_luts=st.lists(tables, max_size=2).map(tuple),
    window_center=st.lists(numbers, max_size=3).map(tuple),
    window_explanation=st.lists(words, max_size=3).map(tuple),
    pixel_padding_value=st.none() | st.integers(-32768, 65535),
    image_position_patient=st.none() | vectors,
    image_orientation_patient=st.none() | st.tuples(*[numbers] * 6),
    pixel_spacing=st.none() | st.tuples(lengths, lengths),
    ultrasound_regions=st.lists(regions, max_size=2).map(tuple),
    patient_orientation=st.none() | st.tuples(words, words),
    photometric_interpretation=words,
)
