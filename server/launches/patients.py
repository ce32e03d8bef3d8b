"""Who is meant by what a hospital's system says of a patient; nobody is found by his name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import people
from server.identity_adapters import (
    AdapterError,
    AdaptersFileError,
    id_number_of,
    load_adapters,
)
from server.launches.errors import LaunchRefusedError, RefusalReason
from server.model import Institution, Person, Study
from server.people import IdNumberError

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()


@dataclass(frozen=True)
class PatientNumbers:
    """The numbers of a patient: the hospital's own, and those of the person where it knows them."""

    patient_id: str
    id_number: str = ""
    person_code: str = ""
    # 电子健康码, as a scanner read it (H-04).
    health_code: str = ""


def person_of(
    cloud: ImageCloud, session: Session, institution_id: int, numbers: PatientNumbers
) -> Person | None:
    """Return the person whom all the numbers mean; None where only the hospital knows him.

    Raises LaunchRefusedError where two numbers mean two persons: one of them is a mistake, and
    somebody else's images would be shown. So it does for a wrong check digit (E-45), and for a
    health code that does not hold.
    """
    candidates = (
        _by_id_number(cloud, session, numbers.id_number),
        _by_code(session, numbers),
        _by_health_code(cloud, session, institution_id, numbers.health_code),
    )
    found = {one.id: one for one in candidates if one is not None}
    registered = _registered(session, institution_id, numbers.patient_id)
    strangers = [one for one in registered if one.id not in found and _is_other(one, numbers)]
    if len(found) > 1 or strangers or len(registered) > 1:
        raise LaunchRefusedError(RefusalReason.PATIENT)
    return next(iter([*found.values(), *registered]), None)


def _is_other(person: Person, numbers: PatientNumbers) -> bool:
    """Whether a number was said that would have found this person, had it been his."""
    by_id = bool(numbers.id_number or numbers.health_code) and person.id_number_hash is not None
    return by_id or bool(numbers.person_code)


def _by_id_number(cloud: ImageCloud, session: Session, number: str) -> Person | None:
    if not number:
        return None
    try:
        people.normalize_id_number(number)
    except IdNumberError as error:
        raise LaunchRefusedError(RefusalReason.CERTIFICATE) from error
    return people.find_by_id_number(cloud, session, number)


def _by_health_code(
    cloud: ImageCloud, session: Session, institution_id: int, code: str
) -> Person | None:
    if not code:
        return None
    institution = session.get_one(Institution, institution_id)
    try:
        adapter = load_adapters(cloud.settings.identity_adapters_file).health_code
        if adapter is None:
            raise LaunchRefusedError(RefusalReason.HEALTH_CODE)
        number = id_number_of(adapter, code, institution_code=institution.code)
    except (AdapterError, AdaptersFileError) as error:
        log.error("health_code_not_asked", error=str(error))
        raise LaunchRefusedError(RefusalReason.IDENTITY_SERVICE) from error
    if number is None:
        raise LaunchRefusedError(RefusalReason.HEALTH_CODE)
    return people.find_by_id_number(cloud, session, number)


def _by_code(session: Session, numbers: PatientNumbers) -> Person | None:
    if not numbers.person_code:
        return None
    return session.scalar(select(Person).where(Person.person_code == numbers.person_code))


def _registered(session: Session, institution_id: int, patient_id: str) -> list[Person]:
    """Return the persons whom the hospital examined under a number of its own."""
    if not patient_id:
        return []
    wanted = (
        select(Person)
        .join(Study, Study.person_id == Person.id)
        .where(Study.institution_id == institution_id, Study.patient_id == patient_id)
        .distinct()
        .limit(2)
    )
    return list(session.scalars(wanted))
