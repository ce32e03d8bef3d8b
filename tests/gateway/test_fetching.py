"""The front machine fetches from a PACS, Orthanc, what its devices did not send (E-12)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server import clock
from server.clock import CHINA
from server.gateway.fetching import Fetching, PacsUnavailableError
from server.gateway.receiving import Receiving, make_listener
from server.gateway.spool import Spool
from server.sending.nodes import DicomNode
from tests.dimse.case import Patient, chest
from tests.dimse.orthanc import PROGRAM, TITLE, Orthanc, orthanc
from tests.dimse.test_orthanc import content_hash
from tests.gateway.case import RULES, gateway_settings, uid_of

pytestmark = pytest.mark.skipif(not PROGRAM, reason="Orthanc is not installed")

GATEWAY = "YINGYUNGW"


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with orthanc(tmp_path_factory.mktemp("pacs")) as made:
        yield made


@pytest.fixture(scope="module")
def made_today(pacs: Orthanc, tmp_path_factory: pytest.TempPathFactory) -> Patient:
    """A study of today in the PACS, and one of long ago."""
    today = f"{clock.now().astimezone(CHINA):%Y%m%d}"
    patient = Patient(study_date=today)
    old = Patient(patient_id="P1", accession="A1", study_date="20010101")
    for number, one in enumerate((patient, old)):
        for path in chest(tmp_path_factory.mktemp(str(number)), one):
            pacs.post("/instances", path.read_bytes())
    return patient


@pytest.mark.requirement("E-12", "E-19")
@pytest.mark.parametrize("by", ["get", "move"])
def test_what_the_pacs_has_of_today_is_fetched_once(
    pacs: Orthanc, made_today: Patient, tmp_path: Path, by: str
) -> None:
    spool = Spool(gateway_settings(tmp_path / "gateway"))
    spool.keep_rules(dict(RULES), 1)
    receiving = Receiving(spool)
    listener = make_listener(GATEWAY, receiving)
    node = DicomNode("PACS", TITLE, "127.0.0.1", pacs.dicom_port)
    fetching = Fetching(spool, receiving, node, ae_title=GATEWAY)
    try:
        pacs.knows("gateway", GATEWAY, listener.listen(("127.0.0.1", 0)))
        assert fetching.fetch_days(2, by) == 1
    finally:
        listener.stop()
    rows = spool.of_study(made_today.study_uid)
    came = {row.sop_instance_uid: content_hash(spool.read(row)) for row in rows}
    kept = {uid_of(data): content_hash(data) for data in pacs.files()}
    assert len(came) == 5
    assert came.items() <= kept.items()
    assert {row.source for row in rows} == {TITLE}
    assert fetching.fetch_days(2, by) == 0, "what is here is not fetched again"


def test_a_pacs_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    spool = Spool(gateway_settings(tmp_path / "gateway"))
    node = DicomNode("PACS", TITLE, "127.0.0.1", 1)
    fetching = Fetching(spool, Receiving(spool), node, ae_title=GATEWAY)
    with pytest.raises(PacsUnavailableError, match="unreachable"):
        fetching.fetch_days(1, "get")
