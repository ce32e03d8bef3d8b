"""The browsers in which an account has signed in: a new one is told to its owner (F-06)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import clock
from server.accounts.notices import tell
from server.accounts.sessions import hash_token, new_token
from server.model import Account, KnownDevice

if TYPE_CHECKING:
    from server.cloud import ImageCloud

# A browser that was not seen for so long is a new one.
REMEMBERED = timedelta(days=365)
_TOKEN_LENGTH = len(new_token())
# The first that fits counts: WeChat is inside Android, Android says Linux.
_SYSTEMS = (
    ("OpenHarmony", "HarmonyOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)


def coarse_name(agent: str) -> str:
    """Return system and browser of a user agent string, "iPhone · Safari"; "" for an unknown."""
    parts = [_first(agent, _SYSTEMS), _first(agent, _BROWSERS)]
    return " · ".join(part for part in parts if part)


def note_device(
    cloud: ImageCloud, session: Session, account: Account, *, token: str | None, agent: str
) -> str:
    """Note that an account signs in from a browser; returns the token that the browser keeps.

    Where the account was used before, but never here, its owner is told.
    """
    now = clock.now()
    known = session.get(KnownDevice, (account.id, hash_token(token))) if token else None
    if known is not None and now - known.last_seen_at < REMEMBERED:
        known.last_seen_at = now
        return token or ""
    others = session.scalar(
        select(func.count()).select_from(KnownDevice).where(KnownDevice.account_id == account.id)
    )
    # One browser may be used by a family: all of them know it by the same token.
    fresh = token if token and len(token) == _TOKEN_LENGTH else new_token()
    session.merge(KnownDevice(account_id=account.id, token_hash=hash_token(fresh)))
    if others:
        local = now.astimezone(clock.CHINA)
        where = coarse_name(agent) or "未知设备"
        when = f"{local.month}月{local.day}日 {local:%H:%M}"
        tell(cloud, session, account, f"您的账户于 {when} 在新设备（{where}）上登录。")
    return fresh


def _first(agent: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((name for sign, name in names if sign in agent), "")
