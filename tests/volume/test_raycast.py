"""Volume rendering on the processor: a sphere whose picture is known, and the rule's edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.view.volumes import body, frame_of
from viewer_py.pixels.voi import Window
from viewer_py.volume.model import SampleGrid, Volume, VolumeGeometry, VolumeState
from viewer_py.volume.occupancy import BLOCK, FARTHEST, block_ranges, distances
from viewer_py.volume.raycast import AMBIENT, DIFFUSE, SPECULAR, cast
from viewer_py.volume.transfer import (
    ENTRIES,
    PRESETS,
    RenderingPreset,
    TransferPoint,
    is_hounsfield,
    transfer_table,
)

RADIUS, MIDDLE, SIZE = 22.0, 32.0, 65
WHITE = (1.0, 1.0, 1.0)


def sphere(distance: float = 1.0, shift: float = 0.0) -> Volume:
    """Return a ball of 500 HU about MIDDLE (mm) with a soft edge, in slices `distance` mm apart."""
    places = np.arange(0, SIZE, distance)
    z, y, x = np.meshgrid(places, np.arange(SIZE), np.arange(SIZE), indexing="ij")
    y = y + shift * z
    radius = np.sqrt((x - MIDDLE) ** 2 + (y - MIDDLE) ** 2 + (z - MIDDLE) ** 2)
    values = np.clip((RADIUS - radius) * 125 + 250, 0, 500).astype(np.int16)
    geometry = VolumeGeometry(
        VolumeState.TILTED if shift else VolumeState.REGULAR,
        frames=tuple(range(len(places))),
        rows=SIZE,
        columns=SIZE,
        corners=tuple((0.0, shift * float(at), float(at)) for at in places),
        positions=tuple(map(float, places)),
        nominal_distance=distance,
    )
    present = np.ones(len(places), dtype=np.bool_)
    return Volume("ball", geometry, values, present, frame_of(values))


def view(normal: tuple[float, float, float], size: int = 60, step: float = 1.0) -> SampleGrid:
    """Return a grid of `size` × `size` samples, its middle sample on the ray through the ball."""
    n = np.array(normal) / np.linalg.norm(normal)
    right = np.cross([0.0, 0.0, 1.0], n) if abs(n[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    right -= n * (right @ n)
    right /= np.linalg.norm(right)
    down = np.cross(n, right)
    origin = np.full(3, MIDDLE) - (right + down) * step * (size // 2)
    places = (tuple(map(float, v)) for v in (origin, right * step, down * step, n))
    return SampleGrid(*places, size, size)  # type: ignore[arg-type]


OPAQUE = RenderingPreset(
    "opaque", "不透明", (TransferPoint(240.0, WHITE, 0.0), TransferPoint(260.0, WHITE, 0.9999))
)
DIRECTIONS = [(0, 0, 1), (0, 1, 0), (1, 0, 0), (-1, 2, 0.5), (0.3, -0.4, -0.8)]


@pytest.mark.requirement("B-47", "C-32")
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("distance", "shift"), [(1.0, 0.0), (2.0, 0.0), (1.0, 0.3)])
def test_a_ball_is_a_lit_disc_from_everywhere(
    direction: tuple[float, float, float], distance: float, shift: float
) -> None:
    ball = sphere(distance, shift)
    picture = cast(ball, view(direction), transfer_table(OPAQUE, ball.frame))
    rows, columns = np.mgrid[:60, :60] - 30
    off = np.hypot(rows, columns)
    seen = picture.min(axis=2) > 20
    assert seen[off < RADIUS - 2].all() and not seen[off > RADIUS + 2].any()
    # Lit from the viewer: where the surface leans by an angle whose cosine is c, Lambert's share.
    inner = (off < RADIUS * 0.85) & (off > 1)
    cosine = np.sqrt(1 - (off[inner] / RADIUS) ** 2)
    expected = 255 * np.clip(AMBIENT + DIFFUSE * cosine + SPECULAR * cosine**16, 0, 1)
    assert np.abs(picture[..., 0][inner] - expected).mean() < 12


def test_a_turn_of_the_volume_and_of_the_view_is_none() -> None:
    ball = sphere()
    table = transfer_table(PRESETS["bone"], ball.frame)
    turned = replace(ball, values=np.ascontiguousarray(ball.values.transpose(2, 1, 0)))
    one = cast(ball, view((0, 0, 1)), table).astype(int)
    other = cast(turned, view((0, 0, 1)), table).astype(int)
    assert np.abs(one - other).max() <= 1


@pytest.mark.timeout(60)
def test_rays_beside_the_volume_end_whatever_rounding_error_they_run_by() -> None:
    """Two quarter turns leave 1e-33 of a direction: what lies beside is 1e33 samples off."""
    ball = sphere()
    table = transfer_table(OPAQUE, ball.frame)
    straight = view((0.0, 1.0, 0.0), size=120)
    assert abs(straight.origin[0]) > 20
    expected = cast(ball, straight, table)
    for error in (1e-20, -1e-33, 1e-47):
        normal = (error, 1.0, -error)
        assert (cast(ball, replace(straight, normal=normal), table) == expected).all()


def test_nothing_depends_on_leaping() -> None:
    ball, grid = sphere(), view((-1, 2, 0.5))
    for preset in PRESETS.values():
        table = transfer_table(preset, ball.frame)
        ranges = block_ranges(ball)
        full = replace(
            ranges, smallest=ranges.smallest * 0 - 2000, largest=ranges.largest * 0 + 2000
        )
        leaping = cast(ball, grid, table, ranges=ranges)
        assert (leaping == cast(ball, grid, table, ranges=full)).all()
        assert preset.name == "lung" or leaping.any()


def test_a_thin_slab_of_tissue_hides_what_its_thickness_says() -> None:
    """Beer's law: so many millimetres of an even opacity, however many steps they take."""
    values = np.full((12, SIZE, SIZE), 500, dtype=np.int16)
    even = RenderingPreset(
        "even", "均匀", (TransferPoint(0.0, WHITE, 0.1), TransferPoint(1000.0, WHITE, 0.1)), False
    )
    ball = sphere()
    geometry = replace(
        ball.geometry,
        corners=ball.geometry.corners[:12],
        positions=ball.geometry.positions[:12],
        frames=ball.geometry.frames[:12],
    )
    slab = replace(ball, values=values, geometry=geometry, present=ball.present[:12])
    table = transfer_table(even, slab.frame)
    for step in (0.5, 1.0, 4.0):
        picture = cast(slab, view((0, 0, 1), 12, step), table)
        assert np.abs(picture[6, 6].astype(int) - 255 * (1 - 0.9**12)).max() <= 8


def test_the_clip_box_cuts_the_ball_open() -> None:
    ball = sphere()
    table = transfer_table(OPAQUE, ball.frame)
    whole = cast(ball, view((0, 0, 1)), table)
    half = cast(ball, view((0, 0, 1)), table, clip_low=(0.5, 0.0, 0.0))
    assert whole[30, 15].any() and not half[30, 15].any()
    assert (whole[:, 35:] == half[:, 35:]).mean() > 0.98
    assert not cast(ball, view((0, 0, 1)), table, (0.0, 0.0, 0.0), (1.0, 1.0, 0.0)).any()


def test_slices_that_are_not_there_and_padding_show_nothing() -> None:
    ball = sphere()
    table = transfer_table(OPAQUE, ball.frame)
    absent = replace(ball, present=np.zeros(SIZE, dtype=np.bool_))
    assert not cast(absent, view((0, 1, 0)), table).any()
    padded = replace(ball, has_padding=True, padding_low=200.0, padding_high=600.0)
    assert not cast(padded, view((0, 1, 0)), table).any()


def test_a_largest_value_is_that_of_the_ray() -> None:
    ball = sphere()
    table = transfer_table(PRESETS["mip"], ball.frame, Window(250.5, 501))
    picture = cast(ball, view((0, 0, 1), 40), table)[..., 0]
    expected = ball.values.max(axis=0)[12:52, 12:52].T / 500 * 255
    assert np.abs(picture - expected).max() <= 1


def test_a_volume_of_whatever_memory_reads_the_same() -> None:
    ball = sphere()
    table = transfer_table(PRESETS["skin"], ball.frame)
    backwards = replace(ball, values=np.ascontiguousarray(ball.values[::-1])[::-1])
    grid = view((0.3, -0.4, -0.8))
    assert (cast(backwards, grid, table) == cast(ball, grid, table)).all()


def test_distances_reach_as_far_as_they_say() -> None:
    values = np.zeros((4 * BLOCK, 20 * BLOCK, 20 * BLOCK), dtype=np.int16)
    values[0, 3, 5] = 500
    ball = sphere()
    blocks = distances(
        block_ranges(replace(ball, values=values)), ball, transfer_table(OPAQUE, ball.frame)
    )
    assert blocks[0, 0, 0] == 0 and blocks[1, 1, 0] == 1 and blocks[0, 5, 2] == 5
    assert blocks.max() == FARTHEST
    shared = values.copy()
    shared[:, 3, BLOCK] = 500  # the first of its block also lies at the end of the one before
    touched = block_ranges(replace(ball, values=shared))
    assert touched.largest[0, 0, 0] == 500 and touched.largest[0, 0, 2] == 0


@pytest.mark.requirement("B-47")
def test_the_presets_are_frozen() -> None:
    assert {
        name: [(point.value, point.opacity) for point in preset.points]
        for name, preset in PRESETS.items()
    } == {
        "bone": [(140, 0), (220, 0.25), (400, 0.8), (1200, 0.98)],
        "vessels": [(110, 0), (170, 0.2), (300, 0.7), (500, 0.9), (1200, 0.98)],
        "skin": [(-400, 0), (-150, 0.35), (50, 0.8), (300, 0.95)],
        "lung": [(-980, 0), (-880, 0.004), (-600, 0.03), (-350, 0.1), (-150, 0)],
        "mip": [(-100, 0), (700, 1)],
    }


def test_a_table_follows_its_points_and_a_window() -> None:
    frame = frame_of(body())
    table = transfer_table(PRESETS["bone"], frame)
    at = table.entries(np.array([-900.0, 140.0, 400.0, 5000.0], dtype=np.float32))
    assert at[0] == at[1] == 0 and at[3] == ENTRIES - 1
    assert table.opacities[at[2]] == pytest.approx(0.8, abs=0.01)
    moved = transfer_table(PRESETS["bone"], frame, Window(1000.5, 1061))
    assert moved.entries(np.array([470.0], dtype=np.float32))[0] == 0
    assert moved.entries(np.array([1530.0], dtype=np.float32))[0] == ENTRIES - 1


def test_other_units_than_hounsfield_take_the_frame_s_window() -> None:
    frame = frame_of(body(), rescale_type="US", window_center=(300.0,), window_width=(200.0,))
    assert not is_hounsfield(frame) and is_hounsfield(frame_of(body()))
    table = transfer_table(PRESETS["bone"], frame)
    assert table.first == pytest.approx(200.0, abs=1)


def test_what_is_no_transfer_function_is_refused() -> None:
    descending = RenderingPreset(
        "odd", "", (TransferPoint(1.0, WHITE, 0.0), TransferPoint(0.0, WHITE, 1.0))
    )
    with pytest.raises(ValueError, match="ascend"):
        transfer_table(descending, frame_of(body()))
    with pytest.raises(ValueError, match="not a volume"):
        nothing = replace(sphere(), geometry=VolumeGeometry(VolumeState.NOT_A_VOLUME))
        cast(nothing, view((0, 0, 1)), transfer_table(OPAQUE, frame_of(body())))
