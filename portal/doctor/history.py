"""A person's history across hospitals, as an authorised doctor is shown it (H-05, C-44)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.context import current_cloud, database_session
from portal.doctor.rows import Row, row
from server import access, reports, staff, work_list
from server.authorisations import live
from server.imaging.opening import opening_series_of
from server.model import Account, Authorisation, Study
from server.terms import china_time

BASE = "/doctor/studies"


@dataclass(frozen=True)
class HistoryRow:
    """One examination: the request for it, its report, its images."""

    study: Row
    own: bool
    requested: str
    exam_item: str


@dataclass(frozen=True)
class OpenHistory:
    """A patient whose history is open to a doctor just now, for the work list."""

    name: str
    href: str
    count: int
    until: str


def history(account: Account, authorisation: Authorisation) -> tuple[HistoryRow, ...]:
    """Return the studies of the person that the doctor may read just now, newest first."""
    session = database_session()
    institution_id = staff.reads_for(session, account.id)
    if institution_id is None:
        return ()
    grant = access.doctor_grant(current_cloud(), session, account)
    found = work_list.history_of(
        session,
        account_id=account.id,
        institution_id=institution_id,
        person_id=authorisation.person_id,
        encounter=grant.encounter,
    )
    series = opening_series_of(session, [one.study_id for one in found])
    return tuple(
        _row(session, row(one, series.get(one.study_id), BASE), institution_id) for one in found
    )


def open_histories(account: Account) -> tuple[OpenHistory, ...]:
    """Return the patients whose history in other hospitals is open to a doctor just now."""
    session = database_session()
    institution_id = staff.reads_for(session, account.id)
    if institution_id is None:
        return ()
    encounter = access.doctor_grant(current_cloud(), session, account).encounter
    found = session.scalars(
        select(Authorisation)
        .where(
            Authorisation.account_id == account.id,
            Authorisation.institution_id == institution_id,
            live.is_live(),
            live.of_encounter(encounter),
        )
        .order_by(Authorisation.expires_at.desc())
    ).all()
    newest = {one.person_id: one for one in reversed(found)}
    return tuple(_open(session, one) for one in newest.values())


def _open(session: Session, one: Authorisation) -> OpenHistory:
    others = session.scalars(
        select(Study.study_id)
        .join(Authorisation, live.covers())
        .where(
            Authorisation.authorisation_id == one.authorisation_id,
            Study.institution_id != one.institution_id,
        )
    ).all()
    ends = china_time(one.expires_at or one.requested_at)
    return OpenHistory(
        name=one.person.name,
        href=f"/doctor/requests/{one.authorisation_id}",
        count=len(others),
        until=ends.strftime("%m-%d %H:%M"),
    )


def _row(session: Session, shown: Row, institution_id: int) -> HistoryRow:
    study = session.get_one(Study, shown.entry.study_id)
    served = reports.served_report(session, study)
    asked = served.requested_at if served is not None else None
    return HistoryRow(
        study=shown,
        own=study.institution_id == institution_id,
        requested=china_time(asked).strftime("%Y-%m-%d %H:%M") if asked is not None else "",
        exam_item=served.exam_item if served is not None else "",
    )
