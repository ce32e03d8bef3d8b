"""Series of real files beside the repository, read with pydicom alone."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import Dataset

from viewer_py.dicom.manifest import FrameAttributes

DATA = Path(__file__).parents[3] / "shared" / "data"


def datasets(folder: str, prefix: str = "") -> list[Dataset]:
    """Return the images of a folder whose file names start with `prefix`, by file name."""
    with (DATA / "INDEX.csv").open(encoding="utf-8") as index:
        paths = sorted(row["path"] for row in csv.DictReader(index) if row["parse"] == "ok")
    chosen = (path for path in paths if path.startswith(f"{folder}/{prefix}"))
    return list(_images(chosen))


def _images(paths: Iterator[str]) -> Iterator[Dataset]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in paths:
            dataset = pydicom.dcmread(DATA / path, force=True)
            if "PixelData" in dataset and dataset.get("Modality") != "SEG":
                yield dataset


def _numbers(value: Any) -> tuple[float, ...] | None:
    return None if value is None else tuple(float(one) for one in value)


def attributes(dataset: Dataset) -> FrameAttributes:
    """Return what volumes need of a single-frame object."""
    return FrameAttributes(
        str(dataset.SOPInstanceUID),
        1,
        dataset.Rows,
        dataset.Columns,
        samples_per_pixel=dataset.SamplesPerPixel,
        signed=bool(dataset.PixelRepresentation),
        instance_number=int(dataset.InstanceNumber),
        rescale_slope=float(dataset.get("RescaleSlope") or 1),
        rescale_intercept=float(dataset.get("RescaleIntercept") or 0),
        pixel_padding_value=dataset.get("PixelPaddingValue"),
        image_position_patient=_numbers(dataset.get("ImagePositionPatient")),
        image_orientation_patient=_numbers(dataset.get("ImageOrientationPatient")),
        pixel_spacing=_numbers(dataset.get("PixelSpacing")),
        frame_of_reference_uid=str(dataset.get("FrameOfReferenceUID", "")),
        echo_time=float(dataset.EchoTime) if dataset.get("EchoTime") else None,
    )


def modality_values(dataset: Dataset) -> np.ndarray:
    """Return the modality values of a single-frame object."""
    slope, intercept = dataset.get("RescaleSlope") or 1, dataset.get("RescaleIntercept") or 0
    values: np.ndarray = dataset.pixel_array * float(slope) + float(intercept)
    return values
