"""dicomweb-client, an independent implementation, stores with us, finds and fetches."""

from __future__ import annotations

import hashlib

import numpy as np
import pydicom
import pytest
from dicomweb_client import DICOMwebClient
from sqlalchemy import select

from server.model import Instance, Series, Study
from tests.dicomweb.case import DicomwebCase, files_of, read, slices
from tests.imaging.conftest import as_file


def peer(case: DicomwebCase, address: str) -> DICOMwebClient:
    return DICOMwebClient(address, headers=case.headers())


@pytest.mark.requirement("D-35")
def test_dicomweb_client_stores_finds_and_fetches(case: DicomwebCase, served: str) -> None:
    client = peer(case, served)
    sent = [read(one) for one in files_of(slices(3))]
    answer = client.store_instances(sent)
    assert len(answer.ReferencedSOPSequence) == 3
    assert "FailedSOPSequence" not in answer

    study_uid, series_uid = sent[0].StudyInstanceUID, sent[0].SeriesInstanceUID
    (found,) = client.search_for_studies(search_filters={"PatientName": "zhang^s*"})
    assert found["0020000D"]["Value"] == [study_uid]
    assert found["00100010"]["Value"] == [{"Alphabetic": "Zhang^San", "Ideographic": "张^三"}]
    assert found["00201208"]["Value"] == [3]
    (series,) = client.search_for_series(study_uid)
    assert series["0020000E"]["Value"] == [series_uid]
    assert len(client.search_for_instances(study_uid, series_uid)) == 3

    kept = client.retrieve_series(study_uid, series_uid, media_types=(("application/dicom", "*"),))
    assert {one.SOPInstanceUID for one in kept} == {one.SOPInstanceUID for one in sent}
    metadata = client.retrieve_series_metadata(study_uid, series_uid)
    by_uid = {one["00080018"]["Value"][0]: one for one in metadata}
    for one in sent:
        described = pydicom.Dataset.from_json(by_uid[one.SOPInstanceUID])
        assert described.PatientName == one.PatientName
        assert described.ImagePositionPatient == one.ImagePositionPatient
        (frame,) = client.retrieve_instance_frames(study_uid, series_uid, one.SOPInstanceUID, [1])
        pixels = np.frombuffer(frame, "<u2").reshape(one.Rows, one.Columns)
        assert np.array_equal(pixels, read(as_file(one)).pixel_array)
    rendered = client.retrieve_instance_rendered(
        study_uid, series_uid, sent[0].SOPInstanceUID, media_types=("image/png",)
    )
    assert rendered.startswith(b"\x89PNG")
    (bulk,) = client.retrieve_bulkdata(
        f"{served}/studies/{study_uid}/series/{series_uid}"
        f"/instances/{sent[0].SOPInstanceUID}/bulkdata/7FE00010"
    )
    assert bulk == sent[0].PixelData


@pytest.mark.requirement("D-41")
def test_what_is_stored_is_sent_back_bit_by_bit(case: DicomwebCase) -> None:
    files = files_of(slices(2))
    assert case.stow(*files).status_code == 200
    with case.cloud.database.session() as session:
        own = select(Instance).join(Series).join(Study)
        own = own.where(Study.institution_id == case.institution.id)
        hashes = {one.sha256 for one in session.scalars(own)}
    assert hashes == {hashlib.sha256(one).hexdigest() for one in files}
