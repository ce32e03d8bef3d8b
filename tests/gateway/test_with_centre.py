"""A device sends to the front machine, and the centre holds it: the whole way, over the network."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import select

from server import clock, gateways
from server.alarms import open_alarms
from server.gateway.centre import CentreUnavailableError
from server.gateway.configuration import GatewaySettings
from server.gateway.receiving import Receiving, make_listener
from server.gateway.service import Gateway
from server.gateway.tables import SpoolState
from server.model import AuditEvent
from tests.dimse.case import Patient, chest, has_tools
from tests.gateway.case import RULES
from tests.gateway.conftest import HospitalsCentre
from tests.ingest.conftest import stored_objects

pytestmark = pytest.mark.skipif(not has_tools(), reason="DCMTK is not installed")


def send(port: int, title: str, *paths: Path) -> None:
    command = ["storescu", "-aec", title, "-aet", "CT1", "-xe", "127.0.0.1", str(port)]
    subprocess.run([*command, *map(str, paths)], check=True, timeout=60)


@pytest.mark.requirement("E-01", "D-35", "E-42", "E-19")
def test_from_the_device_to_the_centre(centre: HospitalsCentre, tmp_path: Path) -> None:
    settings = centre.settings(tmp_path / "gateway")
    machine = Gateway(settings)
    machine.spool.keep_rules(dict(RULES), 1)
    listener = make_listener(settings.ae_title, Receiving(machine.spool))
    patient = Patient()
    try:
        port = listener.listen(("127.0.0.1", 0))
        send(port, settings.ae_title, *chest(tmp_path / "in", patient)[:3])
    finally:
        listener.stop()
    assert machine.uploading.step() == 3
    assert machine.uploading.reconcile(older_than=timedelta(0)) == 0
    rows = machine.spool.of_study(patient.study_uid)
    assert [row.state for row in rows] == ["verified"] * 3
    kept = stored_objects(centre.cloud)
    assert {row.sop_instance_uid: machine.spool.read(row) for row in rows} == kept

    with centre.cloud.database.session() as session:
        uploads = session.scalars(select(AuditEvent).where(AuditEvent.event == "upload")).all()
        assert [one.actor for one in uploads] == [f"client:{centre.client_id}"]


def test_the_centre_hears_of_its_front_machine_and_changes_its_rules(
    centre: HospitalsCentre, tmp_path: Path
) -> None:
    machine = Gateway(centre.settings(tmp_path / "gateway"))
    machine.report()
    with centre.cloud.database.session() as session:
        (kept,) = gateways.gateways(session)
        assert kept.client_id == centre.client_id
        assert kept.state["spool"]["waiting"]["objects"] == 0
        assert not gateways.is_silent(kept)
        with pytest.raises(ValueError, match="another type"):
            gateways.set_rules(session, centre.client_id, {"keep_days": "3"})
        gateways.set_rules(session, centre.client_id, {"compression": "jpeg-ls"})
    machine.report()
    rules, version = machine.spool.rules()
    assert (rules.compression, version) == ("jpeg-ls", 1)


@pytest.mark.requirement("E-39")
def test_a_full_disk_and_a_silent_machine_raise_alarms(
    centre: HospitalsCentre, tmp_path: Path
) -> None:
    machine = Gateway(centre.settings(tmp_path / "gateway"))
    machine.spool.keep_rules({"least_free_megabytes": 1 << 40}, 0)
    machine.report()

    def alarms() -> set[str]:
        with centre.cloud.database.session() as session:
            return {one.kind for one in open_alarms(session)}

    assert alarms() == {"gateway_disk_low"}
    machine.spool.keep_rules(dict(RULES), 0)
    machine.report()
    assert alarms() == set(), "the cause is gone"
    assert gateways.watch(centre.cloud) == 0
    with time_machine.travel(clock.now() + timedelta(minutes=6)):
        assert gateways.watch(centre.cloud) == 1
    assert alarms() == {"gateway_silent"}
    machine.report()
    assert alarms() == set()


def test_wrong_credentials_lose_nothing(centre: HospitalsCentre, tmp_path: Path) -> None:
    settings = GatewaySettings(tmp_path / "gateway", centre.url, centre.client_id, "wrong")
    machine = Gateway(settings)
    machine.spool.keep_rules(dict(RULES), 1)
    data = chest(tmp_path / "in")[0].read_bytes()
    assert Receiving(machine.spool).take(data, "CT1").Status == 0
    machine.uploading.step()
    assert machine.spool.counts()[SpoolState.WAITING].objects == 1
    with pytest.raises(CentreUnavailableError, match="not_authorised"):
        machine.report()
