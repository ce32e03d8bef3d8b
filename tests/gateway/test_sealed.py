"""Records that a front machine sends are encrypted within HTTPS, by a key of its own (E-19)."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from joserfc import jwe
from joserfc.jwk import OctKey

from portal.api.sealed import JOSE, record_key
from server.clients import Scope
from server.cloud import ImageCloud
from server.model import InstitutionClient
from tests.records.case import ACCESSION, make_records_case


@pytest.mark.requirement("E-19")
def test_a_sealed_body_opens_with_the_callers_own_key_alone(app: Flask, cloud: ImageCloud) -> None:
    hospital = make_records_case(app, cloud, [Scope.RECORDS_WRITE])
    with cloud.database.session() as session:
        client_id = session.query(InstitutionClient).one().client_id
    body = {"accession_number": ACCESSION, "settled_at": "2026-03-01T12:00:00+08:00"}

    def post(key: str, change: str = "", kind: str = JOSE) -> int:
        header = {"alg": "dir", "enc": "A256GCM"}
        imported = OctKey.import_key({"kty": "oct", "k": key})
        sealed = jwe.encrypt_compact(header, json.dumps(body).encode(), imported)
        assert ACCESSION not in sealed
        answer = hospital.pacs.http.post(
            "/api/v1/settlement-events", data=sealed + change, content_type=kind,
            headers=hospital.pacs.headers(),
        )  # fmt: skip
        return answer.status_code

    own = record_key(cloud.master_key, client_id)
    assert post(own) == 200
    assert post(record_key(cloud.master_key, "another")) == 400
    assert post(own, change="A") == 400
    assert post(own, kind="application/json") in {400, 422}
    assert hospital.post("/settlement-events", body).status_code == 200, "HIS without this"
