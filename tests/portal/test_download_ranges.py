"""A transfer that was cut goes on where it was; one that may not go on breaks off (RFC 9110 14)."""

from __future__ import annotations

import hashlib

import pytest
from flask import Flask

from portal.downloads import link
from server.cloud import ImageCloud
from server.downloads import parts
from tests.factories import SignInFacts
from tests.portal.download_case import ask, enter, events, row
from tests.portal.share_case import ShareCase, make_case


@pytest.fixture
def case(
    app: Flask, cloud: ImageCloud, patient: SignInFacts, monkeypatch: pytest.MonkeyPatch
) -> ShareCase:
    monkeypatch.setattr(parts, "PART_BYTES", 1500)
    monkeypatch.setattr(parts, "PIECE_BYTES", 400)
    monkeypatch.setattr(link, "PIECES_A_CHECK", 1)
    return make_case(app, cloud, patient)


def test_a_transfer_that_was_cut_goes_on_where_it_was(case: ShareCase) -> None:
    asked = ask(case)
    client = enter(case, asked).client
    whole = client.get(asked.archive)
    size = len(whole.data)
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert size == row(case, asked).size > 3 * 1500
    assert hashlib.sha256(whole.data).hexdigest() == row(case, asked).sha256
    with client.get(asked.archive, buffered=False) as cut:
        pieces = cut.iter_encoded()
        got = next(pieces) + next(pieces)  # the line is cut here
    rest = client.get(
        asked.archive,
        headers={"Range": f"bytes={len(got)}-", "If-Range": whole.headers["ETag"]},
    )
    assert rest.status_code == 206
    assert rest.headers["Content-Range"] == f"bytes {len(got)}-{size - 1}/{size}"
    assert got + rest.data == whole.data


def test_any_range_is_the_same_range_of_the_whole(case: ShareCase) -> None:
    asked = ask(case)
    client = enter(case, asked).client
    whole = client.get(asked.archive).data
    size = len(whole)
    for wanted, content in {
        "bytes=0-0": whole[:1],
        "bytes=1499-1500": whole[1499:1501],
        "bytes=-7": whole[-7:],
        f"bytes={size - 1}-{size + 99}": whole[-1:],
    }.items():
        answer = client.get(asked.archive, headers={"Range": wanted})
        assert (answer.status_code, answer.data) == (206, content), wanted
        assert answer.content_length == len(content)


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=5-", "If-Range": '"another"'},
        {"Range": "bytes=5-", "If-Range": "Fri, 01 May 2026 01:00:00 GMT"},
        {"Range": "bytes=0-1,5-6"},
        {"Range": "pages=1-2"},
    ],
    ids=str,
)
def test_other_wishes_get_the_whole(case: ShareCase, headers: dict[str, str]) -> None:
    asked = ask(case)
    answer = enter(case, asked).client.get(asked.archive, headers=headers)
    assert (answer.status_code, len(answer.data)) == (200, row(case, asked).size)


def test_nothing_lies_beyond_the_end(case: ShareCase) -> None:
    asked = ask(case)
    size = row(case, asked).size
    answer = enter(case, asked).client.get(asked.archive, headers={"Range": f"bytes={size}-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{size}"


@pytest.mark.requirement("A-34")
def test_deleting_it_breaks_a_transfer_off(case: ShareCase) -> None:
    asked = ask(case)
    client = enter(case, asked).client
    case.giver.get(f"/downloads/{asked.download_id}")
    with client.get(asked.archive, buffered=False) as answer:
        pieces = answer.iter_encoded()
        got = len(next(pieces))
        case.giver.submit(f"/downloads/{asked.download_id}/revoke")
        got += sum(len(piece) for piece in pieces)
    assert got < row(case, asked).size
    assert client.get(asked.archive).status_code == 410
    assert "download.complete" not in events(case, asked)
