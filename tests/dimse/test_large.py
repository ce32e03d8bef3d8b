"""Objects over C-STORE: bounded by settings, written to disk as they come, refused with A700."""

from __future__ import annotations

import mmap
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread, dcmwrite

from server.cloud import ImageCloud
from server.dimse import storing
from server.ingest import Intake, spool
from server.model import Upload
from server.sending.nodes import DicomNode
from server.sending.storage_scu import NodeUnavailableError, ObjectKind, StorageScu
from tests.dimse.case import CENTRE, Patient, chest, peer, running, study_uids

KIND = ObjectKind("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1")


@pytest.mark.requirement("D-35")
def test_a_too_large_object_is_refused_and_the_next_one_is_stored_from_disk(
    open_cloud_here: ImageCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = Patient(patient_id="L1", accession="L1")
    path, *_ = chest(tmp_path, patient)
    large = dcmread(path)
    large.DataSetTrailingPadding = bytes(2 << 20)
    large_path = tmp_path / "large.dcm"
    dcmwrite(large_path, large)
    taken: list[Any] = []
    take = Intake.take

    def noting(self: Intake, data: Any, name: str) -> Any:
        taken.append(data)
        return take(self, data, name)

    monkeypatch.setattr(storing.Intake, "take", noting)
    monkeypatch.setattr(spool, "IN_MEMORY_BYTES", 1000)
    cloud = replace(open_cloud_here, settings=replace(open_cloud_here.settings, object_megabytes=1))
    with running(cloud, [peer("PACS")]) as centre:
        node = DicomNode("c", CENTRE, "127.0.0.1", centre.port, "PACS")
        with StorageScu(node, [KIND]) as scu:
            with pytest.raises(NodeUnavailableError, match="no_room"):  # A7xx
                scu.store(large_path)
            assert scu.store(path) == ""
    assert [type(one) for one in taken] == [mmap.mmap]
    assert patient.study_uid in study_uids(cloud)
    with cloud.database.session() as session:
        upload = session.query(Upload).order_by(Upload.started_at.desc()).first()
        assert upload is not None
        assert [one["reason"] for one in upload.rejected] == ["too_large"]
        assert upload.stored == 1


def test_a_caller_that_announces_an_endless_pdu_is_cut_off(open_cloud_here: ImageCloud) -> None:
    with running(open_cloud_here, [peer("PACS")]) as centre:
        for announced in (b"\x01\x00\xff\xff\xff\xff", b"\x04\x00\x7f\xff\xff\xff"):
            with socket.create_connection(("127.0.0.1", centre.port), timeout=10) as caller:
                caller.sendall(announced)
                answer = caller.recv(100)  # an A-ABORT at most, then the end
                assert not answer or answer[0] == 7
