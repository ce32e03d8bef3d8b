"""Inviting a relative, and his answer."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, limits, messages, people
from server.accounts.auditing import record_success
from server.accounts.phone_proof import patient_account
from server.limits import Limit, TooManyTries
from server.model import (
    OPEN_INVITATION,
    Account,
    FamilyInvitation,
    FamilyLink,
    InvitationState,
    Person,
)

if TYPE_CHECKING:
    from server.cloud import ImageCloud

# What the member is to the one who asks; as in `FamilyLink.relation`.
RELATIONS = ("配偶", "父亲", "母亲", "儿子", "女儿", "祖父母", "孙辈", "其他亲属")
# By which paper a declaration can be checked.
EVIDENCE = ("出生医学证明", "户口簿", "监护证明", "委托书")
FULL_AGE = 18
_EVIDENCE_CONTEXT = "family_invitation.evidence_number"
_ANSWER_WITHIN = timedelta(days=7)
_REVIEW_WITHIN = timedelta(days=30)
_PER_DAY = Limit("family invitations", 10, timedelta(days=1))


class FamilyError(ValueError):
    """What was asked for is not possible; the message says why, in Chinese and English."""


class InvitationError(FamilyError):
    """There is no such open invitation for this account."""


class TooManyInvitations(FamilyError):  # noqa: N818 - reads as what happened
    """Enough for today; the next counts from `retry_at`."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__("今天的邀请次数已用完，请明天再试 / no more invitations today")
        self.retry_at = retry_at


@dataclass(frozen=True)
class Invitation:
    """Whom somebody invites, as he says it himself.

    `declared`: he vouches for the member himself, by a paper, as a guardian does.
    """

    id_number: str
    name: str
    relation: str
    declared: bool = False
    evidence_kind: str = ""
    evidence_number: str = ""


def invite(
    cloud: ImageCloud, session: Session, account: Account, asked: Invitation, *, source: str
) -> FamilyInvitation:
    """Invite a relative; the same is done and said whether or not he is on record.

    Audited; a member who is reached by message is told. Raises IdNumberError, FamilyError,
    TooManyInvitations.
    """
    asker = _person(account)
    number = people.normalize_id_number(asked.id_number)
    _check(asked)
    member_hash = people.id_number_hash(cloud, number)
    if member_hash == asker.id_number_hash:
        raise FamilyError("不能添加本人 / this is yourself")
    _count(cloud, account)
    member = people.find_by_id_number(cloud, session, number)
    if member is not None and _plain(member.name) != _plain(asked.name):
        member = None
    if member is not None and people.live_links(session, guardian=asker, member=member):
        raise FamilyError("已经是您的亲情账户 / is in your family account already")
    known = _open_one(session, asker, member_hash)
    if known is not None:
        raise FamilyError("已经邀请过，请等待答复 / is invited already, please wait")
    now = clock.now()
    invitation = FamilyInvitation(
        guardian_id=asker.id,
        member_id=member.id if member is not None else None,
        member_hash=member_hash,
        member_label=people.mask_name(asked.name.strip())[:40],
        relation=asked.relation,
        declared=asked.declared,
        evidence_kind=asked.evidence_kind if asked.declared else "",
        evidence_number_sealed=cloud.master_key.seal(asked.evidence_number, _EVIDENCE_CONTEXT)
        if asked.declared
        else None,
        state=InvitationState.IN_REVIEW if asked.declared else InvitationState.PENDING,
        expires_at=now + (_REVIEW_WITHIN if asked.declared else _ANSWER_WITHIN),
    )
    session.add(invitation)
    session.flush()
    record_success(
        session, account, "family.invite", source, invitation=invitation.invitation_id,
        declared=str(asked.declared),
    )  # fmt: skip
    if member is not None:
        _tell_member(cloud, session, asker, member)
        if asked.declared and _is_own_child(cloud, asker, member):
            link(cloud, session, invitation)
    return invitation


def accept(
    cloud: ImageCloud, session: Session, account: Account, invitation_id: str, *, source: str
) -> FamilyLink:
    """Let the member agree, on his own account. Raises InvitationError."""
    invitation = _for_member(session, account, invitation_id)
    made = link(cloud, session, invitation)
    record_success(session, account, "family.accept", source, invitation=invitation_id)
    return made


def decline(
    cloud: ImageCloud, session: Session, account: Account, invitation_id: str, *, source: str
) -> None:
    """Let the member say no. Raises InvitationError."""
    invitation = _for_member(session, account, invitation_id)
    close(invitation, InvitationState.DECLINED)
    record_success(session, account, "family.decline", source, invitation=invitation_id)
    tell(cloud, session, invitation.guardian, f"{invitation.member_label} 未同意亲情账户邀请。")


def take_back(session: Session, account: Account, invitation_id: str, *, source: str) -> None:
    """Let the one who asked withdraw an invitation. Raises InvitationError."""
    invitation = session.get(FamilyInvitation, invitation_id)
    if invitation is None or invitation.guardian_id != account.person_id or not is_open(invitation):
        raise InvitationError("邀请已失效 / this invitation is over")
    close(invitation, InvitationState.WITHDRAWN)
    record_success(session, account, "family.take_back", source, invitation=invitation_id)


def link(cloud: ImageCloud, session: Session, invitation: FamilyInvitation) -> FamilyLink:
    """Make the family link of an invitation that was agreed to, and tell both sides."""
    guardian, member = invitation.guardian, invitation.member
    if member is None:
        raise InvitationError("没有这样一位登记的成员 / nobody on record fits")
    of_age = full_age(member.birth_date)
    until = of_age if of_age is not None and of_age > clock.now() else None
    known = people.live_links(session, guardian=guardian, member=member)
    made = (
        known[0]
        if known
        else people.link_family(
            session,
            guardian=guardian,
            member=member,
            relation=invitation.relation,
            expires_at=until if invitation.declared else None,
            acknowledged=False,
        )
    )
    close(invitation, InvitationState.ACCEPTED)
    invitation.link_id = made.id
    label = people.mask_name(guardian.name)
    tell(cloud, session, guardian, f"{invitation.member_label} 已加入您的亲情账户。")
    tell(
        cloud,
        session,
        member,
        f"{label} 现在可以查看您的检查影像和报告，您可随时在“亲情账户”中解除。",
    )
    return made


def close(invitation: FamilyInvitation, state: InvitationState) -> None:
    """Note how an invitation ended."""
    invitation.state = state
    invitation.answered_at = clock.now()


def is_open(invitation: FamilyInvitation) -> bool:
    """Whether an invitation still waits for an answer."""
    return invitation.state in OPEN_INVITATION and invitation.expires_at > clock.now()


def tell(cloud: ImageCloud, session: Session, person: Person, what: str) -> None:
    """Send a message to a person's phone on record, under his account where he has one."""
    account = patient_account(session, person)
    body = f"【{cloud.settings.site_name}】{what}"
    messages.send_to_person(
        cloud, session, person, body=body, account_id=account.id if account else None
    )


def evidence_number(cloud: ImageCloud, invitation: FamilyInvitation) -> str:
    """Return the number of the paper that was named, for the reviewer."""
    sealed = invitation.evidence_number_sealed
    return cloud.master_key.open(sealed, _EVIDENCE_CONTEXT) if sealed is not None else ""


def full_age(born: date | None) -> datetime | None:
    """Return the beginning, in China, of the day on which somebody comes of age (Civil Code 17)."""
    if born is None:
        return None
    leap_day = born.month == 2 and born.day == 29
    day = date(born.year + FULL_AGE, 3, 1) if leap_day else born.replace(year=born.year + FULL_AGE)
    return datetime.combine(day, time(), tzinfo=clock.CHINA).astimezone(UTC)


def _person(account: Account) -> Person:
    if account.person is None:
        raise FamilyError("此账户不是参保人账户 / this is no patient's account")
    return account.person


def _check(asked: Invitation) -> None:
    if not asked.name.strip():
        raise FamilyError("请填写姓名 / a name is needed")
    if asked.relation not in RELATIONS:
        raise FamilyError("请选择关系 / choose a relation")
    if asked.declared and (
        asked.evidence_kind not in EVIDENCE or not asked.evidence_number.strip()
    ):
        raise FamilyError("请填写证明材料及其编号 / name the paper and its number")


def _count(cloud: ImageCloud, account: Account) -> None:
    try:
        with cloud.database.session() as own:
            limits.take(cloud, own, _PER_DAY, str(account.id))
    except TooManyTries as error:
        raise TooManyInvitations(error.retry_at) from error


def _open_one(session: Session, asker: Person, member_hash: str) -> FamilyInvitation | None:
    return session.scalars(
        select(FamilyInvitation)
        .where(
            FamilyInvitation.guardian_id == asker.id,
            FamilyInvitation.member_hash == member_hash,
            FamilyInvitation.state.in_(OPEN_INVITATION),
            FamilyInvitation.expires_at > clock.now(),
        )
        .limit(1)
    ).one_or_none()


def _for_member(session: Session, account: Account, invitation_id: str) -> FamilyInvitation:
    invitation = session.get(FamilyInvitation, invitation_id, populate_existing=True)
    mine = invitation is not None and account.person_id is not None
    if invitation is None or not mine or invitation.member_id != account.person_id:
        raise InvitationError("邀请已失效 / this invitation is over")
    if not is_open(invitation):
        raise InvitationError("邀请已失效 / this invitation is over")
    return invitation


def _tell_member(cloud: ImageCloud, session: Session, asker: Person, member: Person) -> None:
    label = people.mask_name(asker.name)
    tell(
        cloud,
        session,
        member,
        f"{label} 申请查看您的检查影像和报告。请登录后在“亲情账户”中同意或拒绝；如不认识，请拒绝。",
    )


def _is_own_child(cloud: ImageCloud, asker: Person, member: Person) -> bool:
    """Whether the member is a child for whom the hospital has the asker's own phone on record."""
    of_age = full_age(member.birth_date)
    if of_age is None or of_age <= clock.now():
        return False
    own = people.phone(cloud, asker)
    return own is not None and own == people.phone(cloud, member)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).lower()
