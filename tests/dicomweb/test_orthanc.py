"""Orthanc, a PACS of other people's making, pushes by STOW-RS and pulls by QIDO-RS and WADO-RS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pydicom.uid import generate_uid

from server.cloud import ImageCloud
from tests.dicomweb.case import DicomwebCase, files_of, make_dicomweb_case, read, slices
from tests.dimse.orthanc import PROGRAM, Orthanc, orthanc
from tests.imaging.conftest import WHEEL, as_file
from tests.ingest.conftest import stored_objects
from tests.sending.case import data_set_hash

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
pytestmark = pytest.mark.skipif(
    not PROGRAM or not PLUGIN.exists(), reason="Orthanc with DICOMweb is not installed"
)
CENTRE = "/dicom-web/servers/centre"


@pytest.fixture(scope="module")
def hospital(portal: Flask, centre: ImageCloud) -> DicomwebCase:
    return make_dicomweb_case(portal, centre)


@pytest.fixture(scope="module")
def pacs(
    hospital: DicomwebCase, served: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Orthanc]:
    """Orthanc, which knows the centre as a DICOMweb server."""
    ours = {"Url": served, "HttpHeaders": hospital.headers()}
    settings = {
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "Servers": {"centre": ours}},
    }
    with orthanc(tmp_path_factory.mktemp("orthanc"), **settings) as made:
        yield made


def compressed() -> bytes:
    dataset = read((WHEEL / "MR_small_jpeg_ls_lossless.dcm").read_bytes())
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(dataset, keyword, generate_uid())
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return as_file(dataset)


def hashes(files: list[bytes]) -> dict[str, str]:
    """The hash of each data set by its UID; whoever sends writes file meta information anew."""
    return {str(read(one).SOPInstanceUID): data_set_hash(one) for one in files}


@pytest.mark.requirement("D-35")
def test_orthanc_pushes_finds_and_pulls(hospital: DicomwebCase, pacs: Orthanc) -> None:
    sent = [*files_of(slices(4)), compressed()]
    for one in sent:
        pacs.post("/instances", one)
    done: Any = pacs.post(
        f"{CENTRE}/stow", {"Resources": pacs.get("/studies"), "Synchronous": True}
    )
    assert done, "Orthanc says nothing of what it sent"
    kept = {uid: data_set_hash(data) for uid, data in stored_objects(hospital.cloud).items()}
    assert kept == hashes(sent)

    asked = {"Uri": "/studies", "Arguments": {"00100020": "P100"}}
    (found,) = pacs.post(f"{CENTRE}/qido", asked)
    assert found["00100010"]["Value"] == "Zhang^San"
    study_uid = found["0020000D"]["Value"]
    assert study_uid == read(sent[0]).StudyInstanceUID

    pacs.delete_all()
    assert pacs.get("/instances") == []
    others = read(sent[-1]).StudyInstanceUID
    wanted = [{"Study": study_uid}, {"Study": str(others)}]
    pacs.post(f"{CENTRE}/retrieve", {"Resources": wanted, "Synchronous": True})
    pulled = hashes(pacs.files())
    assert set(pulled) == set(kept)
    plain = hashes(sent[:-1])
    assert {uid: pulled[uid] for uid in plain} == plain
