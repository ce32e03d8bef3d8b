"""Insured persons: ID numbers (GB 11643), sealed identifiers, family accounts (A-09)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from server import clock
from server.model import FamilyLink, Person

if TYPE_CHECKING:
    from server.cloud import ImageCloud

ID_NUMBER_CONTEXT = "person.id_number"
PHONE_CONTEXT = "person.phone"
PERSON_CODE_DIGITS = 26
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_LETTERS = "10X98765432"
_ID_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")


class IdNumberError(ValueError):
    """This is no citizen identity number (居民身份证号)."""


def normalize_id_number(text: str) -> str:
    """Return the 18 characters of an ID number, checked (GB 11643-1999: date and check letter).

    Raises IdNumberError.
    """
    number = text.strip().upper()
    if not _ID_NUMBER.fullmatch(number):
        raise IdNumberError("an ID number has 17 digits and a check letter")
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    if number[17] != _CHECK_LETTERS[total % 11]:
        raise IdNumberError("the check letter does not fit")
    birth_date_of(number)
    return number


def birth_date_of(id_number: str) -> date:
    """Return the birth date inside an ID number. Raises IdNumberError."""
    try:
        return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))
    except ValueError as error:
        raise IdNumberError("the date inside does not exist") from error


def sex_of(id_number: str) -> str:
    """Return "M" or "F" as the 17th digit of an ID number says (odd is male)."""
    return "M" if int(id_number[16]) % 2 else "F"


def mask_id_number(number: str) -> str:
    """Return an identifier with all but the ends hidden, for readers without need (F-22, X-44)."""
    if len(number) <= 4:
        return "*" * len(number)
    kept_front = min(3, (len(number) - 2) // 2)
    kept_back = min(4, max(1, len(number) // 4))
    hidden = len(number) - kept_front - kept_back
    return f"{number[:kept_front]}{'*' * hidden}{number[-kept_back:]}"


def mask_name(name: str) -> str:
    """Return a name with only its first letter kept: 张三丰 → 张** (F-22)."""
    return name[:1] + "*" * len(name[1:])


def id_number_hash(cloud: ImageCloud, id_number: str) -> str:
    """Return the keyed hash by which a person is found. Raises IdNumberError."""
    return cloud.master_key.keyed_hash(normalize_id_number(id_number), ID_NUMBER_CONTEXT)


def new_person_code() -> str:
    """Return a random person code of 26 digits, for somebody who has none yet."""
    return str(secrets.randbelow(10**PERSON_CODE_DIGITS)).zfill(PERSON_CODE_DIGITS)


def create_person(
    cloud: ImageCloud,
    session: Session,
    *,
    person_code: str,
    name: str,
    id_number: str | None = None,
    sex: str | None = None,
    birth_date: date | None = None,
    phone: str | None = None,
) -> Person:
    """Add a person; ID number and phone are sealed (F-22). Raises IdNumberError.

    `sex` is the DICOM letter (M, F, O); sex and birth date follow from the ID number when not
    given.
    """
    person = Person(person_code=person_code, name=name, sex=sex, birth_date=birth_date)
    if id_number is not None:
        number = normalize_id_number(id_number)
        person.id_number_sealed = cloud.master_key.seal(number, ID_NUMBER_CONTEXT)
        person.id_number_hash = id_number_hash(cloud, number)
        person.sex = sex or sex_of(number)
        person.birth_date = birth_date or birth_date_of(number)
    if phone is not None:
        person.phone_sealed = cloud.master_key.seal(phone, PHONE_CONTEXT)
    session.add(person)
    session.flush()
    return person


def find_by_id_number(cloud: ImageCloud, session: Session, id_number: str) -> Person | None:
    """Return the person with this ID number; None for a stranger or for no ID number at all."""
    try:
        wanted = id_number_hash(cloud, id_number)
    except IdNumberError:
        return None
    return session.scalar(select(Person).where(Person.id_number_hash == wanted))


def id_number(cloud: ImageCloud, person: Person) -> str | None:
    """Return a person's ID number in clear."""
    if person.id_number_sealed is None:
        return None
    return cloud.master_key.open(person.id_number_sealed, ID_NUMBER_CONTEXT)


def phone(cloud: ImageCloud, person: Person) -> str | None:
    """Return a person's phone number in clear."""
    if person.phone_sealed is None:
        return None
    return cloud.master_key.open(person.phone_sealed, PHONE_CONTEXT)


def link_family(
    session: Session,
    *,
    guardian: Person,
    member: Person,
    relation: str,
    expires_at: datetime | None = None,
    acknowledged: bool = True,
) -> FamilyLink:
    """Let a guardian view a member's records until the link is withdrawn or over (A-09).

    Unless he was told already (`acknowledged`), the first study he opens is preceded by a notice
    about what is sensitive in it (F-25).
    """
    if guardian.id == member.id:
        raise ValueError("nobody is his own family account")
    link = FamilyLink(
        guardian_id=guardian.id,
        member_id=member.id,
        relation=relation,
        expires_at=expires_at,
        acknowledged_at=clock.now() if acknowledged else None,
    )
    session.add(link)
    session.flush()
    return link


def live_links(session: Session, *, guardian: Person, member: Person) -> Sequence[FamilyLink]:
    """Return the links by which a guardian views a member's records just now."""
    return session.scalars(
        select(FamilyLink).where(
            FamilyLink.guardian_id == guardian.id,
            FamilyLink.member_id == member.id,
            is_live_link(),
        )
    ).all()


def is_live_link() -> ColumnElement[bool]:
    """Return the condition under which a family link holds just now."""
    in_time = or_(FamilyLink.expires_at.is_(None), FamilyLink.expires_at > clock.now())
    return and_(FamilyLink.withdrawn_at.is_(None), in_time)


def withdraw_link(link: FamilyLink) -> None:
    """End a family link; it bites at the guardian's next request."""
    if link.withdrawn_at is None:
        link.withdrawn_at = clock.now()


def visible_persons(session: Session, person_id: int | None) -> frozenset[int]:
    """Return the ids of a person himself and of the members he is guardian of just now (A-09)."""
    if person_id is None:
        return frozenset()
    members = session.scalars(
        select(FamilyLink.member_id).where(FamilyLink.guardian_id == person_id, is_live_link())
    )
    return frozenset((person_id, *members))


def relations_of(session: Session, person_id: int | None) -> dict[int, str]:
    """Return member id → relation (for example 母亲) for the live family links of a guardian."""
    links = session.execute(
        select(FamilyLink.member_id, FamilyLink.relation).where(
            FamilyLink.guardian_id == person_id, is_live_link()
        )
    )
    return {link.member_id: link.relation for link in links}
