"""Series manifests: with absurd numbers as a server might let through, and with damaged JSON."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.fuzz.viewer import draw, made_up, opened
from tests.volume.grids import center, plane_grid
from viewer_py.dicom.manifest import (
    FrameAttributes,
    LookupTable,
    ManifestError,
    SeriesManifest,
    StudyHeading,
    UltrasoundRegion,
    from_json,
    to_json,
)
from viewer_py.dicom.ordering import reading_order
from viewer_py.view.command import CommandError
from viewer_py.view.commands import COMMANDS, run
from viewer_py.volume.assemble import assemble
from viewer_py.volume.lookup import to_index, to_patient
from viewer_py.volume.model import Projection, Slab, VolumeState
from viewer_py.volume.planes import standard_planes
from viewer_py.volume.reslice import reslice
from viewer_py.volume.states import volume_geometry
from viewer_py.volume.suv import suv_bw

# The server believes 0 and numbers between 1e-30 and 1e30 in size (server.imaging.attributes).
_NUMBERS = (0.0, 1.0, -1.0, 0.5, 1e-30, -1e-30, 1e-6, 1e6, -1e6, 1e15, 1e30, -1e30, 1 / 3, 100.0)
_ABSURD = (
    None,
    True,
    -1,
    0,
    3,
    1 << 40,
    "",
    "x",
    [],
    {},
    [1],
    [1, 2],
    [[1]],
    1e308,
    math.nan,
    -0.5,
)
ROWS, COLUMNS = 6, 5


def numbers(first: int, count: int) -> Iterator[tuple[int, bytes]]:
    """Yield manifests that are well-formed, with some absurd numbers."""
    for number in range(first, first + count):
        yield number, to_json(_series(random.Random(f"series {number}"))).encode()


def damaged(first: int, count: int) -> Iterator[tuple[int, bytes]]:
    """Yield manifests with damaged structure or text."""
    for number in range(first, first + count):
        chance = random.Random(f"manifest {number}")
        text = to_json(_series(chance))
        if chance.random() < 0.2:
            at = chance.randrange(len(text))
            text = (
                text[:at]
                + chance.choice(("", "}", ",", '"', "1e999", "NaN", "\0"))
                + text[at + 1 :]
            )
        else:
            document = json.loads(text)
            for _ in range(chance.randint(1, 3)):
                _damage(chance, document)
            text = json.dumps(document)
        yield number, text.encode()


def _series(chance: random.Random) -> SeriesManifest:
    step = [chance.choice((0.0, 0.0, chance.uniform(-3, 3))) for _ in range(2)] + [2.5]
    count = chance.choice((1, 2, 3, 4, 5, 8))
    frames = [_frame(index, step) for index in range(count)]
    for _ in range(chance.randint(0, 3)):
        place = chance.randrange(count)
        change = _change(chance)
        if chance.random() < 0.5:
            frames = [dataclasses.replace(frame, **change) for frame in frames]
        else:
            frames[place] = dataclasses.replace(frames[place], **change)
    if chance.random() < 0.3:
        chance.shuffle(frames)
    modality = chance.choice(("CT", "CT", "MR", "PT", "US", "DX"))
    return SeriesManifest(
        series_id="a",
        series_uid="1.2",
        modality=modality,
        heading=StudyHeading(patient_name="某^人"),
        frames=tuple(frames),
    )


def _frame(index: int, step: list[float]) -> FrameAttributes:
    return FrameAttributes(
        sop_instance_uid=f"1.2.{index}",
        frame_number=1,
        rows=ROWS,
        columns=COLUMNS,
        instance_number=index + 1,
        largest_value=ROWS * COLUMNS,
        image_position_patient=(step[0] * index, step[1] * index, step[2] * index),
        image_orientation_patient=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        pixel_spacing=(0.75, 0.5),
    )


def _change(chance: random.Random) -> dict[str, Any]:
    """Return one absurd attribute, of the right type."""
    name = chance.choice(
        [
            "image_position_patient",
            "image_orientation_patient",
            "pixel_spacing",
            "imager_pixel_spacing",
            "window",
            "rescale",
            "padding",
            "lut",
            "range",
            "frame_time",
            "matrix",
            "estimated_radiographic_magnification_factor",
            "distance_source_to_detector",
            "distance_source_to_patient",
            "regions",
            "slice_thickness",
            "color",
            "pixel_aspect_ratio",
        ]
    )
    several = [chance.choice(_NUMBERS) for _ in range(6)]
    match name:
        case "image_position_patient":
            return {name: tuple(several[:3])}
        case "image_orientation_patient":
            return {name: chance.choice((tuple(several), None, (0.8, 0.6, 0, -0.6, 0.8, 0)))}
        case "pixel_spacing" | "imager_pixel_spacing":
            return {name: chance.choice((tuple(map(abs, several[:2])), None))}
        case "window":
            function = chance.choice(("LINEAR", "LINEAR_EXACT", "SIGMOID", "nonsense"))
            return {
                "window_center": tuple(several[: chance.randrange(3)]),
                "window_width": tuple(several[3 : 3 + chance.randrange(3)]),
                "voi_lut_function": function,
            }
        case "rescale":
            return {"rescale_slope": several[0] or 1.0, "rescale_intercept": several[1]}
        case "padding":
            limit = chance.choice((None, 1 << 20, -5))
            return {"pixel_padding_value": int(several[0] % 99), "pixel_padding_range_limit": limit}
        case "lut":
            values = tuple(range(chance.choice((1, 2, 300))))
            table = LookupTable(chance.choice((0, -1000, 65535)), chance.choice((1, 8, 16)), values)
            return chance.choice(({"modality_lut": table}, {"voi_luts": (table, table)}))
        case "range":
            return {"smallest_value": -(1 << 31), "largest_value": (1 << 32) - 1}
        case "matrix":
            return {"rows": chance.choice((1, 7)), "columns": chance.choice((1, 65535))}
        case "regions":
            region = UltrasoundRegion(0, 0, 4, 1 << 31, 3, 3, several[0], several[1])
            return {"ultrasound_regions": (region,)}
        case "color":
            return {"samples_per_pixel": 3, "photometric_interpretation": "RGB", "bits_stored": 8}
        case "pixel_aspect_ratio":
            return {name: (chance.choice((1, 99999)), 1)}
        case _:
            return {name: several[0]}


def _damage(chance: random.Random, document: dict[str, Any]) -> None:
    """Change one value somewhere in the document."""
    holder: Any = document
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return
        key = chance.choice(keys)
        if isinstance(holder[key], (dict, list)) and chance.random() < 0.75:
            holder = holder[key]
            continue
        if chance.random() < 0.2:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(chance.choice(_ABSURD))
        return


def judge_series(data: bytes) -> str:
    """Open, draw, order, stack and reslice a series that the server might have written."""
    series = from_json(data)
    assert from_json(to_json(series)) == series
    return _use(series)


def judge_manifest(data: bytes) -> str:
    """Refuse a damaged manifest, or live with what it says."""
    try:
        series = from_json(data)
    except ManifestError:
        return "refused manifest"
    if not series.frames:
        return "empty"
    return _use(series)


def _use(series: SeriesManifest) -> str:
    assert sorted(reading_order(series.frames)) == list(range(len(series.frames)))
    suv_bw(series)
    state = opened(series)
    draw(state)
    for command in COMMANDS:
        for choice in command.choices:
            try:
                state = run(state, command.name, choice.args)
            except CommandError:
                continue
    draw(state)
    return _judge_volume(series)


def _judge_volume(series: SeriesManifest) -> str:
    geometry = volume_geometry(series.frames)
    if geometry.state is VolumeState.NOT_A_VOLUME:
        assert geometry.reason
        return f"not a volume {geometry.reason}"
    assert all(map(math.isfinite, (*geometry.positions, geometry.nominal_distance)))
    assert list(geometry.positions) == sorted(geometry.positions)
    if any(made_up(frame) is None for frame in series.frames):
        return "too large to make up"
    volume = assemble(series, geometry, lambda index: made_up(series.frames[index]))
    middle = center(geometry)
    for axes in standard_planes(geometry).values():
        grid = plane_grid(axes, middle, 9, 7, 0.8)
        for projection in Projection:
            shown = reslice(volume, grid, Slab(5.0, projection))
            assert shown.values.shape == (7, 9) and np.isfinite(shown.values[shown.valid]).all()
    index = to_index(geometry, np.array([middle]))
    assert np.isnan(index).any() or np.isfinite(to_patient(geometry, index)).all()
    return f"volume {geometry.state}"
