"""Planes and slabs, beside the rule written a second time, and beside what numpy says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.volume import reference
from tests.volume.grids import center, plane_grid
from tests.volume.phantoms import (
    AXIAL,
    frames,
    grid,
    middle,
    noise,
    points_of,
    ramp,
    rotation,
    volume,
)
from viewer_py.volume.assemble import to_index
from viewer_py.volume.model import Projection, SampleGrid, Slab, Volume
from viewer_py.volume.plan import slab_plan
from viewer_py.volume.planes import Plane, standard_planes
from viewer_py.volume.reslice import reslice

OBLIQUE = AXIAL @ rotation(20, -35, 50).T
STACKS = {
    "regular": frames([0, 2, 4, 6, 8, 10, 12], pixel_spacing=(0.8, 1.1)),
    "oblique": frames([0, 2, 4, 6, 8, 10, 12], axes=OBLIQUE, pixel_spacing=(0.8, 1.1)),
    "anisotropic": frames([0, 7.25, 14.5, 21.75], pixel_spacing=(2.5, 0.75)),
    "tilted": frames([0, 2, 4, 6, 8, 10], shift=(0.0, 0.4, 0.0)),
    "tilted twice": frames([0, 2, 4, 6, 8, 10], shift=(-0.3, 0.4, 0.0), axes=OBLIQUE),
    "missing": frames([0, 2, 4, 10, 12, 14], axes=OBLIQUE),
    "missing tilted": frames([0, 2, 4, 10, 12, 14], shift=(0, 0.3, 0)),
    "irregular": frames([0, 2, 5, 6, 10], shift=(0, 0.3, 0)),
}
PLANES = list(Plane)


def holes(volume_: Volume) -> Volume:
    """Return the volume with padding among its values and one slice that has not arrived."""
    present = np.ones(len(volume_.values), dtype=bool)
    present[2] = False
    return replace(volume_, has_padding=True, padding_low=100, padding_high=1700, present=present)


def same(volume_: Volume, grid_: SampleGrid, slab: Slab) -> None:
    found = reslice(volume_, grid_, slab)
    expected = reference.reslice(volume_, grid_, slab)
    assert found.values.dtype == np.float32
    assert found.values.shape == found.valid.shape == (grid_.height, grid_.width)
    np.testing.assert_array_equal(found.valid, ~np.isnan(expected))
    np.testing.assert_allclose(found.values, np.nan_to_num(expected), rtol=1e-5, atol=0.02)


def standard_grid(volume_: Volume, plane: Plane, mm: float = 1.73) -> SampleGrid:
    at = np.array(center(volume_.geometry)) + np.array([0.21, 0.13, 0.37])
    return plane_grid(standard_planes(volume_.geometry)[plane], tuple(at), 8, 7, mm)


@pytest.mark.parametrize("projection", Projection)
@pytest.mark.parametrize("thickness", [0.0, 5.0, 9.0])
@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("name", STACKS)
def test_standard_planes_and_slabs(
    name: str, plane: Plane, thickness: float, projection: Projection
) -> None:
    volume_ = noise(STACKS[name], slope=0.5, intercept=-1000)
    grid_ = standard_grid(volume_, plane)
    same(volume_, grid_, Slab(thickness, projection))
    same(holes(volume_), grid_, Slab(thickness, projection))


@pytest.mark.parametrize("projection", Projection)
@pytest.mark.parametrize("thickness", [0.0, 6.0])
@pytest.mark.parametrize("name", STACKS)
def test_oblique_planes_and_slabs(name: str, thickness: float, projection: Projection) -> None:
    volume_ = noise(STACKS[name])
    axes = AXIAL @ rotation(-15, 40, 70).T
    grid_ = grid(axes, middle(volume_.geometry), 8, 7, (1.9, 2.3))
    same(volume_, grid_, Slab(thickness, projection))
    same(holes(volume_), grid_, Slab(thickness, projection))


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("thickness", [0.0, 6.0])
def test_a_picture_turned_in_its_plane(plane: Plane, thickness: float) -> None:
    volume_ = noise(STACKS["regular"])
    axes = standard_planes(volume_.geometry)[plane]
    right, down = np.array(axes.right), np.array(axes.down)
    for turned in (
        [down, -right],
        [-right, -down],
        [0.8 * right + 0.6 * down, 0.8 * down - 0.6 * right],
    ):
        grid_ = grid(np.array(turned), middle(volume_.geometry) + 0.03, 9, 8, (1.37, 1.71))
        same(volume_, grid_, Slab(thickness))
        same(holes(volume_), grid_, Slab(thickness))


@pytest.mark.parametrize("projection", [Projection.MIP, Projection.MINIP])
@pytest.mark.parametrize("axes", [AXIAL, OBLIQUE])
def test_extremes_are_those_of_modality_values(axes: np.ndarray, projection: Projection) -> None:
    """A negative rescale slope turns the order of the stored values round."""
    volume_ = holes(noise(STACKS["regular"], slope=-2.0, intercept=5000))
    same(volume_, grid(axes, middle(volume_.geometry), 7, 8), Slab(6.0, projection))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint16", "int32", "float32"])
@pytest.mark.parametrize("projection", Projection)
def test_every_type_of_value(dtype: str, projection: Projection) -> None:
    stack = STACKS["regular"]
    values = np.random.default_rng(1).integers(-100, 100, (7, 12, 10)).astype(dtype)
    volume_ = replace(noise(stack), values=values, has_padding=True, padding_low=7, padding_high=9)
    for axes in (AXIAL, OBLIQUE):
        same(volume_, grid(axes, middle(volume_.geometry), 7, 8), Slab(6.0, projection))


@given(
    st.sampled_from(sorted(STACKS)),
    st.tuples(*[st.floats(-180, 180)] * 3),
    st.floats(0.3, 2.0),
    st.floats(0.0, 12.0),
)
@settings(max_examples=60, deadline=None)
def test_a_linear_ramp_stays_exact(
    name: str, angles: tuple[float, float, float], spacing: float, thickness: float
) -> None:
    """Wherever a volume has data between its slices, a linear function is read as itself.

    A slab's mean is the ramp at the plane, where no sample is missing.
    """
    volume_ = volume(STACKS[name], ramp)
    geometry = volume_.geometry
    grid_ = grid(AXIAL @ rotation(*angles).T, middle(geometry), 9, 8, (spacing, spacing))
    points = points_of(grid_)
    found = reslice(volume_, grid_, Slab(thickness, Projection.AVGIP))
    plan = slab_plan(geometry, grid_, Slab(thickness))
    ends = [plan.first_mm, plan.first_mm + (plan.count - 1) * plan.step_mm]
    inner = np.ones(points.shape[:2], dtype=bool)
    for mm in np.linspace(*ends, 20) if plan.axis is None else ():
        inner &= _in_image(volume_, points + mm * np.array(grid_.normal))
    if plan.axis is None:
        expected = ramp(points + np.mean(ends) * np.array(grid_.normal))
        np.testing.assert_allclose(found.values[inner], expected[inner], atol=0.02)
        assert found.valid[inner].all()


@pytest.mark.parametrize("angles", [(0, 0, 0), (0, 0, 25), (90, 0, 0), (20, 30, 40)])
def test_a_large_picture_is_like_a_small_one(angles: tuple[int, int, int]) -> None:
    """Large grids are read in bands."""
    volume_ = volume(STACKS["tilted twice"], ramp)
    axes = OBLIQUE @ rotation(*angles).T
    grid_ = grid(axes, middle(volume_.geometry), 301, 257, (0.04, 0.05))
    found = reslice(volume_, grid_)
    points = points_of(grid_)
    inner = _in_image(volume_, points)
    assert inner.sum() > 30_000
    assert found.valid[inner].all()
    np.testing.assert_allclose(found.values[inner], ramp(points)[inner], atol=0.02)


def _in_image(volume_: Volume, points: np.ndarray) -> np.ndarray:
    """Return which points have image on all sides: within the outermost centres, not in a gap."""
    index = to_index(volume_.geometry, points)
    highest = np.array(volume_.values.shape) - 1
    with np.errstate(invalid="ignore"):
        inside = ((index > 1e-6) & (index < highest - 1e-6)).all(axis=-1)
        for gap in volume_.geometry.gaps:
            inside &= (index[..., 0] < gap - 1e-9) | (index[..., 0] > gap + 1 + 1e-9)
    found: np.ndarray = inside
    return found


@pytest.mark.requirement("B-36", "C-20")
@pytest.mark.parametrize("name", STACKS)
def test_a_marked_voxel_is_at_its_place_in_three_planes(name: str) -> None:
    """One bright voxel; each plane through its patient position shows it, and only there."""
    volume_ = noise(STACKS[name], high=50)
    volume_.values[2, 7, 4] = 4000
    geometry = volume_.geometry
    at = (
        np.array(geometry.corners[2])
        + 7 * np.array(geometry.row_step)
        + 4 * np.array(geometry.column_step)
    )
    for axes in standard_planes(geometry).values():
        grid_ = plane_grid(axes, tuple(at), 61, 61, 0.25)
        values = reslice(volume_, grid_).values
        assert values[30, 30] == pytest.approx(4000, abs=1)
        bright = np.argwhere(values > 2100)
        assert np.abs(bright - 30).max() * 0.25 <= 7.25 / 2
        assert np.abs(bright.mean(axis=0) - 30).max() * 0.25 <= 0.5


@pytest.mark.requirement("B-37", "B-38", "C-21", "C-22")
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slabs_along_the_voxels_are_what_numpy_says(axis: int) -> None:
    volume_ = noise(frames(np.arange(20) * 2.0, 16, 18, (2.0, 2.0)))
    plane = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)[axis]
    axes = standard_planes(volume_.geometry)[plane]
    size = volume_.values.shape[axis]
    depth = (size - 1) / 2 + (0.0 if size % 2 == 0 else 0.5)
    at = np.array(center(volume_.geometry))
    sizes = [volume_.values.shape[one] for one in range(3) if one != axis]
    for count, projection in ((6, Projection.MIP), (6, Projection.MINIP), (6, Projection.AVGIP)):
        grid_ = plane_grid(axes, tuple(at), sizes[1], sizes[0], 2.0)
        found = reslice(volume_, grid_, Slab(count * 2.0, projection))
        first = round(depth - count / 2 + 0.5)
        block = np.moveaxis(volume_.values, axis, 0)[first : first + count]
        expected = {"MIP": block.max(0), "MINIP": block.min(0), "AVGIP": block.mean(0)}[projection]
        if axis:  # the head is on top, and the first slice at the bottom
            expected = expected[::-1]
        assert found.valid.all()
        np.testing.assert_allclose(found.values, expected, rtol=1e-6)


@pytest.mark.requirement("B-42")
@pytest.mark.parametrize(
    ("thickness", "counts"),
    [
        (0.1, (1, 1, 1)),
        (0.5, (1, 1, 1)),
        (1.0, (1, 1, 1)),
        (20.0, (10, 25, 18)),
        (40.0, (20, 50, 36)),
        (80.0, (40, 100, 73)),
        (160.0, (80, 200, 145)),
    ],
)
def test_the_voxels_across_a_slab(thickness: float, counts: tuple[int, int, int]) -> None:
    """Thickness / spacing, at least 1: slices 2 mm, rows 0.8 mm, columns 1.1 mm apart."""
    geometry = noise(STACKS["regular"]).geometry
    planes = standard_planes(geometry)
    for plane, count in zip((Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL), counts, strict=True):
        grid_ = plane_grid(planes[plane], center(geometry), 9, 9, 1.0)
        assert slab_plan(geometry, grid_, Slab(thickness)).count == count


def test_a_slab_thinner_than_a_voxel_is_the_plane() -> None:
    volume_ = noise(STACKS["regular"])
    for plane in PLANES:
        grid_ = standard_grid(volume_, plane)
        thin = reslice(volume_, grid_, Slab(0.1, Projection.MIP))
        np.testing.assert_array_equal(thin.values, reslice(volume_, grid_).values)


def test_padding_has_no_part_in_the_darkest() -> None:
    """The classic failure (trap 8): MinIP of a round field of view shows its padding."""
    stack = frames(range(8), pixel_padding_value=0)
    volume_ = noise(stack, high=1000)
    volume_.values[...] += 1
    volume_.values[:4, :, :5] = 0
    volume_.values[:, :3] = 0
    assert volume_.has_padding
    axes = standard_planes(volume_.geometry)[Plane.AXIAL]
    found = reslice(
        volume_, plane_grid(axes, center(volume_.geometry), 10, 12, 1.0), Slab(8, Projection.MINIP)
    )
    assert not found.valid[:3].any()
    assert found.valid[3:].all()
    np.testing.assert_array_equal(found.values[3:, :5], volume_.values[4:, 3:, :5].min(0))


def test_nothing_is_read_beyond_the_volume() -> None:
    volume_ = noise(STACKS["regular"])
    grid_ = grid(AXIAL, (500.0, 0.0, 0.0))
    for slab in (Slab(), Slab(20.0), Slab(20.0, Projection.AVGIP)):
        found = reslice(volume_, grid_, slab)
        assert not found.valid.any()
        assert not found.values.any()


@given(st.permutations(range(7)), st.tuples(*[st.floats(-90, 90)] * 3))
@settings(max_examples=25, deadline=None)
def test_the_order_of_the_frames_changes_no_picture(
    order: list[int], angles: tuple[float, float, float]
) -> None:
    """Reversed or mixed, the patient is the same."""

    def blob(points: np.ndarray) -> np.ndarray:
        distance = ((points - (4.0, 5.0, 7.0)) ** 2).sum(axis=-1)
        values: np.ndarray = 1000 * np.exp(-distance / 20)
        return values

    stack = STACKS["tilted"]
    stack = (*stack, *frames([12], shift=(0.0, 0.4, 0.0)))
    straight = volume(stack, blob)
    mixed = volume([stack[index] for index in order], blob)
    grid_ = grid(AXIAL @ rotation(*angles).T, middle(straight.geometry))
    for slab in (Slab(), Slab(5.0)):
        one, other = reslice(straight, grid_, slab), reslice(mixed, grid_, slab)
        np.testing.assert_array_equal(one.valid, other.valid)
        np.testing.assert_allclose(one.values, other.values, atol=1e-3)


def test_the_volume_of_a_frame_store_is_not_copied() -> None:
    """Slots of a store: padded at their end, in descending order."""
    volume_ = noise(STACKS["regular"])
    slots = np.zeros((7, 12 * 10 + 6), dtype=np.uint16)
    slots[:, :120] = volume_.values[::-1].reshape(7, -1)
    view = slots[::-1, :120].reshape(7, 12, 10)
    assert np.shares_memory(view, slots)
    other = replace(volume_, values=view)
    for axes in (AXIAL, OBLIQUE):
        grid_ = grid(axes, middle(volume_.geometry))
        np.testing.assert_array_equal(reslice(other, grid_).values, reslice(volume_, grid_).values)


def test_a_slab_needs_a_direction() -> None:
    grid_ = replace(grid(AXIAL, (0, 0, 0)), normal=(0.0, 0.0, 0.0))
    with pytest.raises(ValueError, match="direction"):
        reslice(noise(STACKS["regular"]), grid_)


def test_a_slab_of_absurdly_thin_slices_has_no_endless_samples() -> None:
    thin = noise(frames(np.arange(9) * 0.011, pixel_spacing=(0.02, 0.02)))
    grid_ = grid(AXIAL @ rotation(20, 30, 40).T, middle(thin.geometry), 9, 8, (0.03, 0.03))
    plan = slab_plan(thin.geometry, grid_, Slab(160.0))
    assert plan.count == 1024
    assert plan.count * plan.step_mm == pytest.approx(160)
    assert reslice(thin, grid_, Slab(160.0, Projection.AVGIP)).values.shape == (8, 9)
