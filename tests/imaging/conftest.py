"""An image cloud with one institution, and synthetic series whose pixels are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom.data
import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from server import clock
from server.cloud import ImageCloud
from server.model import Instance, Institution, Series, Study
from server.settings import Settings

WHEEL = Path(pydicom.data.__file__).parent / "test_files"
SHARED = Path(__file__).parents[3] / "shared" / "data"

Pixels = np.ndarray[Any, np.dtype[Any]]


def ct_slice(pixels: Pixels, number: int, series_uid: str, **elements: Any) -> Dataset:
    """A CT slice of 12 bits, 2 mm from the one before it."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = series_uid
    dataset.Modality = "CT"
    dataset.InstanceNumber = number
    dataset.ImagePositionPatient = [0, 0, 2.0 * number]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [0.5, 0.5]
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
    dataset.WindowCenter, dataset.WindowWidth = 40, 400
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.PixelData = pixels.astype("<u2").tobytes()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def phantom(number: int, rows: int = 96, columns: int = 80) -> Pixels:
    """A smooth body with some noise, different for each number."""
    y, x = np.mgrid[:rows, :columns]
    body = 1024 + 200 * np.cos(x / 9 + number) * np.sin(y / 11)
    noise = np.random.default_rng(number).normal(0, 8, (rows, columns))
    return np.clip(body + noise, 0, 4095).astype(np.uint16)


def as_file(dataset: Dataset) -> bytes:
    target = BytesIO()
    dataset.save_as(target, enforce_file_format=True)
    return target.getvalue()


@dataclass(frozen=True)
class Stored:
    """What was put into the cloud."""

    study_id: str
    series_id: str


@pytest.fixture
def cloud(settings: Settings, open_test_cloud: Callable[[Settings], ImageCloud]) -> ImageCloud:
    opened = open_test_cloud(settings)
    with opened.database.session() as session:
        session.add(
            Institution(
                code="500000000000000001",
                name="影云演示医院",
                province_code="500000",
                province_name="重庆",
            )
        )
    return opened


@pytest.fixture
def store_series(cloud: ImageCloud) -> Callable[..., Stored]:
    """Stores DICOM files as one series of a new study, without making pictures."""

    def store(files: list[bytes], *, modality: str = "CT") -> Stored:
        with cloud.database.session() as session:
            study = Study(
                study_uid=generate_uid(),
                cloud_index=generate_uid(),
                institution=session.query(Institution).one(),
                data_key=cloud.vault.new_data_key(session),
                patient_name="张三",
                study_datetime=clock.now(),
                modality=modality,
            )
            series = Series(
                series_uid=generate_uid(), study=study, modality=modality, series_number=1
            )
            session.add_all([study, series])
            session.flush()
            for data in files:
                add_instance(cloud, series, data)
            return Stored(study.study_id, series.series_id)

    return store


def add_instance(cloud: ImageCloud, series: Series, data: bytes) -> None:
    """Add one received object to a series that is in a session."""
    dataset = pydicom.dcmread(BytesIO(data), force=True, stop_before_pixels=True)
    key = f"studies/{series.study_id}/instances/{generate_uid()}"
    cloud.vault.write(series.study.data_key, key, data)
    series.instances.append(
        Instance(
            sop_instance_uid=generate_uid(),
            sop_class_uid="",
            transfer_syntax_uid="",
            instance_number=dataset.get("InstanceNumber"),
            object_key=key,
            sha256="",
            size=len(data),
        )
    )


@pytest.fixture
def ct_series(store_series: Callable[..., Stored]) -> Stored:
    """Five CT slices, delivered in a jumbled order."""
    uid = generate_uid()
    slices = [as_file(ct_slice(phantom(number), number, uid)) for number in (4, 2, 5, 1, 3)]
    return store_series(slices)
