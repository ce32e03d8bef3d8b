"""One question to a service outside: JSON by POST, question and answer each signed.

The question is signed over time and body as text messages are (server.sms); the answer over the
number of the question and its body, so that no answer to another question fits.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from typing import TypeVar

import requests
from pydantic import BaseModel, ConfigDict, ValidationError

from server import clock
from server.identity_adapters.files import Adapter
from server.sms import signature

PATIENCE = (1.5, 4.0)  # seconds to connect, and for the answer: somebody waits at the desk
LONGEST_ANSWER = 64 * 1024


class AdapterError(Exception):
    """The service's answer is none of those agreed; says nothing of its content."""


class AdapterUnavailableError(AdapterError):
    """The service does not answer just now."""


class Answer(BaseModel):
    """The base of all answers: nothing unknown; `request` is the number of the question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    request: str


A = TypeVar("A", bound=Answer)


def ask(adapter: Adapter, question: Mapping[str, str], kind: type[A]) -> A:
    """Return the signed answer to a question. Raises AdapterUnavailableError, AdapterError."""
    number = secrets.token_urlsafe(16)
    body = json.dumps({"request": number, **question}, ensure_ascii=False).encode()
    timestamp = str(int(clock.now().timestamp()))
    headers = {
        "Content-Type": "application/json",
        "X-Yingyun-Timestamp": timestamp,
        "X-Yingyun-Signature": f"sha256={signature(adapter.key, timestamp, body)}",
    }
    try:
        said = requests.post(
            adapter.url, data=body, headers=headers, timeout=PATIENCE, allow_redirects=False
        )
    except requests.RequestException as error:
        raise AdapterUnavailableError(type(error).__name__) from None
    if said.status_code >= 500:
        raise AdapterUnavailableError(f"status {said.status_code}")
    if said.status_code != 200 or len(said.content) > LONGEST_ANSWER:
        raise AdapterError(f"status {said.status_code}")
    expected = f"sha256={signature(adapter.key, number, said.content)}"
    if not hmac.compare_digest(expected, said.headers.get("X-Yingyun-Signature", "")):
        raise AdapterError("signature")
    return _read(kind, number, said.content)


def _read(kind: type[A], number: str, content: bytes) -> A:
    try:
        answer = kind.model_validate_json(content)
    except ValidationError as error:
        named = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise AdapterError(f"answer malformed: {named}") from None
    if answer.request != number:
        raise AdapterError("the answer is to another question")
    return answer
