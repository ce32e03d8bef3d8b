"""Planes and slabs beside SimpleITK's linear interpolation, an independent judge of geometry."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.volume.grids import center, plane_grid
from tests.volume.phantoms import AXIAL, frames, grid, middle, noise, rotation
from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.volume.model import Projection, SampleGrid, Slab, Volume
from viewer_py.volume.plan import slab_plan
from viewer_py.volume.planes import Plane, standard_planes
from viewer_py.volume.reslice import reslice

NO_DATA = -30000.0
SAME = 0.2
"""Neighbours in the noise differ by up to 8000: this is a fortieth of a thousandth of a voxel.

A direction that is nearly, not quite, an axis is rounded by SimpleITK that far.
"""

STACKS = {
    "isotropic": frames(range(9)),
    "oblique": frames(
        np.arange(9) * 2.0,
        axes=AXIAL @ rotation(20, -35, 50).T,
        origin=(-80.0, 33.0, 1200.0),
        pixel_spacing=(0.8, 1.1),
    ),
    "anisotropic": frames(np.arange(7) * 7.25, pixel_spacing=(2.5, 0.75)),
    "sagittal": frames(
        np.arange(7) * 1.5, axes=np.array([[0, 1.0, 0], [0, 0, -1.0]]), pixel_spacing=(0.6, 0.6)
    ),
    "reversed": frames(np.arange(8)[::-1] * 3.0),
}


def itk_image(volume: Volume, first: FrameAttributes) -> SimpleITK.Image:
    """Return the same volume for SimpleITK, described from the DICOM attributes alone."""
    values = volume.values.astype(np.float32) * volume.slope + volume.intercept
    image = SimpleITK.GetImageFromArray(values.astype(np.float32))
    between_rows, between_columns = first.pixel_spacing
    directions = np.array(first.image_orientation_patient).reshape(2, 3)
    normal = np.cross(*directions)
    image.SetSpacing((between_columns, between_rows, volume.geometry.nominal_distance))
    image.SetDirection(np.array([*directions, normal]).T.reshape(-1).tolist())
    image.SetOrigin(first.image_position_patient)
    return image


def lowest(stack: tuple[FrameAttributes, ...]) -> FrameAttributes:
    """Return the frame that comes first along the normal."""
    directions = np.array(stack[0].image_orientation_patient).reshape(2, 3)
    return min(stack, key=lambda one: np.array(one.image_position_patient) @ np.cross(*directions))


def itk_plane(image: SimpleITK.Image, grid_: SampleGrid, mm: float = 0.0) -> np.ndarray:
    """Return a plane `mm` along the grid's normal, NO_DATA outside."""
    steps = np.array([grid_.step_x, grid_.step_y])
    spacing = np.linalg.norm(steps, axis=1)
    resample = SimpleITK.ResampleImageFilter()
    resample.SetInterpolator(SimpleITK.sitkLinear)
    resample.SetDefaultPixelValue(NO_DATA)
    resample.SetOutputOrigin((np.array(grid_.origin) + mm * np.array(grid_.normal)).tolist())
    resample.SetOutputSpacing((*spacing.tolist(), 1.0))
    directions = np.array([steps[0] / spacing[0], steps[1] / spacing[1], grid_.normal])
    resample.SetOutputDirection(directions.T.reshape(-1).tolist())
    resample.SetSize((grid_.width, grid_.height, 1))
    plane: np.ndarray = SimpleITK.GetArrayFromImage(resample.Execute(image))[0]
    return plane


def compare(values: np.ndarray, valid: np.ndarray, theirs: np.ndarray) -> None:
    np.testing.assert_array_equal(valid, theirs > NO_DATA / 2)
    np.testing.assert_allclose(values[valid], theirs[valid], atol=SAME)


@pytest.mark.requirement("B-36", "C-20")
@given(
    st.sampled_from(sorted(STACKS)),
    st.tuples(*[st.floats(-180, 180)] * 3),
    st.tuples(*[st.floats(-6, 6)] * 3),
    st.tuples(*[st.floats(0.21, 1.9)] * 2),
)
@example("sagittal", (0.0, 0.0, 6.103515625e-05), (0.0, 0.0, 0.0), (0.25, 1.0))
@settings(max_examples=150, deadline=None)
def test_oblique_planes(
    name: str,
    angles: tuple[float, float, float],
    offset: tuple[float, float, float],
    spacing: tuple[float, float],
) -> None:
    volume = noise(STACKS[name], slope=2.0, intercept=-1024)
    at = middle(volume.geometry) + np.array(offset) + 0.0137
    grid_ = grid(AXIAL @ rotation(*angles).T, at, 23, 19, spacing)
    found = reslice(volume, grid_)
    compare(found.values, found.valid, itk_plane(itk_image(volume, lowest(STACKS[name])), grid_))


@pytest.mark.requirement("B-36", "C-20")
@pytest.mark.parametrize("plane", Plane)
@pytest.mark.parametrize("name", STACKS)
def test_standard_planes(name: str, plane: Plane) -> None:
    volume = noise(STACKS[name])
    at = np.array(center(volume.geometry)) + np.array([0.21, 0.13, 0.37])
    grid_ = plane_grid(standard_planes(volume.geometry)[plane], tuple(at), 33, 31, 0.61)
    found = reslice(volume, grid_)
    compare(found.values, found.valid, itk_plane(itk_image(volume, lowest(STACKS[name])), grid_))


PROJECTIONS = {
    Projection.MIP: SimpleITK.MaximumProjectionImageFilter,
    Projection.MINIP: SimpleITK.MinimumProjectionImageFilter,
    Projection.AVGIP: SimpleITK.MeanProjectionImageFilter,
}


@pytest.mark.requirement("B-37", "B-38", "B-42", "C-21", "C-22")
@pytest.mark.parametrize("projection", Projection)
@pytest.mark.parametrize("plane", Plane)
@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize("thickness", [20.0, 40.0, 160.0])
def test_slabs_along_the_voxels(
    name: str, plane: Plane, projection: Projection, thickness: float
) -> None:
    """SimpleITK projects the same voxels to one, then interpolates that picture."""
    volume = noise(STACKS[name])
    geometry = volume.geometry
    grid_ = plane_grid(standard_planes(geometry)[plane], center(geometry), 33, 31, 0.61)
    slab = Slab(thickness, projection)
    plan = slab_plan(geometry, grid_, slab)
    assert plan.axis is not None
    axis = 2 - plan.axis  # SimpleITK counts columns, rows, slices
    image = itk_image(volume, lowest(STACKS[name]))
    start = [0, 0, 0]
    size = list(image.GetSize())
    start[axis] = max(plan.start, 0)
    size[axis] = min(plan.start + plan.count, size[axis]) - start[axis]
    part = SimpleITK.RegionOfInterest(image, size, start)
    project = PROJECTIONS[projection]()
    project.SetProjectionDimension(axis)
    projected = project.Execute(part)
    # ITK moves the origin along an axis of the patient instead of the image: put it where it is.
    along = np.array(image.GetDirection()).reshape(3, 3)[:, axis]
    projected.SetOrigin(part.GetOrigin())
    depth = (np.array(grid_.origin) - np.array(part.GetOrigin())) @ along
    mm = -depth * float(along @ np.array(grid_.normal))
    found = reslice(volume, grid_, slab)
    compare(found.values, found.valid, itk_plane(projected, grid_, mm))


@pytest.mark.requirement("B-37", "B-38", "C-21", "C-22")
@pytest.mark.parametrize("projection", Projection)
@pytest.mark.parametrize("name", STACKS)
def test_oblique_slabs(name: str, projection: Projection) -> None:
    """Many planes of SimpleITK, projected by numpy."""
    volume = noise(STACKS[name])
    grid_ = grid(AXIAL @ rotation(33, 21, -17).T, middle(volume.geometry) + 0.013, 23, 19)
    slab = Slab(5.0, projection)
    plan = slab_plan(volume.geometry, grid_, slab)
    assert plan.axis is None
    image = itk_image(volume, lowest(STACKS[name]))
    offsets = [plan.first_mm + sample * plan.step_mm for sample in range(plan.count)]
    planes = np.array([itk_plane(image, grid_, mm) for mm in offsets], dtype=float)
    planes[planes < NO_DATA / 2] = np.nan
    valid = ~np.isnan(planes).all(axis=0)
    project = {
        Projection.MIP: np.nanmax,
        Projection.MINIP: np.nanmin,
        Projection.AVGIP: np.nanmean,
    }[projection]
    found = reslice(volume, grid_, slab)
    np.testing.assert_array_equal(found.valid, valid)
    np.testing.assert_allclose(
        found.values[valid], project(planes[:, valid], axis=0), rtol=1e-5, atol=0.05
    )


@pytest.mark.requirement("B-36")
def test_a_tilted_volume_is_what_a_sheared_direction_makes_of_it() -> None:
    """SimpleITK takes the shear in its direction matrix, as the third column."""
    shift = 0.4663  # 25 degrees
    stack = frames(np.arange(8) * 3.0, shift=(0, shift, 0), pixel_spacing=(0.9, 0.9))
    volume = noise(stack)
    image = itk_image(volume, stack[0])
    image.SetDirection((1, 0, 0, 0, 1, shift, 0, 0, 1))
    for number in range(20):
        grid_ = grid(AXIAL @ rotation(31 * number, 17, 7 * number).T, middle(volume.geometry))
        found = reslice(volume, grid_)
        theirs = itk_plane(image, grid_)
        # Beyond the outermost slices ITK follows the shear, we the normal: compare what both have.
        both = found.valid & (theirs > NO_DATA / 2)
        points = np.array(grid_.origin) + (
            np.arange(17)[None, :, None] * np.array(grid_.step_x)
            + np.arange(13)[:, None, None] * np.array(grid_.step_y)
        )
        both &= (points[..., 2] >= 0) & (points[..., 2] <= 21)
        assert both.sum() > 50
        np.testing.assert_allclose(found.values[both], theirs[both], atol=0.05)
