"""That a recipient gave the right password a moment ago, carried by his page to its next step.

A share with a password and a recipient's code asks for one after the other. The proof stands for
the password meanwhile, so that no page has to hold it. It is bound to the share, to its password
and to a few minutes; it opens nothing by itself.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import TYPE_CHECKING

from server import clock
from server.model import Share

if TYPE_CHECKING:
    from server.cloud import ImageCloud

LIFETIME = timedelta(minutes=15)
_PURPOSE = "share password proof"


def make(cloud: ImageCloud, share: Share) -> str:
    """Return a proof that holds for a few minutes."""
    until = int((clock.now() + LIFETIME).timestamp())
    return f"{until}.{_signature(cloud, share, until)}"


def holds(cloud: ImageCloud, share: Share, proof: str) -> bool:
    """Whether a proof was made for this share and its password, and is not over."""
    until, _, signature = proof.partition(".")
    if not (until.isascii() and until.isdigit()) or int(until) <= clock.now().timestamp():
        return False
    return hmac.compare_digest(signature.encode(), _signature(cloud, share, int(until)).encode())


def _signature(cloud: ImageCloud, share: Share, until: int) -> str:
    text = f"{share.share_id} {until} {share.password_hash}"
    return cloud.master_key.keyed_hash(text, _PURPOSE)
