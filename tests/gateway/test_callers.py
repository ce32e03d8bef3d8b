"""Who may send to the front machine, and how much: rules of the centre, in force at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from server.dimse.listener import Bounds
from server.gateway.configuration import Rules
from server.gateway.receiving import Receiving, make_listener
from server.gateway.service import Gateway
from server.gateway.spool import Spool
from server.sending.nodes import DicomNode
from server.sending.storage_scu import NodeUnavailableError, ObjectKind, StorageScu
from tests.gateway.case import RULES, MemoryCentre, gateway_settings, image, study_of, uid_of
from tests.ingest.conftest import put

CT = ObjectKind("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1")


def is_taken(port: int, title: str) -> bool:
    entity = AE(title)
    entity.add_requested_context(Verification)
    association = entity.associate("127.0.0.1", port, ae_title="YINGYUNGW")
    taken = association.is_established
    if taken:
        association.release()
    return taken


@pytest.mark.requirement("E-18")
def test_a_caller_that_is_not_listed_is_refused_from_the_next_heartbeat(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    centre = MemoryCentre()
    machine = Gateway(gateway_settings(tmp_path / "gateway"), centre)
    port = machine._listener.listen(("127.0.0.1", 0))
    try:
        machine.report()
        assert is_taken(port, "ANYBODY")
        centre.rules, centre.rules_version = RULES | {"calling_ae_titles": ["CT1"]}, 2
        machine.report()
        assert [is_taken(port, title) for title in ("CT1", "ANYBODY")] == [True, False]
        said = capfd.readouterr()
        assert "gateway_association_refused" in said.out + said.err
        centre.rules, centre.rules_version = dict(RULES), 3
        machine.report()
        assert is_taken(port, "ANYBODY")
    finally:
        machine.stop()
    with pytest.raises(ValueError, match="AE titles"):
        Rules.of({"calling_ae_titles": ["a title that is far too long"]})


def test_an_object_that_is_too_large_is_refused_and_the_next_one_taken(tmp_path: Path) -> None:
    spool = Spool(gateway_settings(tmp_path / "gateway"))
    spool.keep_rules(dict(RULES), 1)
    small, large = image(), image(ImageComments="x" * 10_000)
    bounds = Bounds(object_bytes=len(small) + 1000, folder=tmp_path / "incoming")
    listener = make_listener("YINGYUNGW", Receiving(spool), bounds=bounds)
    try:
        node = DicomNode("gateway", "YINGYUNGW", "127.0.0.1", listener.listen(("127.0.0.1", 0)))
        paths = [put(tmp_path / "in", name, data) for name, data in (("1", large), ("2", small))]
        with StorageScu(node, [CT]) as scu, pytest.raises(NodeUnavailableError, match="no_room"):
            scu.store(paths[0])
        with StorageScu(node, [CT]) as scu:
            assert scu.store(paths[1]) == ""
    finally:
        listener.stop()
    assert spool.counts()["waiting"].objects == 1
    assert spool.of_study(study_of(small))[0].sop_instance_uid == uid_of(small)
