"""Who looks at a study and when, as words over its pictures (C-40).

A doctor and a recipient see them, a patient on his own page does not. Where the giver of a share
asks for it they are burnt into the pictures that leave the server, so that no page can hide them.
"""

from __future__ import annotations

from html import escape

from flask_babel import gettext as _

from portal.context import current_cloud, database_session
from portal.doors import DOCTOR, StudyDoor
from portal.identity import signed_in_identity
from server import clock
from server.imaging import watermarking
from server.imaging.pictures import Picture
from server.model import Share
from server.sharing import recipient_code
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
    share = _share(door)
    if share is None:
        return f"{_('分享查看')} {now}"
    phone = recipient_code.masked_phone(current_cloud(), share)
    told = (_("分享查看"), share.recipient, phone, now)
    return " ".join(one for one in told if one)


def overlay(door: StudyDoor) -> str:
    """Return the words that the page lays over its pictures: none where they are burnt in."""
    return "" if is_burnt(door) else words(door)


def is_burnt(door: StudyDoor) -> bool:
    """Whether the words are burnt into each picture."""
    share = _share(door)
    return share is not None and share.watermark


def marked(door: StudyDoor, picture: Picture) -> Picture:
    """Return a picture as it may leave through a door: with its words burnt in, or as it is."""
    return watermarking.burnt(picture, words(door)) if is_burnt(door) else picture


def _share(door: StudyDoor) -> Share | None:
    share_id = door.grant.share_id
    return database_session().get(Share, share_id) if share_id is not None else None


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
