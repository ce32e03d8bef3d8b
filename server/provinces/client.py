"""Asking another centre or the index module over HTTP, each question under an assertion."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests

from server.provinces.assertions import (
    MOST_BYTES,
    Asked,
    AssertionRefusedError,
    read_answer,
    sign_request,
)
from server.provinces.peers import Peer, Peers
from server.provinces.sealing import MEDIA_TYPE, seal

TOKEN_TYPE = "application/jwt"  # noqa: S105 - a media type (RFC 7519 10.3.1)
_CHUNK_BYTES = 1 << 20
_LONGEST_REASON = 40


class PeerUnavailableError(RuntimeError):
    """A peer does not answer, or not as agreed; a later try may succeed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PeerRefusedError(RuntimeError):
    """A peer refuses for good; `reason` is its word for machines."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Patience:
    """For how many seconds to wait for a connection, and for each answer or part of it."""

    connect: float = 5.0
    answer: float = 30.0


def ask(
    peers: Peers,
    peer: Peer,
    path: str,
    content: Mapping[str, Any],
    patience: Patience | None = None,
) -> dict[str, Any]:
    """Post a question to a peer and return the content of its signed answer.

    Raises PeerUnavailableError, PeerRefusedError.
    """
    body = json.dumps(dict(content), ensure_ascii=False).encode()
    if peer.sealed:
        body = seal(body, peer.public_key)
    with _request(peers, peer, Asked("POST", _path(peer, path), body), patience) as (answer, jti):
        token = _limited(answer)
    try:
        return read_answer(peers, peer, token, jti)
    except AssertionRefusedError as error:
        raise PeerUnavailableError("answer_not_signed") from error


@contextmanager
def stream(
    peers: Peers, peer: Peer, path: str, patience: Patience | None = None
) -> Iterator[Iterator[bytes]]:
    """Give the bytes of a long answer, part by part; its objects are checked by their hashes.

    Raises PeerUnavailableError, also in the middle, and PeerRefusedError.
    """
    with _request(peers, peer, Asked("GET", _path(peer, path)), patience) as (answer, _):
        yield _parts(answer)


@contextmanager
def _request(
    peers: Peers, peer: Peer, asked: Asked, patience: Patience | None
) -> Iterator[tuple[requests.Response, str]]:
    token, jti = sign_request(peers, peer.name, asked)
    address, limits = urlsplit(peer.url), patience or Patience()
    with requests.Session() as session:
        session.trust_env = False  # neither proxies nor passwords of the machine's user
        try:
            answer = session.request(
                asked.method,
                f"{address.scheme}://{address.netloc}{asked.path}",
                data=asked.body or None,
                headers={
                    "Authorization": f"Bearer {token}",
                    "Content-Type": MEDIA_TYPE if peer.sealed else "application/json",
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",
                },
                timeout=(limits.connect, limits.answer),
                verify=str(peer.ca_file) if peer.ca_file is not None else True,
                allow_redirects=False,
                stream=True,
            )
        except (requests.RequestException, OSError) as error:
            raise PeerUnavailableError(_network_reason(error)) from error
        with answer:
            _check_status(answer)
            yield answer, jti


def _path(peer: Peer, path: str) -> str:
    """Return a path below the peer's address, which may have a path of its own."""
    return urlsplit(peer.url).path.rstrip("/") + path


def _check_status(answer: requests.Response) -> None:
    if answer.status_code == HTTPStatus.OK:
        return
    if answer.status_code in {HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
        raise PeerRefusedError(_reason(answer))
    if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        raise PeerRefusedError(_reason(answer))
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        raise PeerUnavailableError("assertion_refused")
    raise PeerUnavailableError(f"status_{answer.status_code}")


def _reason(answer: requests.Response) -> str:
    try:
        kind = str(json.loads(_limited(answer)).get("type", ""))
    except (ValueError, AttributeError, PeerUnavailableError):
        kind = ""
    word = kind.removeprefix("urn:yingyun:")
    known = word.isascii() and word.replace("_", "").isalpha()
    return word[:_LONGEST_REASON] if known else f"status_{answer.status_code}"


def _limited(answer: requests.Response) -> str:
    """Return an answer's text; more than any honest answer has is not read."""
    read = bytearray()
    for part in _parts(answer):
        read += part
        if len(read) > 2 * MOST_BYTES:
            raise PeerUnavailableError("answer_too_long")
    return read.decode("utf-8", "replace")


def _parts(answer: requests.Response) -> Iterator[bytes]:
    try:
        yield from answer.iter_content(_CHUNK_BYTES)
    except (requests.RequestException, OSError) as error:
        raise PeerUnavailableError(_network_reason(error)) from error


def _network_reason(error: Exception) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "tls"
    if isinstance(error, requests.Timeout):
        return "timeout"
    return "unreachable"
