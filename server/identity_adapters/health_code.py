"""The electronic health code (电子健康码): what a scanner read becomes an ID number (H-04)."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from server import people
from server.identity_adapters.exchange import AdapterError, Answer, ask
from server.identity_adapters.files import Adapter
from server.people import IdNumberError

RESIDENT_ID = "01"


class HealthCodeAnswer(Answer):
    """Who shows the code; `found` is false for one that is unknown, over or used."""

    found: bool
    certificate_type: Annotated[str, StringConstraints(max_length=10)] = ""
    certificate_number: Annotated[str, StringConstraints(max_length=40)] = ""


def id_number_of(adapter: Adapter, code: str, *, institution_code: str) -> str | None:
    """Return the ID number of who shows a health code; None for a code that does not hold.

    Raises AdapterUnavailableError, AdapterError (also for a number whose check letter is wrong).
    """
    question = {"health_code": code, "institution_code": institution_code}
    answer = ask(adapter, question, HealthCodeAnswer)
    if not answer.found or answer.certificate_type != RESIDENT_ID:
        return None
    try:
        return people.normalize_id_number(answer.certificate_number)
    except IdNumberError:
        raise AdapterError("certificate number") from None
