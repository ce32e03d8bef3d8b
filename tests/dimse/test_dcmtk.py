"""DCMTK's programs store, find and fetch; what comes back is what was sent, to the bit."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian
from sqlalchemy import select

from server.dimse.storing import status_of
from server.ingest import Reason
from server.model import AuditEvent, Instance, Study, Upload
from server.storage import StorageFullError
from tests.dimse.case import Centre, Patient, chest, found, has_tools, study_uids
from tests.ingest.conftest import put
from tests.sending.case import data_set_hash, received, storescp

pytestmark = pytest.mark.skipif(not has_tools(), reason="DCMTK is not installed")

PATIENT = Patient()


@dataclass(frozen=True)
class Sent:
    """Files, and the hash of each data set as storescu writes it on the wire, by its instance."""

    paths: list[Path]
    hashes: dict[str, str]


def send(centre: Centre, paths: list[Path], port: int | None = None) -> None:
    """Send with storescu; a run for each encoding, for it proposes one compressed one a time."""
    for option, some in (("-xe", paths[:3]), ("-xw", paths[3:4]), ("-xr", paths[4:])):
        done = replace(centre, port=port or centre.port).run("storescu", option, *some)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def whole(centre: Centre, node_port: int, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """A study that storescu sent to the centre, and to DCMTK's own receiver."""
    folder = tmp_path_factory.mktemp("sent")
    paths = chest(folder, PATIENT)
    with storescp(folder / "judge", node_port, "--accept-all") as judge:
        send(centre, paths, node_port)
        hashes = received(judge)
    send(centre, paths)
    return Sent(paths, hashes)


@pytest.fixture
def sent(whole: Sent) -> dict[str, str]:
    """The hashes of what was sent."""
    return whole.hashes


def events(centre: Centre, event: str) -> list[AuditEvent]:
    with centre.cloud.database.session() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.event == event)))


@pytest.mark.requirement("D-35", "E-42")
def test_what_is_stored_is_what_was_sent(centre: Centre, sent: dict[str, str]) -> None:
    assert centre.run("echoscu").returncode == 0
    with centre.cloud.database.session() as session:
        study = session.scalars(select(Study).where(Study.study_uid == PATIENT.study_uid)).one()
        rows = session.scalars(select(Instance)).all()
        kept = {
            row.sop_instance_uid: data_set_hash(
                centre.cloud.vault.read(study.data_key, row.object_key)
            )
            for row in rows
            if row.series.study_id == study.study_id
        }
        assert study.dicom_patient_name == PATIENT.name
        uploads = session.scalars(select(Upload).where(Upload.stored > 0)).all()
        assert sum(one.stored for one in uploads) == 5, "one delivery for each association"
    assert kept == sent
    assert {one.actor for one in events(centre, "upload")} == {"ae:PACS"}


def test_the_same_again_is_acknowledged_and_other_bytes_are_not(
    centre: Centre, whole: Sent, tmp_path: Path
) -> None:
    assert centre.run("storescu", "-xe", whole.paths[0]).returncode == 0
    assert centre.run("storescu", "-xe", whole.paths[0], calling="READER").returncode == 0
    changed = put(tmp_path, "changed.dcm", whole.paths[0].read_bytes().replace(b"S7", b"S8"))
    done = centre.run("storescu", "-v", "-xe", changed)
    assert "CannotUnderstand" in done.stderr, done.stderr


def test_a_full_store_is_out_of_resources(
    centre: Centre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> int:
        raise StorageFullError("full")

    monkeypatch.setattr(centre.cloud.vault.store, "put", full)
    patient = Patient(patient_id="P9", accession="A9")
    done = centre.run("storescu", "-v", "-xe", chest(tmp_path, patient)[0])
    assert "OutOfResources" in done.stderr, done.stderr
    assert patient.study_uid not in study_uids(centre.cloud)


def query(
    centre: Centre, folder: Path, *keys: str, root: str = "-S", calling: str = "PACS"
) -> list[dict[str, str]]:
    folder.mkdir(parents=True, exist_ok=True)
    options = [part for key in keys for part in ("-k", key)]
    done = centre.run("findscu", root, "-X", "-od", folder, *options, calling=calling)
    assert done.returncode == 0, done.stderr
    return [{element.keyword: str(element.value) for element in answer} for answer in found(folder)]


def test_studies_are_found_by_the_matching_rules(
    centre: Centre, sent: dict[str, str], tmp_path: Path
) -> None:
    asked = [
        ("PatientName=ZHANG^S*", 1),
        ("PatientName=Li*", 0),
        ("PatientID=P100", 1),
        ("PatientID=P1??", 1),
        ("PatientID=p100", 0),
        ("StudyDate=20260301", 1),
        ("StudyDate=20260201-20260301", 1),
        ("StudyDate=20260302-", 0),
        ("StudyTime=0900-1000", 1),
        ("StudyTime=10-", 0),
        ("AccessionNumber=A100", 1),
        ("ModalitiesInStudy=MR", 1),
        ("ModalitiesInStudy=US", 0),
        (f"StudyInstanceUID={PATIENT.study_uid}\\1.2.3", 1),
        ("StudyInstanceUID=1.2.3", 0),
        ("PatientBirthDate=19800101-19801231", 1),
    ]
    for number, (key, expected) in enumerate(asked):
        answers = query(centre, tmp_path / str(number), "QueryRetrieveLevel=STUDY", key)
        mine = [one for one in answers if one["StudyInstanceUID"] == PATIENT.study_uid]
        assert len(mine) == expected, key
    (answer,) = query(
        centre, tmp_path / "all", "QueryRetrieveLevel=STUDY", "AccessionNumber=A100", "PatientName",
        "StudyDescription", "NumberOfStudyRelatedInstances", "NumberOfStudyRelatedSeries",
        "StudyTime", "StudyID", "PatientComments", "ModalitiesInStudy",
    )  # fmt: skip
    assert answer["PatientName"] == PATIENT.name
    assert answer["StudyDescription"] == "胸部CT平扫"
    assert (answer["NumberOfStudyRelatedSeries"], answer["NumberOfStudyRelatedInstances"]) == (
        "3",
        "5",
    )
    assert (answer["StudyTime"], answer["StudyID"]) == ("093000", "S7")
    assert answer["PatientComments"] in ("", "None"), "asked for, not held: without a value"
    assert answer["RetrieveAETitle"] == "YINGYUN"


def test_each_level_of_both_models(centre: Centre, sent: dict[str, str], tmp_path: Path) -> None:
    (patient,) = query(
        centre, tmp_path / "p", "QueryRetrieveLevel=PATIENT", "PatientID=P100",
        "NumberOfPatientRelatedStudies", root="-P",
    )  # fmt: skip
    assert patient["NumberOfPatientRelatedStudies"] == "1"
    above = ("PatientID=P100", f"StudyInstanceUID={PATIENT.study_uid}")
    series = query(centre, tmp_path / "s", "QueryRetrieveLevel=SERIES", *above, "Modality=CT",
                   "SeriesInstanceUID", root="-P")  # fmt: skip
    assert len(series) == 1
    images = query(
        centre, tmp_path / "i", "QueryRetrieveLevel=IMAGE", above[1],
        f"SeriesInstanceUID={series[0]['SeriesInstanceUID']}", "SOPInstanceUID", "InstanceNumber=2",
    )  # fmt: skip
    assert [one["InstanceNumber"] for one in images] == ["2"]
    assert images[0]["SOPInstanceUID"] in sent


def test_a_query_without_the_keys_above_is_refused(
    centre: Centre, sent: dict[str, str], tmp_path: Path
) -> None:
    done = centre.run("findscu", "-v", "-S", "-k", "QueryRetrieveLevel=SERIES", "-k", "Modality")
    assert "DataSetDoesNotMatchSOPClass" in done.stderr


def test_each_hospital_sees_and_fetches_its_own_alone(
    centre: Centre, sent: dict[str, str], tmp_path: Path
) -> None:
    key = f"StudyInstanceUID={PATIENT.study_uid}"
    assert query(centre, tmp_path / "q", "QueryRetrieveLevel=STUDY", key, calling="PACS2") == []
    (tmp_path / "g").mkdir()
    centre.run("getscu", "-S", "-od", tmp_path / "g", "-k", "QueryRetrieveLevel=STUDY", "-k", key,
               calling="PACS2")  # fmt: skip
    assert list((tmp_path / "g").iterdir()) == []
    moved = centre.run("movescu", "-v", "-S", "-aem", "READER", "-k", "QueryRetrieveLevel=STUDY",
                       "-k", key, calling="PACS2")  # fmt: skip
    assert "MoveDestinationUnknown" in moved.stderr, "another hospital's node is unknown"


def test_who_is_unknown_or_not_allowed_is_refused(
    centre: Centre, sent: dict[str, str], tmp_path: Path
) -> None:
    assert centre.run("echoscu", calling="NOBODY").returncode != 0
    done = centre.run("storescu", "-v", "-xe", chest(tmp_path)[0], calling="LOOKER")
    assert "0x124" in done.stderr, done.stderr
    refused = [one for one in events(centre, "dicom.store") if one.result == "failure"]
    assert [one.reason for one in refused] == ["service"]
    wrong = ["echoscu", "-aet", "PACS", "-aec", "OTHER", "127.0.0.1", str(centre.port)]
    assert subprocess.run(wrong, capture_output=True, check=False).returncode != 0


def test_what_is_moved_is_what_was_sent(
    centre: Centre, sent: dict[str, str], node_port: int, tmp_path: Path
) -> None:
    key = f"StudyInstanceUID={PATIENT.study_uid}"
    with storescp(tmp_path / "in", node_port, "--accept-all") as folder:
        done = centre.run("movescu", "-v", "-S", "-aem", "READER", "-k", "QueryRetrieveLevel=STUDY",
                          "-k", key)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert received(folder) == sent
    assert done.stderr.count("(Pending)") == 5
    assert "Final Move Response (Success)" in done.stderr
    (event,) = [one for one in events(centre, "dicom.move") if one.result == "success"]
    assert event.detail["objects"] == 5
    assert event.detail["destination"] == "READER"


def test_what_is_got_is_what_was_sent(centre: Centre, sent: dict[str, str], tmp_path: Path) -> None:
    series = query(
        centre, tmp_path / "q", "QueryRetrieveLevel=SERIES", "NumberOfSeriesRelatedInstances",
        f"StudyInstanceUID={PATIENT.study_uid}",
    )  # fmt: skip
    (three,) = [one for one in series if one["NumberOfSeriesRelatedInstances"] == "3"]
    folder = tmp_path / "got"
    folder.mkdir()
    done = centre.run(
        "getscu", "-S", "+B", "-od", folder, "-k", "QueryRetrieveLevel=SERIES",
        "-k", f"StudyInstanceUID={PATIENT.study_uid}",
        "-k", f"SeriesInstanceUID={three['SeriesInstanceUID']}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    got = received(folder)
    assert len(got) == 3
    assert got.items() <= sent.items()


def test_who_takes_no_compressed_objects_gets_their_pixels(
    centre: Centre, whole: Sent, node_port: int, tmp_path: Path
) -> None:
    key = f"StudyInstanceUID={PATIENT.study_uid}"
    with storescp(tmp_path / "in", node_port, "+x=") as folder:  # uncompressed alone
        done = centre.run("movescu", "-v", "-S", "-aem", "READER", "-k", "QueryRetrieveLevel=STUDY",
                          "-k", key)  # fmt: skip
        assert "Final Move Response (Success)" in done.stderr, done.stderr
        came = {one.SOPInstanceUID: one for one in map(pydicom.dcmread, folder.iterdir())}
    assert len(came) == 5
    for path in whole.paths[3:]:
        sent = pydicom.dcmread(path)
        got = came[sent.SOPInstanceUID]
        assert got.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert np.array_equal(got.pixel_array, sent.pixel_array)


def test_every_reason_of_a_refusal_has_a_status() -> None:
    for reason in Reason:
        status = status_of(reason)
        assert status in (0xA700, 0xA900, 0xC000, 0x0124)
