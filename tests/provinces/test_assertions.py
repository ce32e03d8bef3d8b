"""Only a known centre, only for the request that it signed, only once, only for a minute."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests
import time_machine
from joserfc.jwk import ECKey
from sqlalchemy import select

from server import clock
from server.model import AuditEvent
from server.provinces import client
from server.provinces.assertions import (
    Asked,
    AssertionRefusedError,
    read_answer,
    sign_request,
    verify_request,
)
from server.provinces.client import PeerUnavailableError
from server.provinces.peers import CURVE, Peers, ProvincesFileError, load_peers
from server.provinces.wire import Certificate
from tests.provinces.case import ID_NUMBER, Centre, Country

PATH = "/api/v1/provinces/index-queries"
BODY = Certificate(certificate_type="01", certificate_number=ID_NUMBER).model_dump_json().encode()


def peers_of(centre: Centre) -> Peers:
    found = load_peers(centre.cloud.settings.provinces_file)
    assert found is not None
    return found


def post(centre: Centre, token: str, body: bytes = BODY, path: str = PATH) -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return requests.post(f"{centre.url}{path}", data=body, headers=headers).status_code


def refusals(centre: Centre) -> list[tuple[str, str]]:
    with centre.cloud.database.session() as session:
        rows = session.scalars(
            select(AuditEvent)
            .where(AuditEvent.event == "province.refused")
            .order_by(AuditEvent.sequence)
        )
        return [(row.actor, row.reason) for row in rows]


def test_an_assertion_serves_once(country: Country) -> None:
    token, _ = sign_request(peers_of(country.east), "west", Asked("POST", PATH, BODY))
    assert post(country.west, token) == 200
    assert post(country.west, token) == 401
    assert refusals(country.west) == [("east", "replayed")]


def test_an_assertion_serves_for_nothing_else(country: Country) -> None:
    asked = Asked("POST", PATH, BODY)
    token, _ = sign_request(peers_of(country.east), "west", asked)
    assert post(country.west, token, BODY.replace(b"1980", b"1981")) == 401
    assert post(country.west, token, path="/api/v1/provinces/cache-requests") == 401
    assert post(country.index, token, path="/api/v1/index/queries") == 401
    assert refusals(country.west) == [("east", "other_request")] * 2
    assert refusals(country.index) == [("east", "audience")]
    assert post(country.west, token) == 200, "what was refused has not used it up"


def test_another_key_is_refused(country: Country) -> None:
    stranger = replace(peers_of(country.east), private_key=ECKey.generate_key(CURVE))
    token, _ = sign_request(stranger, "west", Asked("POST", PATH, BODY))
    assert post(country.west, token) == 401
    unknown = replace(stranger, name="north")
    token, _ = sign_request(unknown, "west", Asked("POST", PATH, BODY))
    assert post(country.west, token) == 401
    assert post(country.west, "no.token.atall") == 401
    assert [reason for _, reason in refusals(country.west)] == [
        "signature",
        "unknown_issuer",
        "malformed",
    ]


@pytest.mark.parametrize("shift", [timedelta(seconds=95), -timedelta(seconds=40)])
def test_an_assertion_lives_a_minute(country: Country, shift: timedelta) -> None:
    asked = Asked("POST", PATH, BODY)
    token, _ = sign_request(peers_of(country.east), "west", asked)
    with (
        time_machine.travel(clock.now() + shift),
        pytest.raises(AssertionRefusedError, match="expired"),
    ):
        verify_request(country.west.cloud.database, peers_of(country.west), token, asked)


def test_an_answer_must_be_signed_by_who_was_asked(country: Country) -> None:
    east, west = peers_of(country.east), peers_of(country.west)
    question = {"certificate_type": "01", "certificate_number": ID_NUMBER}
    assert client.ask(east, east.centres["west"], PATH, question) == {"studies": []}
    # (In clear: sealed for another key it would not even be read.)
    wrong = replace(east.centres["west"], public_key=east.private_key, sealed=False)
    with pytest.raises(PeerUnavailableError, match="answer_not_signed"):
        client.ask(replace(east, centres={"west": wrong}), wrong, PATH, question)
    token, _ = sign_request(west, "east", Asked("GET", "/"))
    with pytest.raises(AssertionRefusedError):
        read_answer(east, east.centres["west"], token, "another")


def test_a_key_that_others_may_read_is_refused(country: Country, tmp_path: Path) -> None:
    (tmp_path / "east.key").chmod(0o644)
    with pytest.raises(ProvincesFileError, match="chmod 600"):
        load_peers(country.east.cloud.settings.provinces_file)


def test_addresses_outside_this_machine_are_https(country: Country, tmp_path: Path) -> None:
    file = country.east.cloud.settings.provinces_file
    assert file is not None
    file.write_text(file.read_text().replace("http://127.0.0.1", "http://west.example"))
    with pytest.raises(ProvincesFileError, match="https"):
        load_peers(file)
