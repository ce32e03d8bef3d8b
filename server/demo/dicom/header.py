"""The modules that all images share: patient, study, series, equipment (PS3.3 C.7, C.12)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRLittleEndian

from server.demo.dicom import iso2022
from server.demo.dicom.identity import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    unique_id,
)
from server.demo.dicom.subjects import SeriesHeader, StudyHeader


def dicom_time(moment: datetime) -> str:
    """Return a TM value."""
    return moment.strftime("%H%M%S.%f")


def _patient(dataset: Dataset, study: StudyHeader) -> None:
    patient = study.patient
    dataset.PatientName = patient.dicom_name
    dataset.PatientID = patient.patient_id
    dataset.IssuerOfPatientID = study.hospital.code
    dataset.PatientBirthDate = patient.birth_date.strftime("%Y%m%d")
    dataset.PatientSex = patient.sex
    dataset.PatientAge = f"{patient.age_at(study.taken_at.date()):03d}Y"
    dataset.PatientSize = f"{patient.size:.2f}"
    dataset.PatientWeight = f"{patient.weight:.1f}"


def _study(dataset: Dataset, study: StudyHeader) -> None:
    dataset.StudyInstanceUID = unique_id(study.key)
    dataset.StudyDate = study.taken_at.strftime("%Y%m%d")
    dataset.StudyTime = dicom_time(study.taken_at)
    dataset.ReferringPhysicianName = study.referring_physician
    dataset.StudyID = study.accession_number[-8:]
    dataset.AccessionNumber = study.accession_number
    dataset.StudyDescription = study.description
    if study.priority:
        dataset.RequestedProcedurePriority = study.priority


def _series(dataset: Dataset, study: StudyHeader, series: SeriesHeader) -> None:
    began = study.taken_at + timedelta(seconds=series.begins_after)
    dataset.Modality = series.modality
    dataset.SeriesInstanceUID = unique_id(study.key, series.key)
    dataset.SeriesNumber = series.number
    dataset.SeriesDate = began.strftime("%Y%m%d")
    dataset.SeriesTime = dicom_time(began)
    dataset.SeriesDescription = series.description
    dataset.ProtocolName = series.protocol
    dataset.BodyPartExamined = series.body_part
    dataset.PerformingPhysicianName = study.performing_physician
    dataset.Manufacturer = study.hospital.manufacturer
    dataset.InstitutionName = study.hospital.name
    dataset.InstitutionAddress = study.hospital.address
    dataset.InstitutionalDepartmentName = study.hospital.department
    dataset.StationName = series.station
    dataset.ManufacturerModelName = series.model
    dataset.DeviceSerialNumber = "DEMO-0001"
    dataset.SoftwareVersions = "YINGYUN DEMO 1"


def new_image(
    study: StudyHeader, series: SeriesHeader, sop_class: UID, number: int, after: float = 0.0
) -> Dataset:
    """Return a dataset with the shared modules; `after` is the acquisition's delay in seconds."""
    dataset = Dataset()
    # Text is kept as str until writing; pydicom encodes it in this character set.
    dataset.SpecificCharacterSet = (
        study.character_set[0] if len(study.character_set) == 1 else list(study.character_set)
    )
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = unique_id(study.key, series.key, number)
    _patient(dataset, study)
    _study(dataset, study)
    _series(dataset, study, series)
    moment = study.taken_at + timedelta(seconds=series.begins_after + after)
    dataset.InstanceNumber = number
    dataset.AcquisitionNumber = 1
    dataset.AcquisitionDate = dataset.ContentDate = moment.strftime("%Y%m%d")
    dataset.AcquisitionTime = dataset.ContentTime = dicom_time(moment)
    dataset.InstanceCreationDate = dataset.ContentDate
    dataset.InstanceCreationTime = dataset.ContentTime
    dataset.TimezoneOffsetFromUTC = "+0800"
    return dataset


def set_frame_of_reference(dataset: Dataset, study: StudyHeader, name: str) -> None:
    """Say in which space the image lies; images of the same name share it."""
    dataset.FrameOfReferenceUID = unique_id(study.key, "frame of reference", name)
    dataset.PositionReferenceIndicator = ""


def set_pixels(dataset: Dataset, values: npt.NDArray[np.generic], bits_stored: int) -> None:
    """Put a monochrome 16-bit image (rows, columns) into the dataset (PS3.3 C.7.6.3)."""
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = values.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = bits_stored
    dataset.HighBit = bits_stored - 1
    dataset.PixelRepresentation = 1 if values.dtype == np.int16 else 0
    dataset.PixelData = values.astype(values.dtype.newbyteorder("<")).tobytes()
    dataset["PixelData"].VR = "OW"


def save(
    dataset: Dataset,
    path: Path,
    compression: UID | None = None,
    written_as: UID = ExplicitVRLittleEndian,
) -> Path:
    """Write the file (PS3.10), compressed losslessly when `compression` is given.

    `written_as` is the transfer syntax in which the pixels are already.
    """
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = written_as
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    dataset.file_meta = meta
    if compression is not None:
        dataset.compress(compression, generate_instance_uid=False)
    if iso2022.CHARACTER_SET in dataset.SpecificCharacterSet:
        iso2022.encode_dataset(dataset)
    path.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(path, dataset, enforce_file_format=True)
    return path
