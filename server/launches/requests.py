"""A client asks for a launch: who, whom, which visit, from which page; it gets a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock, staff
from server.accounts.sessions import hash_token, new_token
from server.clients import CallingClient
from server.launches.beginning import Opens
from server.launches.errors import LaunchRefusedError, RefusalReason
from server.launches.patients import PatientNumbers, person_of
from server.launches.physicians import known_account, physician_account
from server.launches.reading import studies_of_patient
from server.launches.registered import check_registered, keep_registered
from server.launches.tickets import TICKET_LIFETIME
from server.model import Account, CarePurpose, Launch, Study

if TYPE_CHECKING:
    from server.cloud import ImageCloud


@dataclass(frozen=True)
class LaunchRequest:
    """What a hospital's system says; `frame_origin` is "" for a window of its own.

    `outside` says that the physician is outside the institution's network (C-46).
    """

    patient: PatientNumbers
    physician_code: str
    physician_name: str
    encounter: str
    visit_type: CarePurpose
    purpose: CarePurpose
    outside: bool
    frame_origin: str = ""
    study_uid: str = ""
    accession_number: str = ""
    opens: Opens = Opens.LIST
    # 医师执业证书编码, where the region asks its register (H-04).
    licence_number: str = ""
    list_filter: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NewLaunch:
    """A launch, and the ticket that redeems it once within `TICKET_LIFETIME`."""

    launch: Launch
    ticket: str


def create(
    cloud: ImageCloud, session: Session, caller: CallingClient, asked: LaunchRequest, *, source: str
) -> NewLaunch:
    """Make a launch for a client, audited. Raises LaunchRefusedError."""
    if asked.frame_origin and asked.frame_origin not in caller.origins:
        raise LaunchRefusedError(RefusalReason.ORIGIN)
    person = person_of(cloud, session, caller.institution_id, asked.patient)
    registered = check_registered(
        cloud,
        session,
        known_account(session, institution_id=caller.institution_id, code=asked.physician_code),
        institution_id=caller.institution_id,
        licence_number=asked.licence_number,
        name=asked.physician_name,
    )
    actor = f"client:{caller.client_id}"
    account = physician_account(
        session, institution_id=caller.institution_id, code=asked.physician_code, actor=actor
    )
    if registered is not None:
        keep_registered(session, account, registered)
    person_id = person.id if person is not None else None
    study = _study(session, caller.institution_id, account, asked, person_id)
    ticket, now = new_token(), clock.now()
    launch = Launch(
        client_id=caller.client_id,
        institution_id=caller.institution_id,
        account_id=account.id,
        physician_code=asked.physician_code,
        physician_name=asked.physician_name,
        person_id=person_id,
        patient_id=asked.patient.patient_id,
        encounter=asked.encounter,
        visit_type=asked.visit_type,
        purpose=asked.purpose,
        outside=asked.outside,
        frame_origin=asked.frame_origin,
        study_id=study.study_id if study is not None else None,
        opens=asked.opens,
        list_filter=dict(asked.list_filter),
        created_at=now,
        ticket_hash=hash_token(ticket),
        ticket_expires_at=now + TICKET_LIFETIME,
    )
    session.add(launch)
    session.flush()
    audit.record(
        session,
        actor_kind="client",
        actor=actor,
        event="launch.create",
        object_kind="launch",
        object_id=launch.launch_id,
        source=source,
        detail={
            "account": account.id,
            "visit_type": str(asked.visit_type),
            "purpose": str(asked.purpose),
            "outside": asked.outside,
        },
    )
    return NewLaunch(launch, ticket)


def _study(
    session: Session,
    institution_id: int,
    account: Account,
    asked: LaunchRequest,
    person_id: int | None,
) -> Study | None:
    """Return the study to begin with. Raises LaunchRefusedError where it is not the patient's."""
    if not (asked.study_uid or asked.accession_number):
        return None
    wanted = select(Study).where(
        staff.readable_by(account.id, institution_id, asked.encounter or None),
        studies_of_patient(institution_id, asked.patient.patient_id, person_id),
    )
    if asked.study_uid:
        wanted = wanted.where(Study.study_uid == asked.study_uid)
    if asked.accession_number:
        wanted = wanted.where(
            Study.accession_number == asked.accession_number,
            Study.institution_id == institution_id,
        )
    found = session.scalars(wanted.order_by(Study.study_datetime.desc()).limit(1)).first()
    if found is None:
        raise LaunchRefusedError(RefusalReason.STUDY)
    return found
