"""For how long and for how much: the terms of requests and authorisations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from server import clock
from server.model import Authorisation, AuthorisationState, ScopeKind

# How long a request waits for its answer.
ANSWER_WITHIN = timedelta(hours=24)
# What the patient chooses from; the first is what counts where nobody chooses.
LIFETIMES = (timedelta(hours=24), timedelta(hours=4), timedelta(days=7), timedelta(days=30))
EMERGENCY_LIFETIME = timedelta(hours=4)
LONGEST_REASON = 200
LONGEST_ENCOUNTER = 64


@dataclass(frozen=True)
class Scope:
    """How much is opened: all history, one study (its id), or one body part (PS3.16 L term)."""

    kind: ScopeKind = ScopeKind.ALL
    value: str = ""


ALL_HISTORY = Scope()


def scope_of(authorisation: Authorisation) -> Scope:
    """Return how much an authorisation opens."""
    return Scope(ScopeKind(authorisation.scope_kind), authorisation.scope_value)


def shown_state(authorisation: Authorisation) -> AuthorisationState:
    """Return the state as people see it now: what nobody answered or what ran out is expired."""
    state, now = AuthorisationState(authorisation.state), clock.now()
    ends = {
        AuthorisationState.REQUESTED: authorisation.answer_by,
        AuthorisationState.APPROVED: authorisation.expires_at,
    }.get(state)
    return AuthorisationState.EXPIRED if ends is not None and ends <= now else state
