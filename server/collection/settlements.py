"""Settlements as hospitals send them (E-09, D-11)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.model import Settlement


class OtherInstitutionError(ValueError):
    """A settlement of these numbers is known, of another institution."""


@dataclass(frozen=True)
class SettlementFacts:
    """One settled fee; the names are those of Settlement, amounts in fen (分)."""

    institution_id: int
    settlement_id: str
    fee_serial_number: str
    accession_number: str
    settled_at: datetime
    exam_item: str = ""
    fee: int = 0
    reimbursed: int = 0
    consumables: int = 0


def keep(session: Session, facts: SettlementFacts) -> bool:
    """Keep a settlement, in place of the one of both numbers; return whether it is new.

    Raises OtherInstitutionError: a hospital changes no other hospital's settlements.
    """
    known = session.scalar(
        select(Settlement).where(
            Settlement.settlement_id == facts.settlement_id,
            Settlement.fee_serial_number == facts.fee_serial_number,
        )
    )
    if known is None:
        session.add(Settlement(**asdict(facts)))
        session.flush()
        return True
    if known.institution_id != facts.institution_id:
        raise OtherInstitutionError
    for name, value in asdict(facts).items():
        setattr(known, name, value)
    session.flush()
    return False
