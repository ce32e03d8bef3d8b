"""Pseudo-colour beside the palettes of the standard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from viewer_py.pixels.color_maps import COLOR_MAPS, LABELS, colored, colors_of

PALETTES = Path(pydicom.__file__).parent / "data" / "palettes"
RAMP = np.arange(256, dtype=np.uint8)


@pytest.mark.requirement("B-35", "C-23")
@pytest.mark.parametrize("name", ["hot_iron", "pet", "hot_metal_blue", "pet_20_step"])
def test_the_palettes_of_the_standard(name: str) -> None:
    dataset = pydicom.dcmread(PALETTES / f"{name.replace('_', '')}.dcm")
    channels = [dataset[f"{color}PaletteColorLookupTableData"].value for color in _COLORS]
    standard = np.stack([np.frombuffer(channel, np.uint8) for channel in channels], axis=1)
    assert np.abs(colors_of(name).astype(int) - standard).max() <= 1


_COLORS = ("Red", "Green", "Blue")


@pytest.mark.requirement("B-35", "C-23")
@pytest.mark.parametrize("name", COLOR_MAPS)
def test_a_grey_ramp_yields_the_colour_table(name: str) -> None:
    image = RAMP.reshape(16, 16)
    assert np.array_equal(colored(image, name).reshape(256, 3), COLOR_MAPS[name])
    assert COLOR_MAPS[name].shape == (256, 3)
    assert all(LABELS[name])


@pytest.mark.requirement("B-35", "C-23")
def test_without_a_map_grey_stays_grey() -> None:
    assert np.array_equal(colored(RAMP, ""), np.repeat(RAMP[:, None], 3, axis=1))


def test_no_two_maps_are_alike() -> None:
    assert len({one.tobytes() for one in COLOR_MAPS.values()}) == len(COLOR_MAPS)


def test_the_helix_grows_evenly_brighter() -> None:
    brightness = colors_of("cubehelix") @ np.array([0.30, 0.59, 0.11])
    assert np.abs(brightness - RAMP).max() < 4


def test_an_unknown_map_is_refused_and_a_map_cannot_be_changed() -> None:
    with pytest.raises(KeyError):
        colors_of("nonsense")
    with pytest.raises(ValueError, match="read-only"):
        colors_of("pet")[0] = 1
