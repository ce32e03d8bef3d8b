"""The centre as a front machine sees it: DICOMweb and the gateway's own address, over HTTPS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Lock
from typing import Any, Protocol

import requests

from server.dicomweb.multipart import (
    NewPart,
    new_boundary,
    write_parts,
)
from server.gateway.chain import Link, headers_of
from server.gateway.configuration import GatewaySettings
from server.ingest.limits import IngestLimits

CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 120.0
MOST_OBJECT_BYTES = IngestLimits().object_bytes
_DICOM_JSON = "application/dicom+json"
_REFERENCED, _FAILED = "00081199", "00081198"
_INSTANCE, _REASON = "00081155", "00081197"
OUT_OF_RESOURCES = 0xA700
DIGEST_MISMATCH = 0xC001  # server.dicomweb.store: what came is not what was sent


VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,39}")
FILE_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,99}")
SHA256 = re.compile(r"[0-9a-f]{64}")


class CentreUnavailableError(ConnectionError):
    """The centre cannot be reached or is busy; a later try may help. `reason` is a word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Outgoing:
    """One object (PS3.10) on its way, with its reception (I-03) where a device sent it."""

    data: bytes
    link: Link | None = None


@dataclass(frozen=True)
class Outcome:
    """What the centre said of the objects of one request: UIDs, and the failed ones' reasons."""

    stored: frozenset[str] = frozenset()
    failed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Offer:
    """A version that the centre offers (E-18). `offer_id` tells it from a later offer of it."""

    version: str
    sha256: str
    size: int
    file_name: str
    offer_id: str


@dataclass(frozen=True)
class Orders:
    """What the centre answers to a heartbeat: the rules in force, studies of which something is
    missing there, and the version that it offers."""

    rules: dict[str, Any]
    rules_version: int
    supplement: tuple[tuple[str, str], ...] = ()  # task, and the study that it asks for
    upgrade: Offer | None = None
    record_key: str = ""  # by which records are sealed (E-19), base64url


class Centre(Protocol):
    """What a front machine needs of its centre; every call raises CentreUnavailableError."""

    def store(self, objects: Sequence[Outgoing]) -> Outcome:
        """Hand objects over (E-03)."""
        ...

    def held(self, study_uid: str) -> frozenset[str]:
        """Return the SOP Instance UIDs that the centre holds of a study (E-10)."""
        ...

    def report(self, version: str, state: Mapping[str, Any]) -> Orders:
        """Tell how things are; return what is to be done (E-18)."""
        ...


class HttpCentre:
    """The centre over HTTPS with OAuth 2.0 client credentials (RFC 6749 §4.4)."""

    def __init__(self, settings: GatewaySettings, session: requests.Session | None = None) -> None:
        self._image_url = settings.centre_url
        self._index_url = settings.index_url or settings.centre_url
        self._credentials = (settings.client_id, settings.client_secret)
        self._session = session or requests.Session()
        self._token = ""
        self._asking = Lock()

    def store(self, objects: Sequence[Outgoing]) -> Outcome:
        """Hand objects over by STOW-RS (PS3.18 10.5)."""
        boundary = new_boundary()
        parts = (
            NewPart("application/dicom", one.data, headers=headers_of(one.data, one.link))
            for one in objects
        )
        body = b"".join(write_parts(parts, boundary))
        kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
        answer = self.ask(
            "POST", "/dicom-web/studies", data=body,
            headers={"Content-Type": kind, "Accept": _DICOM_JSON},
        )  # fmt: skip
        if answer.status_code not in (HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.CONFLICT):
            raise CentreUnavailableError(f"status_{answer.status_code}")
        return _outcome(_json(answer))

    def held(self, study_uid: str) -> frozenset[str]:
        """Return what the centre holds of a study, by QIDO-RS (PS3.18 10.6)."""
        found: set[str] = set()
        while True:
            answer = self.ask(
                "GET", f"/dicom-web/studies/{study_uid}/instances",
                params={"limit": "1000", "offset": str(len(found))},
                headers={"Accept": _DICOM_JSON},
            )  # fmt: skip
            if answer.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND):
                return frozenset(found)
            if answer.status_code != HTTPStatus.OK:
                raise CentreUnavailableError(f"status_{answer.status_code}")
            page = {_value(one, "00080018") for one in _json(answer)} - {""}
            if page <= found:
                return frozenset(found)
            found |= page

    def report(self, version: str, state: Mapping[str, Any]) -> Orders:
        """Tell the centre how things are, and ask for the rules."""
        answer = self.ask(
            "POST", "/api/v1/gateway/heartbeat", json={"version": version, "state": dict(state)}
        )
        if answer.status_code != HTTPStatus.OK:
            raise CentreUnavailableError(f"status_{answer.status_code}")
        told = _json(answer)
        try:
            supplement = tuple(
                (str(one["task_id"]), str(one["study_uid"])) for one in told.get("supplement", ())
            )
            rules, number = dict(told["rules"]), int(told["rules_version"])
            key = str(told.get("record_key", ""))
            return Orders(rules, number, supplement, _offer(told.get("upgrade")), key)
        except (KeyError, TypeError, ValueError) as error:
            raise CentreUnavailableError("malformed_answer") from error

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Ask the centre under our token, asked for anew where it is over.

        Raises CentreUnavailableError where it cannot be reached or does not know us.
        """
        headers = options.pop("headers", {})
        for fresh in (False, True):
            bearer = {"Authorization": f"Bearer {self._bearer(fresh=fresh)}"}
            answer = self._send(method, path, headers=headers | bearer, **options)
            if answer.status_code != HTTPStatus.UNAUTHORIZED:
                return answer
        raise CentreUnavailableError("not_authorised")

    def _bearer(self, *, fresh: bool) -> str:
        with self._asking:
            if fresh or not self._token:
                answer = self._send(
                    "POST", "/oauth/token", auth=self._credentials,
                    data={"grant_type": "client_credentials"},  # all scopes of its own
                )  # fmt: skip
                if answer.status_code != HTTPStatus.OK:
                    raise CentreUnavailableError("not_authorised")
                self._token = str(_json(answer)["access_token"])
            return self._token

    def _address(self, path: str) -> str:
        """Return where a path is asked for: images by the network that is dedicated to them,
        everything else by the one for business (E-44)."""
        is_image = path.startswith("/dicom-web/") or path.endswith("/objects")
        return (self._image_url if is_image else self._index_url) + path

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            return self._session.request(
                method, self._address(path), timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                allow_redirects=False, **options,
            )  # fmt: skip
        except requests.RequestException as error:
            raise CentreUnavailableError("unreachable") from error


def _offer(told: Any) -> Offer | None:
    """Return what is offered. Raises ValueError where it could leave its folder, KeyError."""
    if told is None:
        return None
    offer = Offer(
        str(told["version"]), str(told["sha256"]), int(told["size"]), str(told["file_name"]),
        str(told["offer_id"]),
    )  # fmt: skip
    fits = VERSION.fullmatch(offer.version) and FILE_NAME.fullmatch(offer.file_name)
    if not fits or not SHA256.fullmatch(offer.sha256):
        raise ValueError("malformed offer")
    return offer


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise CentreUnavailableError("malformed_answer") from error


def _outcome(told: Mapping[str, Any]) -> Outcome:
    """Read a Store Instances Response (PS3.18 I.2)."""
    return Outcome(
        frozenset(_value(one, _INSTANCE) for one in _items(told, _REFERENCED)),
        {_value(one, _INSTANCE): int(_value(one, _REASON) or 0) for one in _items(told, _FAILED)},
    )


def _items(told: Mapping[str, Any], tag: str) -> Iterable[Mapping[str, Any]]:
    items: Iterable[Mapping[str, Any]] = told.get(tag, {}).get("Value", ())
    return items


def _value(item: Mapping[str, Any], tag: str) -> str:
    values = item.get(tag, {}).get("Value", ())
    return str(values[0]) if values else ""
