"""What the doctor's form asks for, handed to the service of the chosen way."""

from __future__ import annotations

from portal.context import current_cloud, database_session
from portal.doctor.request_forms import RequestForm
from portal.identity import source_address
from server import authorisations, messages, people
from server.authorisations import (
    AuthorisationRefused,
    Refusal,
    assisting,
    patient_code,
    sms_code,
    written,
)
from server.authorisations.evidence import PhysicianAssistedEvidence
from server.authorisations.recording import Asked
from server.model import Account, Authorisation, AuthorisationMethod, CarePurpose, Person


def ask(account: Account, form: RequestForm) -> Authorisation | None:
    """Ask as the form says; None where the person is not known. Raises AuthorisationRefused."""
    cloud, session = current_cloud(), database_session()
    if form.chosen_method() is AuthorisationMethod.INSURANCE_CODE:
        return patient_code.redeem(
            cloud,
            session,
            account=account,
            code=form.code.data,
            purpose=CarePurpose(form.purpose.data),
            scope=form.chosen_scope(),
            encounter=form.encounter.data or "",
            source=source_address(),
        )
    person = people.find_by_id_number(cloud, session, form.id_number.data)
    return None if person is None else _ask_for(account, form, person)


def _ask_for(account: Account, form: RequestForm, person: Person) -> Authorisation:
    cloud, session, method = current_cloud(), database_session(), form.chosen_method()
    asked = Asked(
        person=person,
        method=method,
        purpose=CarePurpose(form.purpose.data),
        scope=form.chosen_scope(),
        encounter=form.encounter.data or "",
    )
    if method is AuthorisationMethod.PHYSICIAN_ASSISTED:
        help_given = PhysicianAssistedEvidence(
            reason=form.help_reason.data or "",
            informed_consent=bool(form.informed_consent.data),
            licence_number=form.licence_number.data or "",
            explanation=form.explanation.data or "",
        )
        return assisting.assist(
            cloud,
            session,
            account=account,
            asked=asked,
            help_given=help_given,
            source=source_address(),
        )
    if method is AuthorisationMethod.WRITTEN:
        sent = form.document.data
        return written.keep_written(
            cloud,
            session,
            account=account,
            asked=asked,
            document=sent.read() if sent else b"",
            source=source_address(),
        )
    if method is AuthorisationMethod.SMS_CODE and not messages.can_reach_person(cloud, person):
        raise AuthorisationRefused(Refusal.UNREACHABLE)
    made = authorisations.request(
        cloud,
        session,
        account=account,
        person=person,
        method=method,
        purpose=asked.purpose,
        scope=asked.scope,
        encounter=asked.encounter,
        source=source_address(),
    )
    if method is AuthorisationMethod.SMS_CODE and made.code_hash is None:
        # Messages are counted in a transaction of their own, which must not wait for this one.
        session.commit()
        sms_code.send(cloud, session, account=account, authorisation_id=made.authorisation_id)
    return made
