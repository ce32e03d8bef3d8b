"""Peers' file, addresses, the number of associations, cancelling, a graceful stop."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (
    CTImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    Verification,
)

from server.cloud import ImageCloud
from server.dimse.listener import Bounds
from server.dimse.peers import PeersFileError, load_peers
from server.dimse.service import DicomService, Endpoints
from server.model import Upload
from server.sending.nodes import DicomNode
from server.sending.storage_scu import ObjectKind, StorageScu
from tests.dimse.case import CENTRE, Patient, chest, peer, running
from tests.ingest.conftest import INSTITUTION, ingest, put

HERE = ("127.0.0.1", 0)
ROW = {"name": "PACS", "ae_title": "PACS", "institution": INSTITUTION, "may": ["store"]}


def asking(*contexts: object) -> AE:
    entity = AE("PACS")
    for context in contexts:
        entity.add_requested_context(context)  # type: ignore[arg-type]
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 20
    return entity


def test_the_file_of_peers_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    file = tmp_path / "peers.json"

    def load(*rows: object) -> int:
        file.write_text(json.dumps(rows))
        return len(load_peers(file, CENTRE))

    assert load_peers(None, CENTRE) == ()
    assert load(ROW, {**ROW, "name": "B", "ae_title": "B", "host": "h", "port": 104}) == 2
    assert load({**ROW, "may": ["find", "retrieve"], "networks": ["10.0.0.0/8"]}) == 1
    assert load({**ROW, "may": ["find"], "certificate_sha256": "00"}) == 1
    for wrong in (
        {**ROW, "may": ["everything"]},
        {**ROW, "may": ["find"]},  # an AE title is no proof of who calls
        {**ROW, "may": ["store", "retrieve"]},
        {**ROW, "networks": ["10.0.0.0/99"]},
        {**ROW, "ae_title": "ä"},
        {**ROW, "host": "h", "port": 0},
        {**ROW, "colour": "red"},
        {"name": "PACS"},
    ):
        with pytest.raises(PeersFileError, match="PACS"):
            load(wrong)
    with pytest.raises(PeersFileError, match="twice"):
        load(ROW, {**ROW, "name": "other"})


def test_who_calls_from_elsewhere_is_not_let_in(open_cloud_here: ImageCloud) -> None:
    away = peer("PACS", networks=(ipaddress.ip_network("192.0.2.0/24"),))
    with running(open_cloud_here, [away]) as centre:
        association = asking(Verification).associate("127.0.0.1", centre.port, ae_title=CENTRE)
        assert not association.is_established


def test_more_associations_than_allowed_are_rejected(open_cloud_here: ImageCloud) -> None:
    service = DicomService(open_cloud_here, [peer("PACS")], CENTRE, Bounds(associations=2))
    port = service.start(Endpoints(HERE))["plain"]
    entity = asking(Verification)
    made = [entity.associate("127.0.0.1", port, ae_title=CENTRE) for _ in range(3)]
    try:
        assert [one.is_established for one in made] == [True, True, False]
        assert made[2].is_rejected
    finally:
        for one in made[:2]:
            one.release()
        service.stop()


def test_a_cancelled_query_ends_early(
    open_cloud_here: ImageCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(*_arguments: object) -> Iterator[Dataset]:
        for number in range(100_000):
            found = Dataset()
            found.StudyInstanceUID = f"1.2.{number}"
            yield found

    monkeypatch.setattr("server.dimse.querying.find", endless)
    model = StudyRootQueryRetrieveInformationModelFind
    with running(open_cloud_here, [peer("PACS")]) as centre:
        association = asking(model).associate("127.0.0.1", centre.port, ae_title=CENTRE)
        wanted = Dataset()
        wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", ""
        statuses = []
        for status, _ in association.send_c_find(wanted, model, msg_id=5):
            statuses.append(status.Status)
            if len(statuses) == 3:
                association.send_c_cancel(5, query_model=model)
        association.release()
    assert statuses[-1] == 0xFE00
    assert len(statuses) < 100_000


def test_a_cancelled_get_ends_after_the_object_on_its_way(
    open_cloud_here: ImageCloud, tmp_path: Path
) -> None:
    patient = Patient(patient_id="C1", accession="C1")
    assert ingest(open_cloud_here, *chest(tmp_path, patient)[:3]).stored == 3
    model = StudyRootQueryRetrieveInformationModelGet
    came: list[str] = []

    def cancel(event: evt.Event) -> int:
        came.append(str(event.request.AffectedSOPInstanceUID))  # type: ignore[union-attr]
        event.assoc.send_c_cancel(5, query_model=model)
        return 0

    with running(open_cloud_here, [peer("PACS")]) as centre:
        association = asking(model, CTImageStorage).associate(
            "127.0.0.1",
            centre.port,
            ae_title=CENTRE,
            ext_neg=[build_role(CTImageStorage, scp_role=True)],
            evt_handlers=[(evt.EVT_C_STORE, cancel)],
        )
        wanted = Dataset()
        wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", patient.study_uid
        *_, (status, _) = association.send_c_get(wanted, model, msg_id=5)
        association.release()
    assert status.Status == 0xFE00
    assert len(came) == 1
    assert status.NumberOfRemainingSuboperations == 2


def test_no_log_names_a_patient(
    open_cloud_here: ImageCloud, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    patient = Patient(patient_id="GEHEIM1", name="Geheim^Person", accession="GEHEIM2")
    caplog.set_level("DEBUG")
    path = chest(tmp_path, patient)[0]
    model = StudyRootQueryRetrieveInformationModelFind
    kind = ObjectKind("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1")
    with running(open_cloud_here, [peer("PACS")]) as centre:
        with StorageScu(DicomNode("c", CENTRE, "127.0.0.1", centre.port, "PACS"), [kind]) as scu:
            assert scu.store(path) == ""
            assert scu.store(put(tmp_path, "x", path.read_bytes().replace(b"S7", b"S8"))) != ""
        association = asking(model).associate("127.0.0.1", centre.port, ae_title=CENTRE)
        for keys in ({"PatientName": "Geheim*"}, {"StudyDate": "GEHEIM3"}):
            wanted = Dataset()
            wanted.QueryRetrieveLevel = "STUDY"
            for keyword, value in keys.items():
                wanted.add_new(keyword, "LO", value)
            list(association.send_c_find(wanted, model))
        association.release()
    said = capfd.readouterr()
    words = caplog.text + said.out + said.err
    assert "geheim" not in words.lower()


def test_stopping_completes_the_deliveries_that_are_open(
    open_cloud_here: ImageCloud, tmp_path: Path
) -> None:
    service = DicomService(open_cloud_here, [peer("PACS")], CENTRE)
    port = service.start(Endpoints(HERE))["plain"]
    path = chest(tmp_path, Patient(patient_id="P400", accession="A400"))[0]
    kind = ObjectKind("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1")
    with StorageScu(DicomNode("c", CENTRE, "127.0.0.1", port, "PACS"), [kind]) as scu:
        assert scu.store(path) == ""
        service._listener.stop(patience=0)
    service.stop()
    with open_cloud_here.database.session() as session:
        upload = session.query(Upload).order_by(Upload.started_at.desc()).first()
        assert upload is not None
        assert upload.finished_at is not None
        assert upload.stored == 1
