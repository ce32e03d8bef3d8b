"""Objective figures against SimpleITK, and against phantoms whose figures are known."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
import SimpleITK

from server.quality import figures

RANDOM = np.random.default_rng(20261121)


def disc(side: int = 200, radius: float = 70, center: tuple[float, float] = (99.5, 99.5)):
    y, x = np.mgrid[:side, :side]
    return (np.hypot(y - center[0], x - center[1]) < radius).astype(np.float64)


@pytest.mark.requirement("I-10")
def test_error_and_psnr_are_those_of_simpleitk() -> None:
    one = RANDOM.integers(0, 4096, (61, 83)).astype(np.uint16)
    other = np.clip(one + RANDOM.normal(0, 25, one.shape), 0, 4095).astype(np.uint16)
    pair = [
        SimpleITK.Cast(SimpleITK.GetImageFromArray(x), SimpleITK.sitkFloat64) for x in (one, other)
    ]
    statistics = SimpleITK.StatisticsImageFilter()
    statistics.Execute(SimpleITK.SquaredDifference(*pair))
    expected = statistics.GetMean()
    assert figures.mean_squared_error(one, other) == pytest.approx(expected, rel=1e-12)
    psnr = 20 * math.log10(4095) - 10 * math.log10(expected)
    assert figures.peak_signal_to_noise_ratio(one, other, 4095) == pytest.approx(psnr, rel=1e-12)
    assert figures.peak_signal_to_noise_ratio(one, one, 4095) == math.inf
    with pytest.raises(ValueError, match="shape"):
        figures.mean_squared_error(one, other[1:])


@pytest.mark.requirement("I-10")
@pytest.mark.parametrize("sigma", [2.0, 15.0, 60.0])
def test_noise_is_found_under_edges_and_ramps(sigma: float) -> None:
    y, x = np.mgrid[:200, :200]
    clean = 1000 * disc() + 3 * x - 2 * y
    noisy = clean + RANDOM.normal(0, sigma, clean.shape)
    assert figures.noise(noisy) == pytest.approx(sigma, rel=0.05)
    assert figures.noise(clean) == 0
    assert figures.noise(noisy, disc() > 0) == pytest.approx(sigma, rel=0.05)


@pytest.mark.requirement("I-10")
def test_noise_is_the_median_of_simpleitk_s_convolution() -> None:
    values = 40 * disc(64, 20, (30, 30)) + RANDOM.normal(0, 7, (64, 64))
    kernel = SimpleITK.GetImageFromArray(np.outer([1.0, -2, 1], [1.0, -2, 1]))
    found = SimpleITK.Convolution(SimpleITK.GetImageFromArray(values), kernel)
    inner = np.abs(SimpleITK.GetArrayFromImage(found)[1:-1, 1:-1])
    # 1.4826 is the usual consistency factor of the median absolute deviation.
    assert figures.noise(values) == pytest.approx(1.4826 * np.median(inner) / 6, rel=1e-4)


@pytest.mark.requirement("I-10")
def test_foreground_is_otsu_s_of_simpleitk() -> None:
    values = 800 * disc() + RANDOM.normal(0, 40, (200, 200))
    otsu = SimpleITK.OtsuThreshold(SimpleITK.GetImageFromArray(values), 0, 1, 256)
    assert np.array_equal(figures.foreground(values), SimpleITK.GetArrayFromImage(otsu) > 0)
    assert not figures.foreground(np.full((8, 8), 5.0)).any()


@pytest.mark.requirement("I-10")
@pytest.mark.parametrize("sigma", [1.5, 2.5, 4.0])
def test_an_edge_of_known_blur_rises_as_computed(sigma: float) -> None:
    step = np.zeros((200, 200))
    step[:, 100:] = 500
    blurred = SimpleITK.GetArrayFromImage(
        SimpleITK.SmoothingRecursiveGaussian(SimpleITK.GetImageFromArray(step), sigma)
    )
    # The edge lies between two pixels; a central difference spans from -1/2 to 3/2 of them.
    normal = NormalDist(0, sigma)
    slope = (normal.cdf(1.5) - normal.cdf(-0.5)) / 2
    expected = 2 * NormalDist().inv_cdf(0.9) / (slope * math.sqrt(2 * math.pi))
    assert figures.rise_distance(blurred) == pytest.approx(expected, rel=0.03)
    assert expected == pytest.approx(2 * NormalDist().inv_cdf(0.9) * sigma, rel=0.13)
    assert figures.rise_distance(np.ones((9, 9))) is None


@pytest.mark.requirement("I-10")
def test_contrast_and_signal_to_noise_of_a_disc() -> None:
    mask = disc() > 0
    shown = np.where(mask, 0.9, 0.1)
    share = mask.mean()
    assert figures.contrast(shown) == pytest.approx(0.8 * math.sqrt(share * (1 - share)))
    noisy = 300 * disc() + RANDOM.normal(0, 20, mask.shape)
    assert figures.signal_to_noise(noisy, mask) == pytest.approx(15, rel=0.05)
    assert figures.signal_to_noise(300 * disc(), mask) is None


@pytest.mark.requirement("I-10")
def test_a_zipper_stands_out_of_noise() -> None:
    noisy = 300 * disc() + RANDOM.normal(0, 20, (200, 200))
    zipper = noisy + 10 * np.cos(np.pi * 0.8 * np.arange(200))
    assert figures.line_index(noisy) < 8
    assert figures.line_index(zipper) > 25
    assert figures.line_index(zipper.T) == pytest.approx(figures.line_index(zipper))


def test_the_offset_of_a_body_and_its_spread() -> None:
    aside = disc(200, 40, (99.5, 59.5))
    assert figures.center_offset(aside > 0) == pytest.approx(0.2, abs=0.002)
    assert figures.center_offset(np.zeros((4, 4), bool)) is None
    water = 1000 * disc() + RANDOM.normal(0, 10, (200, 200))
    assert figures.inner_spread(water, disc() > 0) < 0.02
    body = water + 300 * disc(200, 25, (90, 80)) - 200 * disc(200, 30, (120, 120))
    assert figures.inner_spread(body, disc() > 0) > 0.2


def test_smoothing_is_simpleitk_s_mean() -> None:
    values = RANDOM.normal(0, 1, (40, 50))
    expected = SimpleITK.Mean(SimpleITK.GetImageFromArray(values), (2, 2))
    assert np.allclose(figures.smoothed(values), SimpleITK.GetArrayFromImage(expected))
