"""Family accounts (亲情账户): viewing a relative's records with the consent of both sides (A-09).

An adult agrees on his own account. For a child, or somebody who has no account, the asker declares
what he is to him and by which paper; the operator reviews the declaration, but for a child whose
phone on record, given by the hospital, is the asker's own. Either side ends a link at any time; it
bites at the next request. A child's link ends when it is of age.
"""

from server.family.invitations import (
    EVIDENCE,
    RELATIONS,
    FamilyError,
    Invitation,
    InvitationError,
    TooManyInvitations,
    accept,
    decline,
    invite,
    take_back,
)
from server.family.links import FamilyOverview, acknowledge, end_link, overview, unacknowledged
from server.family.review import approve, in_review, refuse

__all__ = [
    "EVIDENCE",
    "RELATIONS",
    "FamilyError",
    "FamilyOverview",
    "Invitation",
    "InvitationError",
    "TooManyInvitations",
    "accept",
    "acknowledge",
    "approve",
    "decline",
    "end_link",
    "in_review",
    "invite",
    "overview",
    "refuse",
    "take_back",
    "unacknowledged",
]
