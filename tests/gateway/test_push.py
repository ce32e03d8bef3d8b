"""One hospital's front machine pushes a study to another's, encrypted on the way (E-19)."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from server import clock
from server.dimse.tls import TlsFiles
from server.gateway.clearing import clear_away, deletions
from server.gateway.receiving import Receiving
from server.gateway.service import Gateway
from tests.certificates import certificate
from tests.gateway.case import RULES, MemoryCentre, gateway_settings, image, study_of, uid_of
from tests.sending.case import data_set_hash


@pytest.mark.requirement("E-19")
@pytest.mark.skipif(not shutil.which("movescu"), reason="DCMTK is not installed")
def test_a_study_is_pushed_to_another_hospital_and_not_uploaded_there(tmp_path: Path) -> None:
    files = {name: certificate(tmp_path, name) for name in ("sender", "partner")}
    own, key = files["partner"]
    partner = Gateway(
        replace(
            gateway_settings(tmp_path / "partner"),
            ae_title="GWB",
            tls=TlsFiles(own, key, files["sender"][0]),
        ),
        MemoryCentre(),
    )
    partner.spool.keep_rules(RULES | {"partner_ae_titles": ["GWA"]}, 1)
    assert partner._settings.tls is not None
    port = partner._listener.listen(("127.0.0.1", 0), partner._settings.tls.context())
    nodes = tmp_path / "nodes.json"
    nodes.write_text(json.dumps([
        {"name": "station", "ae_title": "STATION", "host": "127.0.0.1", "port": 1},
        {
            "name": "partner", "ae_title": "GWB", "host": "127.0.0.1", "port": port, "tls": True,
            "tls_ca_file": str(own), "tls_certificate_file": str(files["sender"][0]),
            "tls_key_file": str(files["sender"][1]),
        },
    ]))  # fmt: skip
    sender = Gateway(
        replace(gateway_settings(tmp_path / "sender"), ae_title="GWA", pacs_file=nodes),
        MemoryCentre(),
    )
    sender.spool.keep_rules(dict(RULES), 1)
    sent = [image() for _ in range(2)]
    for data in sent:
        assert Receiving(sender.spool).take(data, "CT1").Status == 0
    own_port = sender._listener.listen(("127.0.0.1", 0))
    command = ["movescu", "-S", "-aet", "STATION", "-aec", "GWA", "-aem", "GWB"]
    command += ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study_of(sent[0])}"]
    try:
        subprocess.run(
            [*command, "127.0.0.1", str(own_port)], check=True, timeout=60, capture_output=True
        )
    finally:
        sender.stop()
        partner.stop()
    rows = partner.spool.of_study(study_of(sent[0]))
    assert {row.sop_instance_uid: data_set_hash(partner.spool.read(row)) for row in rows} == {
        uid_of(data): data_set_hash(data) for data in sent
    }
    assert {(row.state, row.source) for row in rows} == {("pushed", "GWA")}
    assert partner.uploading.step() == 0, "the other hospital's own to upload"
    rules, _ = partner.spool.rules()
    assert clear_away(partner.spool, rules) == 0
    with time_machine.travel(clock.now() + timedelta(days=rules.keep_days, minutes=1)):
        assert clear_away(partner.spool, rules) == 2
    assert {one.rule for one in deletions(partner.spool, study_of(sent[0]))} == {"pushed"}
