"""ID numbers, descriptions and diagnoses are encrypted where they lie and on their way (F-17)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc.jwk import ECKey

from server.cloud import ImageCloud
from server.provinces.sealing import SealError, seal, unseal
from tests.provinces.case import ID_NUMBER, Country

SECRETS = (ID_NUMBER, "双肺纹理清晰", "未见异常")


def database_bytes(cloud: ImageCloud) -> bytes:
    """Every byte of a cloud's database files.

    (Not of the centre that received the objects: there a hospital may have written the number into
    PatientID, by which its systems search.)
    """
    cloud.database.engine.dispose()
    home = cloud.settings.home
    files = [one for one in home.glob("*.db*") if not one.name.startswith("jobs")]
    assert files
    return b"".join(one.read_bytes() for one in files)


@pytest.mark.requirement("F-17")
def test_an_id_number_is_in_clear_neither_at_rest_nor_on_the_wire(
    country: Country, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    types: set[str] = set()
    request = requests.Session.request

    def listening(self: requests.Session, *given: Any, **named: Any) -> requests.Response:
        sent.append(named.get("data") or b"")
        sent.append(" ".join(map(str, named["headers"].values())).encode())
        types.add(named["headers"]["Content-Type"])
        return request(self, *given, **named)

    monkeypatch.setattr(requests.Session, "request", listening)
    country.west.take_study(tmp_path / "ct")
    assert country.west.empty_outbox() == 1  # the record goes to the index module
    assert len(country.east.ask_elsewhere()) == 1  # which finds the person by the number
    assert types == {"application/jose"}
    wire = b"\n".join(sent)
    assert len(sent) >= 4
    written = [word.encode() for word in SECRETS] + [
        json.dumps(word).strip('"').encode() for word in SECRETS
    ]
    assert not [word for word in written if word in wire]
    assert ID_NUMBER.encode() not in database_bytes(country.east.cloud)
    kept = database_bytes(country.index.cloud)
    assert not [word for word in written if word in kept]


def test_only_the_one_who_is_asked_can_read_a_question() -> None:
    ours, other = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    body = b"x" * (200 << 10)  # a batch of records
    sealed = seal(body, ours)
    assert unseal(sealed, ours) == body
    assert seal(body, ours) != sealed
    for wrong in (sealed[:-5] + b"AAAAA", sealed[: len(sealed) // 2], b"", b"{}", b"a.b.c.d.e"):
        with pytest.raises(SealError):
            unseal(wrong, ours)
    with pytest.raises(SealError):
        unseal(sealed, other)


def test_a_peer_that_cannot_open_sealed_questions_is_asked_in_clear(country: Country) -> None:
    from server.provinces import client
    from server.provinces.peers import load_peers

    peers = load_peers(country.east.cloud.settings.provinces_file)
    assert peers is not None and peers.index is not None
    question = {"certificate_type": "01", "certificate_number": ID_NUMBER}
    for sealed in (True, False):
        peer = replace(peers.index, sealed=sealed)
        assert client.ask(peers, peer, "/api/v1/index/queries", question) == {"studies": []}
