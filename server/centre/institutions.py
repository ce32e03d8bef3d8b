"""The institutions of the cloud: added, changed, ended (D-06)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import accounts, clock
from server.centre.acting import Actor, OutOfReachError
from server.clients import keeping
from server.model import Account, Institution, InstitutionClient, Role, Study, TransferLink
from server.provinces.records import HOSPITAL_LEVEL
from server.regions import in_province

# 医院等级 as the authorities grade hospitals; "" where none was given.
LEVELS = ("三级甲等", "三级乙等", "三级", "二级甲等", "二级乙等", "二级", "一级", "未定级")
_CODE = re.compile(r"[0-9A-Z]{18}")
_REGION = re.compile(r"[0-9]{6}")
_NAME, _REGION_NAME = 200, 50


class InstitutionError(ValueError):
    """These facts make no institution; `field` is the one that is wrong."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True)
class InstitutionFacts:
    """What is kept of an institution: unit code (GB 32100), name, level, region (GB/T 2260)."""

    code: str
    name: str
    level: str
    province_code: str
    province_name: str


@dataclass(frozen=True)
class InstitutionRow:
    """One line of the list."""

    institution: Institution
    level: str
    clients: int
    links: int
    accounts: int
    studies: int


def level_of(institution: Institution) -> str:
    """Return the level of an institution, "" where nobody said."""
    return str(institution.settings.get(HOSPITAL_LEVEL, ""))


def rows(session: Session, actor: Actor) -> list[InstitutionRow]:
    """Return the institutions that an actor reaches, living ones first, by code."""
    wanted = select(Institution).order_by(Institution.ended_at.is_not(None), Institution.code)
    if actor.scope is not None:
        wanted = wanted.where(Institution.id == actor.scope)
    counts = [
        _counts(session, InstitutionClient.institution_id, InstitutionClient.disabled_at.is_(None)),
        _counts(session, TransferLink.institution_id),
        _counts(session, Account.institution_id, Account.active),
        _counts(session, Study.institution_id),
    ]
    return [
        InstitutionRow(one, level_of(one), *(found.get(one.id, 0) for found in counts))
        for one in session.scalars(wanted)
    ]


def find(session: Session, actor: Actor, institution_id: int) -> Institution:
    """Return an institution. Raises OutOfReachError."""
    actor.must_reach(institution_id)
    found = session.get(Institution, institution_id)
    if found is None:
        raise OutOfReachError
    return found


def add(
    session: Session, actor: Actor, facts: InstitutionFacts, *, region_code: str
) -> Institution:
    """Add an institution of the centre's province (D-01), audited.

    Raises InstitutionError, for a code that is taken among them.
    """
    checked = _checked(facts)
    _must_belong(checked, region_code)
    _must_be_free(session, checked.code, None)
    made = Institution(
        code=checked.code,
        name=checked.name,
        province_code=checked.province_code,
        province_name=checked.province_name,
        settings={HOSPITAL_LEVEL: checked.level} if checked.level else {},
    )
    session.add(made)
    session.flush()
    actor.note(session, "institution.add", "institution", str(made.id), {"code": made.code})
    return made


def change(
    session: Session,
    actor: Actor,
    institution_id: int,
    facts: InstitutionFacts,
    *,
    region_code: str,
) -> None:
    """Change what is kept of an institution; the log says from what to what.

    It stays in its province: of another are those whose copies are held here. Raises
    InstitutionError, OutOfReachError.
    """
    found = find(session, actor, institution_id)
    checked = _checked(facts)
    if checked.province_code != found.province_code:
        _must_belong(checked, region_code)
    _must_be_free(session, checked.code, found.id)
    before = asdict(facts_of(found))
    found.code, found.name = checked.code, checked.name
    found.province_code, found.province_name = checked.province_code, checked.province_name
    found.settings = found.settings | {HOSPITAL_LEVEL: checked.level}
    now = asdict(checked)
    changed = {name: [before[name], now[name]] for name in now if before[name] != now[name]}
    actor.note(session, "institution.change", "institution", str(found.id), changed)


def end(session: Session, actor: Actor, institution_id: int) -> None:
    """Let an institution leave: its clients are shut and its accounts closed; its studies stay.

    Harmless when it has left already. Raises OutOfReachError.
    """
    found = find(session, actor, institution_id)
    if found.ended_at is not None:
        return
    found.ended_at = clock.now()
    name = f"account:{actor.account_id}"
    for client in _clients(session, found.id):
        if client.disabled_at is None:
            keeping.disable(session, client, actor=name)
    for account in session.scalars(
        select(Account).where(
            Account.institution_id == found.id, Account.active, Account.role != Role.PATIENT
        )
    ):
        accounts.disable_account(
            session, account, actor_kind="account", actor=name, source=actor.source
        )
    actor.note(session, "institution.end", "institution", str(found.id), {"code": found.code})


def facts_of(institution: Institution) -> InstitutionFacts:
    """Return what is kept of an institution."""
    return InstitutionFacts(
        institution.code,
        institution.name,
        level_of(institution),
        institution.province_code,
        institution.province_name,
    )


def clients_of(session: Session, actor: Actor, institution_id: int) -> Sequence[InstitutionClient]:
    """Return the OAuth 2.0 clients of an institution. Raises OutOfReachError."""
    actor.must_reach(institution_id)
    return _clients(session, institution_id)


def _clients(session: Session, institution_id: int) -> Sequence[InstitutionClient]:
    return session.scalars(
        select(InstitutionClient)
        .where(InstitutionClient.institution_id == institution_id)
        .order_by(InstitutionClient.created_at)
    ).all()


def _counts(session: Session, column: object, *conditions: object) -> dict[int, int]:
    counted = select(column, func.count()).where(*conditions).group_by(column)  # type: ignore[call-overload]
    return {number: count for number, count in session.execute(counted) if number is not None}


def _checked(facts: InstitutionFacts) -> InstitutionFacts:
    given = InstitutionFacts(**{name: value.strip() for name, value in asdict(facts).items()})
    code = given.code.upper()
    if not _CODE.fullmatch(code):
        raise InstitutionError("code")
    if not 0 < len(given.name) <= _NAME:
        raise InstitutionError("name")
    if given.level not in {"", *LEVELS}:
        raise InstitutionError("level")
    if not _REGION.fullmatch(given.province_code):
        raise InstitutionError("province_code")
    if not 0 < len(given.province_name) <= _REGION_NAME:
        raise InstitutionError("province_name")
    return InstitutionFacts(code, *list(asdict(given).values())[1:])


def _must_belong(facts: InstitutionFacts, region_code: str) -> None:
    if not in_province(region_code, facts.province_code):
        raise InstitutionError("province")


def _must_be_free(session: Session, code: str, own: int | None) -> None:
    holder = session.scalar(select(Institution.id).where(Institution.code == code))
    if holder is not None and holder != own:
        raise InstitutionError("taken")
