"""Telling patients by message what is asked of them, and what was done without them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import messages
from server.model import Account, Authorisation, FamilyLink, Role

if TYPE_CHECKING:
    from server.cloud import ImageCloud


def tell_of_request(cloud: ImageCloud, session: Session, authorisation: Authorisation) -> None:
    """Tell the patient that a doctor waits for his answer."""
    _tell(
        cloud,
        session,
        authorisation,
        f"{authorisation.institution.name}的医生申请调阅您在其他医院的影像资料。"
        "请登录后在“我的授权”中同意或拒绝；不是您本人就诊，请拒绝。",
    )


def tell_of_emergency(cloud: ImageCloud, session: Session, authorisation: Authorisation) -> None:
    """Tell the patient that a doctor reads his history in an emergency, without his answer."""
    _tell(
        cloud,
        session,
        authorisation,
        f"{authorisation.institution.name}的医生因急诊抢救调阅了您在其他医院的影像资料。"
        "您可以登录后在“我的授权”中查看理由并终止。",
    )


def tell_of_assistance(cloud: ImageCloud, session: Session, authorisation: Authorisation) -> None:
    """Tell the patient that a physician gave the authorisation for him."""
    _tell(
        cloud,
        session,
        authorisation,
        f"{authorisation.institution.name}的医生协助您办理了影像调阅授权。"
        "您可以登录后在“我的授权”中查看或撤回。",
    )


def accounts_of(session: Session, person_id: int) -> Sequence[Account]:
    """Return the patient accounts of a person; where he has none, those of his guardians."""
    active = (Account.active.is_(True), Account.role == Role.PATIENT)
    own = session.scalars(select(Account).where(Account.person_id == person_id, *active)).all()
    if own:
        return own
    guardians = select(FamilyLink.guardian_id).where(
        FamilyLink.member_id == person_id, FamilyLink.withdrawn_at.is_(None)
    )
    return session.scalars(select(Account).where(Account.person_id.in_(guardians), *active)).all()


def _tell(cloud: ImageCloud, session: Session, authorisation: Authorisation, words: str) -> None:
    told: set[int | None] = set()
    for account in accounts_of(session, authorisation.person_id):
        if account.person_id not in told:  # several accounts of one person are one phone
            told.add(account.person_id)
            body = f"【{cloud.settings.site_name}】{words}"
            messages.send(cloud, session, account=account, body=body)
