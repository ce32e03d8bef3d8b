"""A thin client of the image cloud for hospitals' own systems: tokens, registration,
reminders, launches, citations, the index.

It needs `requests`, and `joserfc` where the system proves itself with a key. Nothing of the image
cloud's own code.
"""

from examples.yingyun_client.client import (
    CloudRefusedError,
    LaunchTicket,
    Order,
    Patient,
    Physician,
    Registration,
    Visit,
    YingyunClient,
)
from examples.yingyun_client.credentials import ClientKey, ClientSecret

__all__ = [
    "ClientKey",
    "ClientSecret",
    "CloudRefusedError",
    "LaunchTicket",
    "Order",
    "Patient",
    "Physician",
    "Registration",
    "Visit",
    "YingyunClient",
]
