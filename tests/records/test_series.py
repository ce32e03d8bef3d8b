"""All series of all devices come in whole, lossless, each file for itself (D-40)."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEGLSLossless,
    MRImageStorage,
    RLELossless,
    UltrasoundImageStorage,
    generate_uid,
)

from tests.dicomweb.case import path_of, read
from tests.imaging.conftest import as_file, ct_slice, phantom
from tests.records.case import ACCESSION, PATIENT_ID, RecordsCase

DEVICES = {
    "CT": (CTImageStorage, RLELossless),
    "MR": (MRImageStorage, JPEGLSLossless),
    "DX": (DigitalXRayImageStorageForPresentation, JPEGLSLossless),
    "CR": (ComputedRadiographyImageStorage, None),
    "US": (UltrasoundImageStorage, RLELossless),
}


def delivery() -> list[Dataset]:
    """Two series of each device and two files of each series, every file compressed by itself."""
    study_uid, made = generate_uid(), []
    for number, (modality, (sop_class, syntax)) in enumerate(DEVICES.items()):
        for part in (1, 2):
            series_uid = generate_uid()
            for position in (1, 2):
                dataset = ct_slice(
                    phantom(10 * number + 3 * part + position, 32, 32),
                    position,
                    series_uid,
                    StudyInstanceUID=study_uid,
                    SOPClassUID=sop_class,
                    Modality=modality,
                    SeriesNumber=10 * number + part,
                    PatientID=PATIENT_ID,
                    AccessionNumber=ACCESSION,
                    StudyDate="20260301",
                    StudyTime="103000",
                )
                dataset.file_meta.MediaStorageSOPClassUID = sop_class
                if syntax is not None:
                    dataset.compress(syntax, generate_instance_uid=False)
                made.append(dataset)
    return made


@pytest.mark.requirement("D-40", "E-05")
def test_every_series_of_every_device_is_whole_and_each_file_decodes_by_itself(
    hospital: RecordsCase,
) -> None:
    sent = delivery()
    hospital.send(sent)
    study = f"/studies/{sent[0].StudyInstanceUID}"
    listed = hospital.pacs.get(f"{study}/series", "application/dicom+json").get_json()
    told = {
        one["0020000E"]["Value"][0]: (one["00080060"]["Value"][0], one["00201209"]["Value"][0])
        for one in listed
    }
    assert len(told) == len({one.SeriesInstanceUID for one in sent}) == 2 * len(DEVICES)
    assert told == {one.SeriesInstanceUID: (one.Modality, 2) for one in sent}
    for dataset in sent:
        syntax = dataset.file_meta.TransferSyntaxUID
        accept = f"application/dicom; transfer-syntax={syntax}"
        alone = hospital.pacs.get(path_of(dataset), accept)
        assert alone.data == as_file(dataset), "lossless, byte for byte"
        decoded = read(alone.data).pixel_array
        assert np.array_equal(decoded, dataset.pixel_array)
        other = hospital.pacs.get(
            path_of(dataset), f"application/dicom; transfer-syntax={ExplicitVRLittleEndian}"
        )
        assert np.array_equal(read(other.data).pixel_array, dataset.pixel_array)
