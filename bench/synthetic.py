"""A CT of as many slices as wanted, put into a data home as one more series of a demo study."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from sqlalchemy import select

from bench import product
from server import settings as settings_module
from server.cloud import open_cloud
from server.ingest import ingest_paths
from server.model import Series, Study

SIDE = 512
STUDY = "胸部CT平扫"  # of the demo: a patient may see it


def add_ct(home: Path, slices: int) -> str:
    """Put the CT into a data home, with the demo first where there is none; return its series_id.

    The study opens with it when it is the longest series.
    """
    product.fill(home, STUDY)
    cloud = open_cloud(settings_module.load({"YINGYUN_HOME": str(home)}))
    with cloud.database.session() as session:
        study = session.scalars(select(Study).where(Study.description == STUDY)).first()
        assert study is not None
        wanted = select(Series.series_id).where(
            Series.study_id == study.study_id, Series.description == description(slices)
        )
        found = session.scalars(wanted).first()
        code, person_id = study.institution.code, study.person_id
        patient = study.study_uid, study.patient_id, study.patient_name
    if found is None:
        with tempfile.TemporaryDirectory(prefix="yingyun-ct-") as folder:
            write_ct(Path(folder), slices, patient)
            ingest_paths(cloud, [Path(folder)], institution_code=code, person_id=person_id)
        product.fill(home, STUDY)
    with cloud.database.session() as session:
        return session.scalars(wanted).one()


def description(slices: int) -> str:
    """Return the series description of a CT of so many slices."""
    return f"合成CT {slices}"


def write_ct(folder: Path, slices: int, patient: tuple[str, str, str]) -> None:
    """Write a body that changes from slice to slice, with the noise of a thin slice.

    `patient` is (Study Instance UID, Patient ID, name).
    """
    series_uid, frame_uid = generate_uid(), generate_uid()
    noise = np.random.default_rng(7).normal(0, 14, (2 * SIDE, 2 * SIDE))
    for number in range(1, slices + 1):
        dataset = _header(patient, series_uid, frame_uid, slices)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.InstanceNumber = number
        dataset.ImagePositionPatient = [-175.0, -175.0, 0.8 * number]
        shift = number * 97 % SIDE, number * 61 % SIDE
        dataset.PixelData = _slice(number / slices, noise, shift).tobytes()
        dataset.save_as(folder / f"{number:05d}.dcm", enforce_file_format=True)


def _slice(height: float, noise: NDArray[np.float64], shift: tuple[int, int]) -> NDArray[np.uint16]:
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    body = (x / 0.85) ** 2 + (y / 0.65) ** 2 < 1
    left = ((x + 0.4) / 0.28) ** 2 + (y / (0.2 + 0.25 * height)) ** 2 < 1
    right = ((x - 0.4) / 0.28) ** 2 + (y / (0.45 - 0.25 * height)) ** 2 < 1
    spine = x**2 + (y - 0.45) ** 2 < 0.015
    values = np.where(body, 40.0 + 10 * np.sin(9 * x + 12 * height), -1000.0)
    values = np.where((left | right) & body, -850.0, values)
    values = np.where(spine, 400.0, values)
    grain = noise[shift[0] : shift[0] + SIDE, shift[1] : shift[1] + SIDE]
    values += np.where(body, grain, grain / 4)
    # Outside the scanner's circle there is nothing but air, as reconstructions leave it.
    values[x**2 + y**2 > 1] = -1024
    return np.clip(values + 1024, 0, 4095).astype("<u2")


def _header(patient: tuple[str, str, str], series_uid: str, frame_uid: str, slices: int) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.SOPClassUID = CTImageStorage
    dataset.StudyInstanceUID, dataset.PatientID, dataset.PatientName = patient
    dataset.SeriesInstanceUID = series_uid
    dataset.FrameOfReferenceUID = frame_uid
    dataset.StudyDate, dataset.StudyTime = "20260309", "140512"
    dataset.StudyDescription, dataset.SeriesDescription = STUDY, description(slices)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.Modality, dataset.SeriesNumber = "CT", 9
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [350 / SIDE, 350 / SIDE]
    dataset.SliceThickness = 0.8
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
    dataset.WindowCenter, dataset.WindowWidth = 40, 400
    dataset.Rows = dataset.Columns = SIDE
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    return dataset


def main() -> None:
    """Put a CT into a data home from the shell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("--slices", type=int, default=1000)
    options = parser.parse_args()
    print(add_ct(options.home.resolve(), options.slices))


if __name__ == "__main__":
    main()
