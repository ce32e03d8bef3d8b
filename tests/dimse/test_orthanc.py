"""Orthanc pushes to the centre, finds and moves what is there, and has it committed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from io import BytesIO

import pydicom
import pytest
from sqlalchemy import select

from server.cloud import ImageCloud
from server.model import Instance, StorageCommitment, Study
from tests.dimse.case import CENTRE, Centre, Patient, chest, node, peer, running
from tests.dimse.orthanc import PROGRAM, TITLE, Orthanc, orthanc
from tests.gateway.case import uid_of
from tests.ingest.conftest import stored_objects

pytestmark = pytest.mark.skipif(not PROGRAM, reason="Orthanc is not installed")


def content_hash(data: bytes) -> str:
    """What an object says, every attribute and every pixel: Orthanc encodes data sets anew, without
    group lengths and padding (tests/dimse/test_dcmtk.py compares the bytes)."""
    dataset = pydicom.dcmread(BytesIO(data))
    for element in list(dataset):
        if element.tag.element == 0 or element.tag == 0xFFFCFFFC:
            del dataset[element.tag]
    said = json.dumps(dataset.to_json_dict(), sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


PATIENT = Patient(patient_id="P200", accession="A200", name="Li^Si=李^四")
SECONDS = 30


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as made:
        yield made


@pytest.fixture(scope="module")
def centre(open_cloud_here: ImageCloud, pacs: Orthanc) -> Iterator[Centre]:
    with running(open_cloud_here, [peer(TITLE, node=node(TITLE, pacs.dicom_port))]) as made:
        pacs.knows("centre", CENTRE, made.port)
        yield made


@pytest.fixture(scope="module")
def pushed(
    centre: Centre, pacs: Orthanc, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """A study that Orthanc sent: what each object says, as Orthanc keeps it."""
    for path in chest(tmp_path_factory.mktemp("in"), PATIENT):
        pacs.post("/instances", path.read_bytes())
    files = pacs.files()
    assert len(files) == 5
    (study,) = pacs.get("/studies")
    done = pacs.post("/modalities/centre/store", {"Resources": [study], "Synchronous": True})
    assert done["FailedInstancesCount"] == 0
    return {uid_of(data): content_hash(data) for data in files}


@pytest.mark.requirement("D-35", "E-13")
def test_what_orthanc_pushes_is_stored_as_it_was(centre: Centre, pushed: dict[str, str]) -> None:
    kept = {uid: content_hash(data) for uid, data in stored_objects(centre.cloud).items()}
    assert kept == pushed
    with centre.cloud.database.session() as session:
        study = session.scalars(select(Study)).one()
        header = (study.patient_id, study.dicom_patient_name, study.patient_sex)
        assert header == (PATIENT.patient_id, PATIENT.name, "F")
        assert study.accession_number == PATIENT.accession


def test_orthanc_finds_it_and_moves_it_back(
    centre: Centre, pacs: Orthanc, pushed: dict[str, str]
) -> None:
    assert pacs.post("/modalities/centre/echo", {}) == {}
    pacs.delete_all()
    asked = {"Level": "Study", "Query": {"PatientName": "li^s*", "StudyDate": "20260301"}}
    query = pacs.post("/modalities/centre/query", asked)["ID"]
    (answer,) = pacs.get(f"/queries/{query}/answers")
    found = pacs.get(f"/queries/{query}/answers/{answer}/content?simplify")
    assert found["StudyInstanceUID"] == PATIENT.study_uid
    assert found["PatientID"] == PATIENT.patient_id
    pacs.post(
        f"/queries/{query}/answers/{answer}/retrieve", {"TargetAet": TITLE, "Synchronous": True}
    )
    files = pacs.files()
    assert {uid_of(data): content_hash(data) for data in files} == pushed


def report_of(pacs: Orthanc, transaction: str) -> dict[str, list[dict[str, str]]]:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        report = pacs.get(f"/storage-commitment/{transaction}")
        if report["Status"] != "Pending":
            return report
        time.sleep(0.1)
    raise AssertionError("no report came")


def test_only_what_is_stored_is_committed(
    centre: Centre, pacs: Orthanc, pushed: dict[str, str]
) -> None:
    with centre.cloud.database.session() as session:
        rows = [
            (one.sop_class_uid, one.sop_instance_uid) for one in session.scalars(select(Instance))
        ]
    wanted = [{"SOPClassUID": kind, "SOPInstanceUID": uid} for kind, uid in rows]
    made = pacs.post("/modalities/centre/storage-commitment", {"DicomInstances": wanted})
    report = report_of(pacs, made["ID"])
    assert report["Status"] == "Success"
    assert {one["SOPInstanceUID"] for one in report["Success"]} == set(pushed)
    unknown = {"SOPClassUID": rows[0][0], "SOPInstanceUID": "1.2.3.4.5"}
    other_class = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "SOPInstanceUID": rows[0][1]}
    mixed = {"DicomInstances": [wanted[1], unknown, other_class]}
    report = report_of(pacs, pacs.post("/modalities/centre/storage-commitment", mixed)["ID"])
    assert report["Status"] == "Failure"
    assert [one["SOPInstanceUID"] for one in report["Success"]] == [wanted[1]["SOPInstanceUID"]]
    reasons = {one["SOPInstanceUID"]: one["FailureReason"] for one in report["Failures"]}
    assert reasons == {"1.2.3.4.5": 0x0112, rows[0][1]: 0x0119}
    end = time.monotonic() + SECONDS
    while waiting(centre.cloud) and time.monotonic() < end:
        time.sleep(0.05)  # the answer to the report is still on its way back
    assert waiting(centre.cloud) == []


def waiting(cloud: ImageCloud) -> list[str]:
    """The transactions whose answer nobody has taken yet."""
    unanswered = select(StorageCommitment.transaction_uid).where(
        StorageCommitment.answered_at.is_(None)
    )
    with cloud.database.session() as session:
        return list(session.scalars(unanswered))


def test_an_object_that_was_lost_is_not_committed(
    centre: Centre, pacs: Orthanc, pushed: dict[str, str]
) -> None:
    with centre.cloud.database.session() as session:
        row = session.scalars(select(Instance)).first()
        assert row is not None
        key, wanted = row.object_key, {
            "SOPClassUID": row.sop_class_uid, "SOPInstanceUID": row.sop_instance_uid,
        }  # fmt: skip
    kept = centre.cloud.vault.store.get(key)
    centre.cloud.vault.store.delete(key)
    try:
        asked = {"DicomInstances": [wanted]}
        report = report_of(pacs, pacs.post("/modalities/centre/storage-commitment", asked)["ID"])
        assert report["Status"] == "Failure"
    finally:
        centre.cloud.vault.store.put(key, kept)
