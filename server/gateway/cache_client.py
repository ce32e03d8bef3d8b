"""The centre's addresses for a front machine's cache, over HTTPS (portal/api/caching.py)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol

import requests
import urllib3

from server.cache_applications.listed import Listing
from server.cache_applications.orders import CacheOrders, Opened, ToDelete, ToFetch
from server.gateway.centre import CentreUnavailableError, HttpCentre
from server.provinces.wire import ListedObject, read_message

PATH = "/api/v1/gateway"
_CHUNK_BYTES = 1 << 20
_REFUSALS = {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN}


class NotGivenError(LookupError):
    """The centre does not give a study just now; it knows why, and when to try again."""


class CachingCentre(Protocol):
    """What a cache needs of its centre; every call raises CentreUnavailableError."""

    def orders(self) -> CacheOrders:
        """Return what is to be done."""
        ...

    def listing(self, item_id: str) -> Listing:
        """Return what there is to fetch. Raises NotGivenError."""
        ...

    def objects(self, item_id: str, first: int) -> Iterator[bytes]:
        """Yield the bytes of the objects from the `first` one on. Raises NotGivenError."""
        ...

    def tell(self, item_id: str, outcome: str, objects: int, reason: str) -> None:
        """Tell what became of an item; one that the centre forgot is nobody's concern."""
        ...

    def retrieve(
        self, patient_id: str, certificate_number: str, cloud_index: str
    ) -> tuple[ToFetch, ...]:
        """Ask for a patient's studies without an application (D-29). Raises NotGivenError."""
        ...


class CacheClient:
    """These addresses by the token of the front machine."""

    def __init__(self, centre: HttpCentre) -> None:
        self._centre = centre

    def orders(self) -> CacheOrders:
        """Ask what is to be done."""
        told = _content(self._centre.ask("GET", f"{PATH}/cache"))
        try:
            opened = [
                Opened(str(one["study_uid"]), _instant(one["until"])) for one in told["opened"]
            ]
            delete = [
                ToDelete(str(one["item_id"]), str(one["study_uid"])) for one in told["delete"]
            ]
            return CacheOrders(_to_fetch(told), tuple(opened), tuple(delete))
        except (KeyError, TypeError, ValueError) as error:
            raise CentreUnavailableError("malformed_answer") from error

    def listing(self, item_id: str) -> Listing:
        """Ask for the objects of an item."""
        told = _content(self._centre.ask("GET", f"{PATH}/cache/{item_id}"))
        try:
            objects = tuple(read_message(ListedObject, one) for one in told["objects"])
            return Listing(str(told["study_uid"]), bool(told["own"]), objects)
        except (KeyError, TypeError, ValueError) as error:
            raise CentreUnavailableError("malformed_answer") from error

    def objects(self, item_id: str, first: int) -> Iterator[bytes]:
        """Fetch the objects of an item, from the store of the centre or through it."""
        answer = self._centre.ask(
            "GET",
            f"{PATH}/cache/{item_id}/objects",
            params={"first": str(first)},
            headers={"Accept-Encoding": "identity"},
            stream=True,
        )
        with answer:
            _check(answer)
            try:
                yield from answer.iter_content(_CHUNK_BYTES)
            except (requests.RequestException, OSError, urllib3.exceptions.HTTPError) as error:
                raise CentreUnavailableError("broken_off") from error

    def tell(self, item_id: str, outcome: str, objects: int, reason: str) -> None:
        """Tell what became of an item."""
        told = {"outcome": outcome, "objects": objects, "reason": reason}
        answer = self._centre.ask("POST", f"{PATH}/cache/{item_id}/outcome", json=told)
        if answer.status_code not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND):
            raise CentreUnavailableError(f"status_{answer.status_code}")

    def retrieve(
        self, patient_id: str, certificate_number: str, cloud_index: str
    ) -> tuple[ToFetch, ...]:
        """Ask for a patient's studies."""
        asked = {
            "patient_id": patient_id,
            "certificate_number": certificate_number,
            "cloud_index": cloud_index,
        }
        told = _content(self._centre.ask("POST", f"{PATH}/retrievals", json=asked))
        try:
            return _to_fetch(told)
        except (KeyError, TypeError, ValueError) as error:
            raise CentreUnavailableError("malformed_answer") from error


def _to_fetch(told: dict[str, Any]) -> tuple[ToFetch, ...]:
    return tuple(ToFetch(str(one["item_id"]), _instant(one["keep_until"])) for one in told["fetch"])


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return instant


def _check(answer: requests.Response) -> None:
    if answer.status_code in _REFUSALS:
        raise NotGivenError
    if answer.status_code != HTTPStatus.OK:
        raise CentreUnavailableError(f"status_{answer.status_code}")


def _content(answer: requests.Response) -> dict[str, Any]:
    _check(answer)
    try:
        return dict(answer.json())
    except (ValueError, TypeError) as error:
        raise CentreUnavailableError("malformed_answer") from error
