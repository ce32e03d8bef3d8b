"""Who looks at a study and when, as words over its pictures (C-40).

A doctor and a recipient see them, a patient on his own page does not.
"""

from __future__ import annotations

from html import escape

from flask_babel import gettext as _

from portal.context import database_session
from portal.doors import DOCTOR, StudyDoor
from portal.identity import signed_in_identity
from server import clock
from server.model import Share
from server.terms import china_time

# One tile of the pattern, in CSS pixels: as wide as the words, which nobody measures here.
_GAP, _HEIGHT, _CHARACTER = 90, 150, 9
_TURN = -24


def words(door: StudyDoor) -> str:
    """Return the reader's name and the time; "" where no watermark belongs."""
    now = china_time(clock.now()).strftime("%Y-%m-%d %H:%M")
    if door.kind == DOCTOR:
        identity = signed_in_identity()
        return " ".join(dict.fromkeys((identity.name, identity.login, now)))
    if door.grant.share_id is None:
        return ""
    share = database_session().get(Share, door.grant.share_id)
    recipient = share.recipient if share is not None else ""
    return " ".join((_("分享查看"), recipient, now)) if recipient else f"{_('分享查看')} {now}"


def tile(text: str) -> str:
    """Return the words as a picture (SVG 1.1) that repeats them over all of its size."""
    width = sum(2 if ord(letter) > 0x2E7F else 1 for letter in text) * _CHARACTER + _GAP
    drawn = escape(text)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%">'
        f'<defs><pattern id="w" width="{width}" height="{_HEIGHT}" '
        f'patternUnits="userSpaceOnUse" patternTransform="rotate({_TURN})">'
        '<text x="0" y="75" font-family="sans-serif" font-size="15" fill="#fff" '
        'fill-opacity="0.22" stroke="#000" stroke-opacity="0.22" stroke-width="0.7">'
        f"{drawn}</text></pattern></defs>"
        '<rect width="100%" height="100%" fill="url(#w)"/></svg>'
    )
