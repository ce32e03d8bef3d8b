"""WADO-RS rendered and thumbnail: windows, regions, sizes and types (PS3.18 8.3.5)."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from flask import Flask
from PIL import Image
from pydicom import Dataset

from server.cloud import ImageCloud
from tests.dicomweb.case import (
    DicomwebCase,
    files_of,
    make_dicomweb_case,
    parts_of,
    path_of,
    slices,
)

PNG = "image/png"


@pytest.fixture(scope="module")
def kept(portal: Flask, centre: ImageCloud) -> tuple[DicomwebCase, list[Dataset]]:
    case = make_dicomweb_case(portal, centre)
    datasets = slices(3)
    assert case.stow(*files_of(datasets)).status_code == 200
    return case, datasets


def pixels(data: bytes) -> np.ndarray[Any, np.dtype[Any]]:
    return np.asarray(Image.open(io.BytesIO(data)))


def windowed(dataset: Dataset, center: float, width: float) -> np.ndarray[Any, np.dtype[Any]]:
    """LINEAR as PS3.3 C.11.2.1.2 writes it."""
    values = np.frombuffer(dataset.PixelData, "<u2").reshape(dataset.Rows, dataset.Columns)
    values = values.astype(float) - 1024
    shown = ((values - (center - 0.5)) / (width - 1) + 0.5) * 255
    return np.clip(shown, 0, 255)


def test_the_window_is_the_objects_or_the_one_asked_for(
    kept: tuple[DicomwebCase, list[Dataset]],
) -> None:
    case, datasets = kept
    for dataset in datasets:
        path = f"{path_of(dataset)}/rendered"
        usual = pixels(case.get(path, accept=PNG).data)
        assert np.abs(usual - windowed(dataset, 40, 400)).max() <= 1
        other = pixels(case.get(f"{path}?window=0,800,linear", accept=PNG).data)
        assert np.abs(other - windowed(dataset, 0, 800)).max() <= 1
        framed = case.get(f"{path_of(dataset)}/frames/1/rendered", accept=PNG)
        assert np.array_equal(pixels(framed.data), usual)


def test_sizes_regions_and_mirrors(kept: tuple[DicomwebCase, list[Dataset]]) -> None:
    case, (dataset, *_) = kept
    path = f"{path_of(dataset)}/rendered"
    usual = pixels(case.get(path, accept=PNG).data)
    assert pixels(case.get(f"{path}?viewport=40,48", accept=PNG).data).shape == (48, 40)
    assert pixels(case.get(f"{path}?viewport=100,48", accept=PNG).data).shape == (48, 40)
    region = pixels(case.get(f"{path}?viewport=20,10,30,40,20,10", accept=PNG).data)
    assert np.array_equal(region, usual[40:50, 30:50])
    mirrored = pixels(case.get(f"{path}?viewport=80,96,,,-80,-96", accept=PNG).data)
    assert np.array_equal(mirrored, usual[::-1, ::-1])


def test_types_and_quality(kept: tuple[DicomwebCase, list[Dataset]]) -> None:
    case, datasets = kept
    path = f"{path_of(datasets[0])}/rendered"
    usual = case.get(path)
    assert usual.mimetype == "image/jpeg"
    fine, coarse = (case.get(f"{path}?quality={one}").data for one in (95, 10))
    assert len(fine) > len(coarse)
    assert case.get(path, accept="image/gif").data.startswith(b"GIF8")
    assert case.get(f"{path}?accept=image/png").data.startswith(b"\x89PNG")
    assert case.get(path, accept="image/webp").status_code == 406
    series = path.partition("/instances")[0]
    for level in (series, series.partition("/series")[0]):
        parts = parts_of(
            case.get(f"{level}/rendered", accept='multipart/related; type="image/png"')
        )
        assert len(parts) == 3
        assert [pixels(one).shape for one in parts] == [(96, 80)] * 3
        moving = Image.open(io.BytesIO(case.get(f"{level}/rendered", accept="image/gif").data))
        assert getattr(moving, "n_frames", 1) == 3
        assert case.get(f"{level}/rendered", accept=PNG).status_code == 406
        small = pixels(case.get(f"{level}/thumbnail").data)
        assert max(small.shape[:2]) == 160
    little = case.get(f"{path_of(datasets[0])}/thumbnail?viewport=32,32")
    assert max(pixels(little.data).shape) == 32


def test_an_animation_does_not_fill_the_memory(
    kept: tuple[DicomwebCase, list[Dataset]], monkeypatch: pytest.MonkeyPatch
) -> None:
    case, datasets = kept
    monkeypatch.setattr("server.dicomweb.rendering.MOST_GIF_BYTES", 2 * 96 * 80)
    series = path_of(datasets[0]).partition("/instances")[0]
    answer = case.get(f"{series}/rendered", accept="image/gif")
    assert answer.status_code == 406
    assert "viewport" in answer.get_json(force=True)["detail"]


@pytest.mark.parametrize(
    "query",
    [
        f"quality=0000000100{'0' * 20}",
        "window=1,2",
        "window=1,0,linear",
        "window=1,2,cubic",
        "window=nan,2,linear",
        "viewport=0,10",
        "viewport=a,b",
        "viewport=1,2,3",
        "viewport=10,10,500,500,5,5",
        "viewport=99999,10",
        "quality=0",
        "quality=101",
        "quality=x",
    ],
)
def test_nonsense_is_refused(kept: tuple[DicomwebCase, list[Dataset]], query: str) -> None:
    case, (dataset, *_) = kept
    answer = case.get(f"{path_of(dataset)}/rendered?{query}")
    assert answer.status_code == 400
    assert " / " in answer.get_json()["detail"]
