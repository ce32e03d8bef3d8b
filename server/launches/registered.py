"""Whether a launched physician is in the national register (H-04), where the region has one."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.orm import Session

from server import audit, clock
from server.clock import CHINA
from server.identity_adapters import (
    AdapterError,
    AdaptersFileError,
    AdapterUnavailableError,
    PhysicianRegister,
    Registered,
    load_adapters,
    look_up,
)
from server.launches.errors import LaunchRefusedError, RefusalReason
from server.model import Account, Institution, PhysicianRegistration

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()


def check_registered(
    cloud: ImageCloud,
    session: Session,
    account: Account | None,
    *,
    institution_id: int,
    licence_number: str,
    name: str,
) -> Registered | None:
    """Ask the register at the first launch and again once its answer is old.

    `account` is None at the first launch. Nothing is written here, because a register may take its
    time; `keep_registered` keeps what is returned, None where nothing is new. While it does not
    answer, those whom it knew go on and nobody new comes in. Raises LaunchRefusedError.
    """
    register = _register(cloud)
    if register is None:
        return None
    known = session.get(PhysicianRegistration, account.id) if account is not None else None
    wanted = licence_number or (known.licence_number if known is not None else "")
    if known is not None and _holds(known, wanted, register):
        return None
    if not wanted:
        raise LaunchRefusedError(RefusalReason.LICENCE)
    try:
        found = look_up(
            register.adapter,
            licence_number=wanted,
            name=name,
            institution_code=session.get_one(Institution, institution_id).code,
            today=_today(),
        )
    except AdapterUnavailableError as error:
        log.warning("physician_register_unavailable", error=str(error))
        if known is not None and known.licence_number == wanted and _in_time(known):
            return None
        raise LaunchRefusedError(RefusalReason.IDENTITY_SERVICE) from error
    except AdapterError as error:
        log.error("physician_register_not_understood", error=str(error))
        raise LaunchRefusedError(RefusalReason.IDENTITY_SERVICE) from error
    if found is None:
        raise LaunchRefusedError(RefusalReason.LICENCE)
    return found


def keep_registered(session: Session, account: Account, found: Registered) -> None:
    """Keep what the register said of the physician of an account, audited."""
    row = session.get(PhysicianRegistration, account.id)
    row = row or PhysicianRegistration(account_id=account.id)
    row.licence_number, row.valid_until = found.licence_number, found.valid_until
    row.checked_at = clock.now()
    session.add(row)
    audit.record(
        session,
        actor_kind="system",
        actor="physician-register",
        event="physician.registered",
        object_kind="account",
        object_id=str(account.id),
        detail={"valid_until": str(found.valid_until or "")},
    )


def _register(cloud: ImageCloud) -> PhysicianRegister | None:
    try:
        return load_adapters(cloud.settings.identity_adapters_file).physician_register
    except AdaptersFileError as error:
        log.error("identity_adapters_file_unusable", error=str(error))
        raise LaunchRefusedError(RefusalReason.IDENTITY_SERVICE) from error


def _holds(known: PhysicianRegistration, licence: str, register: PhysicianRegister) -> bool:
    fresh = clock.now() - known.checked_at < register.recheck
    return fresh and known.licence_number == licence and _in_time(known)


def _in_time(known: PhysicianRegistration) -> bool:
    return known.valid_until is None or known.valid_until >= _today()


def _today() -> date:
    return clock.now().astimezone(CHINA).date()
