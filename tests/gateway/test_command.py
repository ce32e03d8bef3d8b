"""`yingyun gateway` as an operator starts it: told address and credentials; ended by SIGTERM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from portal.gateway_status import create_status_app
from server.gateway.receiving import Receiving
from server.gateway.service import Gateway
from tests.gateway.case import RULES, MemoryCentre, blank, gateway_settings, image, uid_of
from tests.sending.case import free_port

SECONDS = 60


@dataclass(frozen=True)
class Started:
    process: subprocess.Popen[bytes]
    dicom_port: int
    url: str


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    dicom_port, status_port, centre_port = free_port(), free_port(), free_port()
    environ = os.environ | {
        "YINGYUN_HOME": str(tmp_path / "home"),
        "YINGYUN_GATEWAY_CENTRE_URL": f"http://127.0.0.1:{centre_port}",
        "YINGYUN_GATEWAY_CLIENT_ID": "front",
        "YINGYUN_GATEWAY_CLIENT_SECRET_FILE": str(secret),
    }
    command = [sys.executable, "-m", "portal", "gateway", "--bind", f"127.0.0.1:{dicom_port}"]
    command += ["--status-bind", f"127.0.0.1:{status_port}"]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    made = Started(process, dicom_port, f"http://127.0.0.1:{status_port}")
    try:
        _wait(made)
        yield made
    finally:
        process.kill()
        process.wait()


def _wait(made: Started) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        assert made.process.poll() is None
        try:
            requests.get(f"{made.url}/healthz", timeout=5)
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the front machine does not start")


@pytest.mark.requirement("E-01")
def test_it_starts_alone_and_says_how_it_is(started: Started) -> None:
    entity = AE("CT1")
    entity.add_requested_context(Verification)
    for title, taken in (("YINGYUNGW", True), ("OTHER", False)):
        association = entity.associate("127.0.0.1", started.dicom_port, ae_title=title)
        assert association.is_established is taken
        if taken:
            assert association.send_c_echo().Status == 0
            association.release()
    state = requests.get(f"{started.url}/status.json", timeout=10).json()
    assert state["spool"]["waiting"] == {"objects": 0, "megabytes": 0.0}
    assert state["centre_reached_at"] == ""
    started.process.send_signal(signal.SIGTERM)
    assert started.process.wait(SECONDS) == 0


def test_the_page_tells_what_was_stopped_and_what_to_do(tmp_path: Path) -> None:
    machine = Gateway(gateway_settings(tmp_path / "gateway"), MemoryCentre())
    machine.spool.keep_rules(dict(RULES), 1)
    bad = image(blank, PatientName="Geheim^Person")
    Receiving(machine.spool).take(bad, "CT1")
    machine.uploading.step()
    client = create_status_app(machine).test_client()
    page = client.get("/").get_data(as_text=True)
    assert uid_of(bad) in page
    assert "请重新采集后发送" in page
    assert "Geheim" not in page
    (stopped,) = client.get("/status.json").get_json()["stopped_objects"]
    assert stopped == {"sop_instance_uid": uid_of(bad), "reason": "blank_image"}
