"""What must hold whatever the image, the view and the reader's hand (hypothesis)."""

from __future__ import annotations

import dataclasses
import itertools
import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from server.imaging import codec
from tests.fuzz.viewer import draw, opened
from tests.view.samples import make_frame, make_series, open_state
from viewer_py.dicom.attributes import FrameAttributes, LookupTable, UltrasoundRegion
from viewer_py.dicom.geometry import direction_letters, pixel_to_patient, spacing
from viewer_py.dicom.manifest import SeriesManifest, StudyHeading, from_json, to_json
from viewer_py.dicom.ordering import reading_order
from viewer_py.dicom.pack import HEAD, FrameCodec, FrameRecord, read_head, wire_dtype
from viewer_py.pixels import pipeline, transfer, voi
from viewer_py.render.sampling import inverse
from viewer_py.scene.compose import orientation_marks
from viewer_py.view.command import CommandError
from viewer_py.view.commands import COMMANDS, run
from viewer_py.view.fit import image_matrix
from viewer_py.view.state import ViewerState, Viewport

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


# --- geometry: what the reader does to the view leaves what is measured alone ------------------


def patient_points(state: ViewerState, screen: list[tuple[float, float]]) -> np.ndarray[Any, Any]:
    """Carry device pixels through the view to the image, and on to the patient."""
    frame = state.active_frame()
    assert frame is not None
    to_image = inverse(image_matrix(frame, state.canvas, state.pane().viewport))
    to_patient = pixel_to_patient(frame)
    assert to_image is not None and to_patient is not None
    points = []
    for x, y in screen:
        u, v = apply(to_image, x, y)
        points.append(to_patient @ (u - 0.5, v - 0.5, 0.0, 1.0))
    return np.array(points)[:, :3]


@calm
@given(placed_frames(), viewports, shares, shares, shares, shares)
def test_no_view_changes_where_a_point_lies_or_how_long_a_distance_is(
    frame: FrameAttributes, viewport: Viewport, x1: float, y1: float, x2: float, y2: float
) -> None:
    """Two anatomical points, wherever a view puts them on the screen, stay where they are."""
    series = dataclasses.replace(make_series(frames=1), frames=(frame,))
    state = open_state(series)
    state = state.with_pane(dataclasses.replace(state.pane(), viewport=viewport))
    image = [(x1 * frame.columns, y1 * frame.rows), (x2 * frame.columns, y2 * frame.rows)]
    matrix = image_matrix(frame, state.canvas, viewport)
    seen = patient_points(state, [apply(matrix, *point) for point in image])
    # An independent way: PS3.3 C.7.6.2.1.1, image coordinates at pixel centres.
    between_rows, between_columns = frame.pixel_spacing or (0, 0)
    orientation = np.array(frame.image_orientation_patient)
    said = [
        np.array(frame.image_position_patient)
        + orientation[:3] * between_columns * (u - 0.5)
        + orientation[3:] * between_rows * (v - 0.5)
        for u, v in image
    ]
    size = max(frame.rows, frame.columns) * max(between_rows, between_columns)
    assert np.abs(seen - said).max() <= 1e-6 * (size + 1000)
    wide, high = (x1 - x2) * frame.columns * between_columns, (y1 - y2) * frame.rows * between_rows
    assert np.linalg.norm(seen[0] - seen[1]) == pytest.approx(
        math.hypot(wide, high), rel=1e-6, abs=1e-6 * size
    )


@calm
@given(placed_frames(), viewports)
def test_pixels_keep_their_shape_at_every_zoom_and_turn(
    frame: FrameAttributes, viewport: Viewport
) -> None:
    """A millimetre is as long across as down, at right angles, in every view."""
    a, b, c, d, *_ = image_matrix(frame, open_state(make_series()).canvas, viewport)
    between_rows, between_columns = frame.pixel_spacing or (0, 0)
    across, down = math.hypot(a, b) / between_columns, math.hypot(c, d) / between_rows
    assert across == pytest.approx(down, rel=1e-9)
    assert abs(a * c + b * d) <= 1e-9 * math.hypot(a, b) * math.hypot(c, d)
    mirrored = viewport.flip_horizontal != viewport.flip_vertical
    assert (a * d - b * c < 0) == mirrored


TURNS = [("viewport.rotate", {"degrees": 90.0})] * 4
FLIPS = [
    [("viewport.flip", {"axis": axis})] * 2 for axis in ("horizontal", "vertical")
] + [[("viewport.rotate", {"degrees": 37.0}), ("viewport.rotate", {"degrees": -37.0})]]  # fmt: skip


@pytest.mark.parametrize("calls", [TURNS, *FLIPS, [("image.invert", {})] * 2])
@calm
@given(viewport=viewports)
def test_what_is_done_and_undone_leaves_no_trace(
    calls: list[tuple[str, dict[str, Any]]], viewport: Viewport
) -> None:
    state = open_state(make_series(frames=3))
    state = run(
        state.with_pane(dataclasses.replace(state.pane(), viewport=viewport)),
        "viewport.pan",
        {"x": 0, "y": 0},
    )
    after = state
    for name, args in calls:
        after = run(after, name, args)
    before_view, after_view = state.pane().viewport, after.pane().viewport
    assert math.isclose((after_view.rotation - before_view.rotation + 180) % 360, 180, abs_tol=1e-9)
    assert dataclasses.replace(after.pane(), viewport=Viewport()) == dataclasses.replace(
        state.pane(), viewport=Viewport()
    )
    assert dataclasses.replace(after_view, rotation=0.0) == dataclasses.replace(
        before_view, rotation=0.0
    )


@calm
@given(placed_frames(), viewports)
def test_direction_letters_follow_the_picture(frame: FrameAttributes, viewport: Viewport) -> None:
    """The letter at an edge names where the picture's own anatomy leads at that edge."""
    marks = orientation_marks(frame, viewport)
    matrix = image_matrix(frame, open_state(make_series()).canvas, viewport)
    back = inverse(matrix)
    assert back is not None
    between_rows, between_columns = frame.pixel_spacing or (0, 0)
    for letters, x, y in (
        (marks.right, 1.0, 0.0), (marks.left, -1.0, 0.0),
        (marks.bottom, 0.0, 1.0), (marks.top, 0.0, -1.0),
    ):  # fmt: skip
        u, v = back[0] * x + back[2] * y, back[1] * x + back[3] * y
        across, down = u * between_columns, v * between_rows
        along = np.array(frame.image_orientation_patient)
        direction = along[:3] * across + along[3:] * down
        direction /= np.linalg.norm(direction)
        heaviest = int(np.abs(direction).argmax())
        others = np.delete(np.abs(direction), heaviest)
        assume(abs(direction[heaviest]) - others.max() > 1e-3)
        assert letters[0] == ("LPH" if direction[heaviest] > 0 else "RAF")[heaviest]
        assert letters == direction_letters(frame, across, down) or min(others) < 0.06


# --- greys --------------------------------------------------------------------------------------


def grey(value: float, window: voi.Window) -> float:
    """PS3.3 C.11.2.1.2.1, C.11.2.1.3.1 and C.11.2.1.3.2 word by word, 0…255, not rounded."""
    c, w = window.center, window.width
    if window.function == "SIGMOID":
        exponent = min(-4.0 * (value - c) / w, 700.0)
        return 255.0 / (1.0 + math.exp(exponent))
    if window.function == "LINEAR_EXACT":
        if value <= c - w / 2:
            return 0.0
        return 255.0 if value > c + w / 2 else ((value - c) / w + 0.5) * 255.0
    if value <= c - 0.5 - (w - 1) / 2:
        return 0.0
    if value > c - 0.5 + (w - 1) / 2:
        return 255.0
    return ((value - (c - 0.5)) / (w - 1) + 0.5) * 255.0


windows = st.builds(
    voi.Window,
    center=st.floats(-2000, 4000),
    width=st.floats(1.0, 5000),
    function=st.sampled_from(("LINEAR", "LINEAR_EXACT", "SIGMOID")),
)
rescales = st.tuples(st.floats(0.01, 20), st.floats(-2000, 2000))
stored_values = st.lists(st.integers(-32768, 32767), min_size=2, max_size=40)


def ct(stored: list[int], rescale: tuple[float, float], **attributes: Any) -> tuple[Any, Any]:
    values = np.array([sorted(stored)], dtype=np.int16)
    frame = make_frame(
        rows=1,
        columns=len(stored),
        bits_stored=16,
        rescale_slope=rescale[0],
        rescale_intercept=rescale[1],
        smallest_value=int(values.min()),
        largest_value=int(values.max()),
        **attributes,
    )
    return values, frame


@pytest.mark.requirement("B-25")
@calm
@given(stored_values, rescales, windows)
def test_greys_are_the_standards_formula_and_never_fall(
    stored: list[int], rescale: tuple[float, float], window: voi.Window
) -> None:
    values, frame = ct(stored, rescale)
    greys = pipeline.display(values, frame, window)[0].astype(float)
    assert (np.diff(greys) >= 0).all()
    for value, shown in zip(values[0], greys, strict=True):
        exact = grey(float(value) * rescale[0] + rescale[1], window)
        assert abs(shown - exact) <= 0.5 + 1e-6 or window.width < 1.0 + 1e-6


@calm
@given(st.integers(-1000, 1000), st.integers(1, 2000))
def test_greys_are_exact_at_both_ends_of_the_window(low: int, span: int) -> None:
    window = voi.from_bounds(low, low + span)
    values = np.array([[low - 1, low, low + span, low + span + 1]], dtype=np.int16)
    frame = make_frame(rows=1, columns=4, bits_stored=16)
    assert pipeline.display(values, frame, window).tolist() == [[0, 0, 255, 255]]


@pytest.mark.requirement("B-27")
@calm
@given(
    stored_values,
    rescales,
    windows,
    st.sampled_from(("MONOCHROME1", "MONOCHROME2")),
    st.sampled_from(("", "IDENTITY", "INVERSE")),
    st.one_of(st.none(), st.integers(-32768, 32767)),
)
def test_inverted_is_255_minus_the_picture(
    stored: list[int],
    rescale: tuple[float, float],
    window: voi.Window,
    photometric: str,
    shape: str,
    padding: int | None,
) -> None:
    values, frame = ct(
        stored,
        rescale,
        photometric_interpretation=photometric,
        presentation_lut_shape=shape,
        pixel_padding_value=padding,
    )
    plain = pipeline.display(values, frame, window)
    inverted = pipeline.display(values, frame, window, inverted=True)
    assert (plain.astype(int) + inverted == 255).all()


@calm
@given(stored_values, rescales, st.integers(-32768, 32767), st.integers(-32768, 32767))
def test_padding_influences_nothing(
    stored: list[int], rescale: tuple[float, float], padding: int, other_padding: int
) -> None:
    """The full range, and the greys of all that is not padding, are as if there were none."""
    kept = [value for value in stored if value not in (padding, other_padding)]
    assume(len(kept) >= 2)
    from server.imaging.frames import value_range

    pictures = []
    for pad in (padding, other_padding):
        values, frame = ct(
            kept, rescale, window_center=(), window_width=(), pixel_padding_value=pad
        )
        padded = np.append(values, np.full((1, 3), pad, dtype=np.int16), axis=1)
        low, high = value_range(padded, frame)
        assert (low, high) == (min(kept), max(kept))
        frame = dataclasses.replace(frame, smallest_value=low, largest_value=high)
        picture = pipeline.display(padded, frame)
        assert (picture[0, len(kept) :] == transfer.display_transfer(frame).padding_grey).all()
        pictures.append(picture[0, : len(kept)])
    assert (pictures[0] == pictures[1]).all()


# --- what travels -------------------------------------------------------------------------------

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


# --- what a number is worth ---------------------------------------------------------------------


@calm
@given(frame_attributes, st.sampled_from(("", "GEOMETRY", "FIDUCIAL")), st.none() | lengths)
def test_no_length_in_mm_without_a_spacing_and_no_doubtful_one_without_words(
    frame: FrameAttributes, calibration: str, magnification: float | None
) -> None:
    frame = dataclasses.replace(
        frame,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1",
        pixel_spacing_calibration_type=calibration,
        estimated_radiographic_magnification_factor=magnification,
    )
    known = spacing(frame)
    if known.in_mm:
        assert frame.pixel_spacing or frame.imager_pixel_spacing or frame.ultrasound_regions
        # A projection is never simply "mm": the magnification is always someone's claim.
        assert known.label.chinese and known.label.english
    assert known.between_rows > 0 and known.between_columns > 0


# --- commands -----------------------------------------------------------------------------------

absurd = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just(10**400),
    st.lists(st.integers(), max_size=2), st.dictionaries(words, st.integers(), max_size=1),
)  # fmt: skip


@st.composite
def calls(draw_one: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A command with arguments that fit, nearly fit, or do not."""
    command = draw_one(st.sampled_from(COMMANDS))
    args: dict[str, Any] = {}
    if command.choices and draw_one(st.booleans()):
        return command.name, dict(draw_one(st.sampled_from(command.choices)).args)
    for argument in command.arguments:
        if argument.type is str:
            fitting: st.SearchStrategy[Any] = st.sampled_from((*argument.allowed, "a", "b"))
        elif argument.type is int:
            low, high = max(argument.minimum, -(10**6)), min(argument.maximum, 10**6)
            fitting = st.integers(int(low), int(high))
        else:
            fitting = st.floats(max(argument.minimum, -1e9), min(argument.maximum, 1e9))
        args[argument.name] = draw_one(st.one_of(fitting, fitting, fitting, absurd))
    return command.name, args


def all_numbers(value: Any) -> Any:
    if isinstance(value, float):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for one in dataclasses.fields(value):
            yield from all_numbers(getattr(value, one.name))
    elif isinstance(value, tuple):
        yield from itertools.chain.from_iterable(map(all_numbers, value))


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.lists(calls(), min_size=1, max_size=10))
def test_commands_refuse_in_words_and_leave_a_state_that_can_be_drawn(
    sequence: list[tuple[str, dict[str, Any]]],
) -> None:
    a, b = make_series(), make_series("b", frames=5, modality="PT")
    state = open_state(a, b)
    for name, args in sequence:
        try:
            state = run(state, name, args)
        except CommandError as error:
            assert " / " in str(error), "a refusal in one language only"
    assert all(math.isfinite(one) for one in all_numbers(dataclasses.replace(state, series=())))
    frame = state.active_frame()
    if frame is not None:
        assert all(map(math.isfinite, image_matrix(frame, state.canvas, state.pane().viewport)))


def test_the_sample_series_can_be_drawn() -> None:
    draw(opened(make_series(frames=3)))
