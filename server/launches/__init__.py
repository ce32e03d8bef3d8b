"""Launches from an institution's own system: a ticket that serves once, then a session bound to
one physician, one patient and one encounter (C-38, C-46, E-43)."""

from server.launches.beginning import Begins, Opens, begin_with
from server.launches.errors import (
    LaunchError,
    LaunchRefusedError,
    RefusalReason,
    TicketError,
    TicketFault,
)
from server.launches.patients import PatientNumbers
from server.launches.reading import may_read, may_send, shown_studies, studies_of_patient
from server.launches.requests import LaunchRequest, NewLaunch, create
from server.launches.sessions import (
    confirm,
    current,
    end,
    end_of_client,
    framing_origin,
    live_of_client,
    needs_code,
)
from server.launches.tickets import TICKET_LIFETIME, Presented, Redeemed, launch_of_ticket, redeem

__all__ = [
    "TICKET_LIFETIME",
    "Begins",
    "LaunchError",
    "LaunchRefusedError",
    "LaunchRequest",
    "NewLaunch",
    "Opens",
    "PatientNumbers",
    "Presented",
    "Redeemed",
    "RefusalReason",
    "TicketError",
    "TicketFault",
    "begin_with",
    "confirm",
    "create",
    "current",
    "end",
    "end_of_client",
    "framing_origin",
    "launch_of_ticket",
    "live_of_client",
    "may_read",
    "may_send",
    "needs_code",
    "redeem",
    "shown_studies",
    "studies_of_patient",
]
