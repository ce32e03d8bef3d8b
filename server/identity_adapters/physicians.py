"""The national electronic registration of physicians (电子化注册信息系统): may he practise here?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import StringConstraints

from server.identity_adapters.exchange import Answer, ask
from server.identity_adapters.files import Adapter


class RegisterAnswer(Answer):
    """What the register knows of a licence at an institution."""

    registered: bool
    name: Annotated[str, StringConstraints(max_length=100)] = ""
    valid_until: date | None = None


@dataclass(frozen=True)
class Registered:
    """A physician who may practise at the institution that was asked for."""

    licence_number: str
    valid_until: date | None


def look_up(
    adapter: Adapter, *, licence_number: str, name: str, institution_code: str, today: date
) -> Registered | None:
    """Return the registration of a physician at an institution; None where there is none, it is
    over, or it is somebody else's. Raises AdapterUnavailableError, AdapterError."""
    question = {
        "licence_number": licence_number,
        "name": name,
        "institution_code": institution_code,
    }
    answer = ask(adapter, question, RegisterAnswer)
    over = answer.valid_until is not None and answer.valid_until < today
    if not answer.registered or answer.name != name or over:
        return None
    return Registered(licence_number, answer.valid_until)
