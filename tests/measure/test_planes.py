"""Measuring on planes through volumes: the same numbers as in the patient, whatever is shown."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.measure import world
from tests.volume.phantoms import AXIAL, frames, middle, noise, ramp, rotation, series, volume
from tests.volume.test_suv import PET
from viewer_py.measure.annotation import Annotation, AnnotationKind, ImageReference
from viewer_py.measure.measured import measured
from viewer_py.measure.pictures import fused_picture, plane_picture
from viewer_py.volume.model import Projection, Slab, VolumeGeometry
from viewer_py.volume.planes import Plane, standard_planes
from viewer_py.volume.states import volume_geometry

KIND = AnnotationKind
STACK = frames(
    [3.0 * number for number in range(12)],
    rows=30,
    columns=24,
    pixel_spacing=(1.5, 0.8),
    axes=AXIAL @ rotation(20, -35, 50).T,
    origin=(10.0, -20.0, 5.0),
)
GEOMETRY = volume_geometry(STACK)
RAMP = volume(STACK, ramp)
SERIES = series(STACK)


def turned(x: float, y: float, z: float) -> np.ndarray:
    """Return right, down and normal of a plane in any direction."""
    return rotation(x, y, z)


directions = st.builds(turned, world.degrees, world.degrees, world.degrees)


def mark(kind: AnnotationKind, points: list[np.ndarray], normal: np.ndarray) -> Annotation:
    kept = tuple(tuple(float(part) for part in point) for point in points)
    return Annotation(
        "mark", kind, kept, ImageReference("series"), "1.2.9", tuple(float(n) for n in normal)
    )


@pytest.mark.requirement("B-28", "C-13", "B-36")
@given(directions, st.floats(-4, 4), st.floats(-4, 4), st.floats(1, 9), st.floats(1, 9))
def test_sizes_on_an_oblique_plane_are_those_in_the_patient(
    axes: np.ndarray, u: float, v: float, a: float, b: float
) -> None:
    centre = middle(GEOMETRY) + u * axes[0] + v * axes[1]
    line = mark(KIND.LENGTH, [centre, centre + a * axes[0] + b * axes[1]], axes[2])
    length = measured(line, plane_picture(SERIES, GEOMETRY, None, line)).results[0]
    assert (length.value, length.unit) == (pytest.approx(math.hypot(a, b), abs=1e-6), "mm")
    corners = [centre + s * a * axes[0] + t * b * axes[1]
               for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1))]  # fmt: skip
    box = mark(KIND.RECTANGLE, corners, axes[2])
    found = world.values(box, plane_picture(SERIES, GEOMETRY, None, box))
    assert found["area"] == pytest.approx(4 * a * b, rel=1e-6)
    assert found["mean"] is None


@pytest.mark.requirement("B-29", "C-14", "B-36")
@given(directions, st.floats(-3, 3), st.floats(2, 6))
def test_the_mean_of_a_disc_in_a_linear_field_is_the_value_at_its_centre(
    axes: np.ndarray, u: float, radius: float
) -> None:
    """Interpolation is exact for what is linear: only the disc's raggedness is left."""
    centre = middle(GEOMETRY) + u * axes[0]
    disc = mark(KIND.CIRCLE, [centre, centre + radius * axes[1]], axes[2])
    image = plane_picture(SERIES, GEOMETRY, RAMP, disc)
    found = world.values(disc, image)
    slope = np.linalg.norm([3.0, -2.0, 5.0])
    assert found["mean"] == pytest.approx(float(ramp(centre)), abs=slope * 0.8)
    # About as many samples as fit, a sample being the smallest side of a voxel squared.
    assert found["pixels"] == pytest.approx(math.pi * radius**2 / 0.64, rel=0.35)
    assert found["largest"] <= ramp(centre) + slope * radius + 1e-2


@pytest.mark.requirement("B-36")
def test_on_the_volumes_own_slices_the_samples_are_its_voxels() -> None:
    voxels = noise(frames([0, 2, 4, 6], rows=12, columns=10, pixel_spacing=(1.0, 1.0)))
    stack = series(frames([0, 2, 4, 6], rows=12, columns=10))
    axes = standard_planes(voxels.geometry)[Plane.AXIAL]
    corners = [np.array([x, y, 4.0]) for x, y in ((1.5, 2.5), (6.5, 2.5), (6.5, 9.5), (1.5, 9.5))]
    box = mark(KIND.RECTANGLE, corners, np.array(axes.normal))
    found = world.values(box, plane_picture(stack, voxels.geometry, voxels, box))
    part = voxels.values[2, 3:10, 2:7].astype(np.float64)
    assert found["pixels"] == part.size
    assert found["mean"] == pytest.approx(part.mean(), rel=1e-6)
    assert found["deviation"] == pytest.approx(part.std(), rel=1e-6)


def test_a_probe_gives_the_voxel_and_a_slab_its_projection() -> None:
    stack = series(frames([0, 2, 4, 6], rows=12, columns=10))
    voxels = noise(stack.frames)
    place = np.array([3.3, 4.4, 2.9])
    probe = mark(KIND.PROBE, [place], np.array([0.0, 0.0, 1.0]))
    plane = plane_picture(stack, voxels.geometry, voxels, probe)
    assert measured(probe, plane).results[0].value == voxels.values[1, 4, 3]
    slab = Slab(20.0, Projection.MIP)
    probe = replace(probe, slab=slab)
    thick = plane_picture(stack, voxels.geometry, voxels, probe)
    assert measured(probe, thick).results[0].value == voxels.values[:, 4, 3].max()


def test_slices_that_have_not_come_are_no_data() -> None:
    stack = series(frames([0, 2, 4, 6], rows=12, columns=10))
    voxels = noise(stack.frames, present=np.array([True, False, True, True]))
    probe = mark(KIND.PROBE, [np.array([3.3, 4.4, 2.1])], np.array([0.0, 0.0, 1.0]))
    result = measured(probe, plane_picture(stack, voxels.geometry, voxels, probe)).results[0]
    assert (result.value, result.note.chinese) == (None, "此处没有数据")


def test_what_is_interpolated_or_reduced_says_so() -> None:
    centre = middle(GEOMETRY)
    disc = mark(KIND.CIRCLE, [centre, centre + np.array([3.0, 0, 0])], np.array([0.0, 0.0, 1.0]))
    whole = world.found(measured(disc, plane_picture(SERIES, GEOMETRY, RAMP, disc)))
    assert whole["mean"].note.chinese == "重建图像上的插值"
    coarse = replace(RAMP, reduction=(1, 2, 2))
    found = world.found(measured(disc, plane_picture(SERIES, GEOMETRY, coarse, disc)))
    assert found["mean"].note.chinese == "按降低的分辨率取值"


@pytest.mark.requirement("B-29", "C-14")
def test_a_fused_picture_gives_hounsfield_units_and_suv() -> None:
    times = {"acquisition_datetime": "2026-03-01T09:00:05"}
    ct = series(frames([0, 2, 4, 6], rows=12, columns=10))
    pt = replace(
        series(frames([0, 3, 6], rows=8, columns=8, pixel_spacing=(2.0, 2.0), **times), "PT"),
        pet=PET,
    )
    below, above = noise(ct.frames), noise(pt.frames, seed=3)
    probe = mark(KIND.PROBE, [np.array([4.1, 6.2, 3.1])], np.array([0.0, 0.0, 1.0]))
    base = plane_picture(ct, below.geometry, below, probe)
    both = measured(probe, fused_picture(base, pt, above)).results
    assert [(one.modality, one.unit) for one in both] == [("CT", "HU"), ("PT", "SUVbw")]
    assert both[0].value == below.values[2, 6, 4]
    factor = both[1].value / float(above.values[1, 3, 2])
    assert factor == pytest.approx(70_000 / (370e6 * 2 ** (-3600 / 6586.2)))


def test_a_plane_needs_a_patient_a_normal_and_a_volume() -> None:
    point = np.array([1.0, 2.0, 3.0])
    probe = mark(KIND.PROBE, [point], np.array([0.0, 0.0, 1.0]))
    image = plane_picture(SERIES, GEOMETRY, None, probe)
    with pytest.raises(ValueError, match="no image coordinates"):
        measured(replace(probe, frame_of_reference_uid=""), image)
    for wrong, geometry in (
        (replace(probe, frame_of_reference_uid=""), GEOMETRY),
        (replace(probe, normal=(0.0, 0.0, 0.0)), GEOMETRY),
        (probe, VolumeGeometry(GEOMETRY.state)),
    ):
        with pytest.raises(ValueError, match=r"patient|normal"):
            plane_picture(SERIES, geometry, None, wrong)
