"""Personal authorisation before a doctor reads what other hospitals made (A-35, E-32, F-65).

    asked = authorisations.request(cloud, session, account=doctor, person=person, encounter="V1")
    authorisations.approve(session, account=patient, authorisation_id=asked.authorisation_id)
    authorisations.live_for(session, doctor.id, person.id, encounter="V1")

`server.staff` asks `live` at every object. docs/authorisation.md tells the whole.
"""

from server.authorisations.asking import accept_notice, approve, refuse, request, withdraw
from server.authorisations.caching import may_cache, record_caching_consent
from server.authorisations.errors import AuthorisationRefused, Refusal
from server.authorisations.live import awaiting_notice, live_for
from server.authorisations.terms import LIFETIMES, Scope, shown_state

__all__ = [
    "LIFETIMES",
    "AuthorisationRefused",
    "Refusal",
    "Scope",
    "accept_notice",
    "approve",
    "awaiting_notice",
    "live_for",
    "may_cache",
    "record_caching_consent",
    "refuse",
    "request",
    "shown_state",
    "withdraw",
]
