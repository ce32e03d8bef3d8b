"""A series becomes a volume: what its numbers mean, and in which resolution."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.volume.phantoms import (
    AXIAL,
    frames,
    grid,
    middle,
    noise,
    pixel_points,
    points_of,
    ramp,
    series,
)
from viewer_py.dicom.manifest import FrameAttributes, LookupTable, SeriesManifest
from viewer_py.volume.assemble import (
    NO_DATA,
    assemble,
    modality_slice,
    reduce_frame,
    reduced_geometry,
    same_rescale,
    to_index,
    volume_of,
)
from viewer_py.volume.model import Slab, Volume, VolumeGeometry
from viewer_py.volume.reslice import reslice
from viewer_py.volume.states import volume_geometry


def made(
    changes: dict[int, dict[str, Any]] | None = None, **attributes: Any
) -> tuple[SeriesManifest, VolumeGeometry, list[np.ndarray]]:
    stack = [
        replace(frame, **(changes or {}).get(number, {}))
        for number, frame in enumerate(frames([9.0, 6.0, 3.0, 0.0], **attributes))
    ]
    random = np.random.default_rng(2)
    stored = [random.integers(1, 2000, (12, 10), dtype=np.uint16) for _ in stack]
    return series(stack), volume_geometry(stack), stored


def test_slices_ascend_whatever_the_reading_order() -> None:
    manifest, geometry, stored = made(rescale_slope=2.0, rescale_intercept=-1024.0)
    volume = assemble(manifest, geometry, stored.__getitem__)
    np.testing.assert_array_equal(volume.values, stored[::-1])
    assert volume.values.dtype == np.uint16
    assert (volume.slope, volume.intercept, volume.has_padding) == (2.0, -1024.0, False)
    assert volume.present.all()


def test_slices_with_a_slope_each_become_modality_values() -> None:
    """PET (trap 5): the rescale is per image, and applied once."""
    manifest, geometry, stored = made({0: {"rescale_slope": 3.0}}, rescale_slope=2.0)
    assert not same_rescale(manifest, geometry)
    volume = assemble(manifest, geometry, stored.__getitem__)
    assert volume.values.dtype == np.float32
    assert (volume.slope, volume.intercept) == (1.0, 0.0)
    np.testing.assert_array_equal(volume.values[3], stored[0] * 3.0)
    np.testing.assert_array_equal(volume.values[0], stored[3] * 2.0)


def test_a_modality_lut_is_applied_once() -> None:
    table = LookupTable(0, 16, tuple(range(4000, 2000, -1)))
    manifest, geometry, stored = made(modality_lut=table)
    volume = assemble(manifest, geometry, stored.__getitem__)
    np.testing.assert_array_equal(volume.values, 4000 - np.array(stored[::-1], dtype=int))
    assert volume.slope == 1.0


def test_padding_is_carried_along() -> None:
    manifest, geometry, stored = made(pixel_padding_value=5, pixel_padding_range_limit=1)
    volume = assemble(manifest, geometry, stored.__getitem__)
    assert (volume.has_padding, volume.padding_low, volume.padding_high) == (True, 1, 5)


def test_padding_that_differs_becomes_no_data() -> None:
    manifest, geometry, stored = made({0: {"pixel_padding_value": 7}}, pixel_padding_value=9)
    stored[0][2, 3], stored[1][2, 3], stored[1][2, 4] = 7, 9, 7
    volume = assemble(manifest, geometry, stored.__getitem__)
    assert volume.values[3, 2, 3] == volume.values[2, 2, 3] == volume.padding_low == NO_DATA
    assert volume.values[2, 2, 4] == 7
    axes = AXIAL
    found = reslice(volume, grid(axes, (3.0, 2.0, 9.0), 1, 1))
    assert not found.valid.any()


def test_slices_that_have_not_arrived_are_no_data() -> None:
    manifest, geometry, stored = made()
    volume = assemble(manifest, geometry, lambda index: None if index == 1 else stored[index])
    assert volume.present.tolist() == [True, True, False, True]
    with pytest.raises(ValueError, match="no slice"):
        assemble(manifest, geometry, lambda index: None)


def test_a_block_that_is_there_is_not_copied() -> None:
    manifest, geometry, stored = made()
    block = np.array(stored[::-1])
    volume = volume_of(manifest, geometry, block, np.ones(4, dtype=bool))
    assert volume.values is block
    with pytest.raises(ValueError, match="shape"):
        volume_of(manifest, geometry, block[:3], np.ones(4, dtype=bool))


def test_what_is_not_a_volume_is_not_assembled() -> None:
    manifest, _, stored = made()
    with pytest.raises(ValueError, match="not a volume"):
        assemble(manifest, volume_geometry(manifest.frames[:2]), stored.__getitem__)


class TestReduction:
    """Less resolution where the full one does not fit."""

    def test_blocks_are_means(self) -> None:
        values = np.arange(7 * 9, dtype=np.int16).reshape(7, 9)
        reduced = reduce_frame(values, None, (2, 4))
        expected = values[:6, :8].reshape(3, 2, 2, 4).mean(axis=(1, 3))
        assert reduced.dtype == np.int16
        np.testing.assert_array_equal(reduced, np.rint(expected))

    def test_padding_has_no_part_in_a_mean(self) -> None:
        values = np.array([[-2000, 10, -2000, -2000], [20, 30, -2000, 50]], dtype=np.int16)
        assert reduce_frame(values, (-2000, -2000), (2, 2)).tolist() == [[20, -2000]]

    @given(
        st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 4)),
        st.sampled_from(["even", "tilted", "missing"]),
    )
    @settings(deadline=None)
    def test_a_ramp_stays_itself(self, reduction: tuple[int, int, int], kind: str) -> None:
        """A mean over a block lies at the block's centre: no half pixel is lost."""
        stacks = {
            "even": frames(np.arange(12) * 2.0, 20, 24, (0.8, 1.1)),
            "tilted": frames(np.arange(12) * 2.0, 20, 24, (0.8, 1.1), shift=(0, 0.3, 0)),
            "missing": frames([0.0, 2, 4, 6, 14, 16, 18, 20, 22], 20, 24, (0.8, 1.1)),
        }
        stack = stacks[kind]
        stored = [ramp(pixel_points(frame)) for frame in stack]
        geometry = volume_geometry(stack)
        volume = assemble(series(stack), geometry, stored.__getitem__, reduction)
        assert volume.reduction == reduction
        grid_ = grid(AXIAL, middle(geometry), 5, 5)
        points = points_of(grid_)
        found = reslice(volume, grid_, Slab())
        inner = self._inner(volume, points)
        np.testing.assert_allclose(found.values[inner], ramp(points)[inner], atol=0.01)

    def _inner(self, volume: Volume, points: np.ndarray) -> np.ndarray:
        index = to_index(volume.geometry, points)
        highest = np.array(volume.values.shape) - 1
        with np.errstate(invalid="ignore"):
            inside = ((index >= 0) & (index <= highest)).all(axis=-1)
        at_a_gap = np.isin(
            index[..., 0], [*volume.geometry.gaps, *(gap + 1 for gap in volume.geometry.gaps)]
        )
        found: np.ndarray = inside & ~at_a_gap
        return found

    def test_every_third_slice_is_at_its_place(self) -> None:
        geometry = volume_geometry(frames([0.0, 2, 4, 6, 14, 16, 18, 20, 22]))
        reduced = reduced_geometry(geometry, (3, 1, 1))
        assert reduced.frames == (0, 3, 6)
        assert reduced.positions == pytest.approx((0, 6, 18))
        assert reduced.nominal_distance == pytest.approx(6)
        assert reduced.gaps == (1,)

    def test_full_is_the_same(self) -> None:
        geometry = volume_geometry(frames(range(5)))
        assert reduced_geometry(geometry, (1, 1, 1)) is geometry

    @pytest.mark.parametrize("reduction", [(0, 1, 1), (1, 13, 1), (1, 1, 11)])
    def test_what_leaves_nothing_is_refused(self, reduction: tuple[int, int, int]) -> None:
        with pytest.raises(ValueError, match="reduction"):
            reduced_geometry(volume_geometry(frames(range(5))), reduction)


def test_modality_values_of_a_slice_are_those_of_the_pipeline() -> None:
    frame = FrameAttributes(
        "1", 1, 1, 3, rescale_slope=0.5, rescale_intercept=-3.0, pixel_padding_value=4
    )
    found = modality_slice(np.array([[2, 4, 8]], dtype=np.int16), frame)
    assert found.tolist() == [[-2.0, NO_DATA, 1.0]]


def test_random_volume_keeps_its_frame_for_words() -> None:
    assert noise(frames(range(5))).frame.sop_instance_uid == "1.2.3"
