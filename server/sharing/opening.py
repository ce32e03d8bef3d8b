"""Opening a share without an account, and what the opened share allows (goals 1 – 9).

Only an explicit opening counts; looking at the page never does. Guesses are counted before they are
judged and stay counted whatever happens: at short codes per share, per address and for everybody
together; at passwords and recipients' codes, which come after the secret, without the address.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from server import access, clock, limits
from server.access import Grant
from server.accounts.passwords import verify_password
from server.accounts.sessions import TOUCH_INTERVAL, hash_token, new_token
from server.limits import Limit
from server.model import Share, ShareVisit
from server.places import place_of
from server.sharing import notices, password_proof, recipient_code
from server.sharing.errors import (
    ShareClosed,
    ShareCodeNeeded,
    SharePasswordNeeded,
)
from server.sharing.failures import Outcome
from server.sharing.giving import ShareState, short_code_hash, state_of
from server.sharing.knock import Knock, count_wrong, everybody, give_back, take, take_share_try
from server.sharing.secrets import hash_secret

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_ADDRESS_FACTOR = 6


@dataclass(frozen=True)
class OpenedShare:
    """A visit: the token for the recipient's cookie, and the share it opens."""

    token: str
    share: Share


@dataclass(frozen=True)
class Keys:
    """What a recipient brings: the link's secret or the card's short code, and what was asked for.

    `proof` is what ShareCodeNeeded gave in place of the password; `again` wants another code sent.
    """

    secret_or_code: str
    password: str | None = None
    proof: str = ""
    code: str | None = None
    again: bool = False


def open_share(
    cloud: ImageCloud,
    *,
    share_id: str,
    keys: Keys,
    source: str = "",
    device_class: str = "",
) -> OpenedShare:
    """Exchange a link's secret (or the card's short code), the password and the recipient's code,
    where the share asks for them, for a visit.

    Works in transactions of its own. Raises ShareClosed alike for unknown, wrong, expired,
    revoked, paused and used up; SharePasswordNeeded once the secret fits; ShareCodeNeeded once the
    password does; ShareRefused(retry_at).
    """
    knock = Knock(cloud, share_id, source, device_class)
    with cloud.database.session() as session:
        share = session.get(Share, share_id)
    if not _fits(share.secret_hash if share else "", hash_secret(keys.secret_or_code)):
        _try_short_code(knock, share, keys.secret_or_code)
    closed = _why_closed(cloud, share)
    if share is None or closed is not None:
        knock.failed("closed", closed)
        raise ShareClosed
    if share.password_hash is not None and not password_proof.holds(cloud, share, keys.proof):
        _check_password(knock, share, keys.password)
    if share.recipient_phone_sealed is not None:
        _check_code(knock, share, keys)
    return _enter(knock, share)


def grant_for_visit(
    cloud: ImageCloud, session: Session, token: str, *, source: str = ""
) -> Grant | None:
    """Return what a visit allows now; None once idle, or the share expired or revoked (A-28)."""
    visit = session.get(ShareVisit, hash_token(token), populate_existing=True)
    if visit is None:
        return None
    now = clock.now()
    idle_end = visit.last_seen_at + timedelta(minutes=cloud.settings.idle_minutes)
    share = session.get_one(Share, visit.share_id, populate_existing=True)
    closed = share.revoked_at is not None or share.paused_at is not None
    if closed or share.expires_at <= now or idle_end <= now:
        return None
    if not access.giver_may_share(session, share.account_id, share.study_id):
        return None
    if now - visit.last_seen_at >= TOUCH_INTERVAL:
        visit.last_seen_at = now
    return access.share_grant(share, source=source)


def ended_share(session: Session, token: str) -> str | None:
    """Return the share that a token once opened; None for an invented token."""
    return session.scalar(
        select(ShareVisit.share_id).where(ShareVisit.token_hash == hash_token(token))
    )


def _counted(knock: Knock) -> list[tuple[Limit, str]]:
    """Return the counters of guesses at short codes. Passwords have the share's own and the last:
    whoever mistypes behind a hospital's one address must not shut out the others there."""
    settings = knock.cloud.settings
    tries, window = settings.share_tries, timedelta(minutes=settings.lock_minutes)
    return [
        # By the id as asked for: an unknown share is locked like a known one.
        (Limit("share secret", tries, window), knock.share_id),
        (Limit("share address", tries * _ADDRESS_FACTOR, window), limits.address_key(knock.source)),
        (everybody(knock), "all"),
    ]


def _try_short_code(knock: Knock, share: Share | None, code: str) -> None:
    """Judge what is not the link's secret. A secret of 256 bits cannot be guessed, so only these
    tries are counted, and whoever holds the link gets in while others guess."""
    counted = _counted(knock)
    take(knock, counted, share)
    given = short_code_hash(knock.cloud, knock.share_id, code)
    if not _fits(share.short_code_hash if share else "", given):
        knock.failed("closed", Outcome.WRONG_KEY if share is not None else None)
        raise ShareClosed
    with knock.cloud.database.session() as own:
        for limit, key in counted:
            limits.give_back(knock.cloud, own, limit, key)


def _fits(kept: str, given: str) -> bool:
    return hmac.compare_digest(kept.ljust(len(given)), given)


def _why_closed(cloud: ImageCloud, share: Share | None) -> Outcome | None:
    if share is None:
        return None
    state = state_of(share)
    if state not in (ShareState.OPEN, ShareState.LOCKED):
        return Outcome(state.value)
    with cloud.database.session() as session:
        may = access.giver_may_share(session, share.account_id, share.study_id)
    return None if may else Outcome.WITHDRAWN


def _check_password(knock: Knock, share: Share, password: str | None) -> None:
    if not password:
        raise SharePasswordNeeded(wrong=False)
    is_last = take_share_try(knock, share)
    if not verify_password(share.password_hash, password):
        count_wrong(knock, share, Outcome.WRONG_PASSWORD, "wrong password", is_last)
        raise SharePasswordNeeded(wrong=True)
    give_back(knock, is_last)


def _check_code(knock: Knock, share: Share, keys: Keys) -> None:
    """Ask for the recipient's code, having it sent; or judge the one that is given."""
    cloud = knock.cloud
    needed = partial(
        ShareCodeNeeded,
        proof=password_proof.make(cloud, share),
        phone=recipient_code.masked_phone(cloud, share),
    )
    if keys.again or not keys.code:
        too_soon = recipient_code.send(cloud, share, again=keys.again, source=knock.source)
        raise needed(wrong=False, too_soon=too_soon)
    is_last = take_share_try(knock, share)
    with cloud.database.session() as own:
        fits = recipient_code.accept(cloud, own, share, keys.code)
    if not fits:
        count_wrong(knock, share, Outcome.WRONG_CODE, "wrong code", is_last)
        raise needed(wrong=True)
    give_back(knock, is_last)


def _enter(knock: Knock, share: Share) -> OpenedShare:
    """Use one view, open a visit and record it, all in one transaction (goal 3)."""
    token, cloud = new_token(), knock.cloud
    with cloud.database.session() as session:
        views = _use_view(session, share.share_id)
        if views is not None:
            now = clock.now()
            session.add(
                ShareVisit(
                    token_hash=hash_token(token),
                    share_id=share.share_id,
                    opened_at=now,
                    last_seen_at=now,
                    device_class=knock.device_class[:20],
                    place=place_of(cloud.settings, knock.source),
                )
            )
            if views == 1:
                notices.tell_first_opening(cloud, session, share, knock.device_class)
            detail: dict[str, object] = {"views": views, "device_class": knock.device_class}
            knock.record(session, "success", detail=detail)
            fresh = session.get_one(Share, share.share_id, populate_existing=True)
            return OpenedShare(token, fresh)
    with cloud.database.session() as session:
        state = state_of(session.get_one(Share, share.share_id))
    ended = state not in (ShareState.OPEN, ShareState.LOCKED)
    knock.failed("closed", Outcome(state.value) if ended else Outcome.USED_UP)
    raise ShareClosed


def _use_view(session: Session, share_id: str) -> int | None:
    """Count a view in the one statement that also checks every condition (A-24, F-64)."""
    left = or_(Share.max_views.is_(None), Share.views < Share.max_views)
    return session.scalar(
        update(Share)
        .where(
            Share.share_id == share_id,
            Share.revoked_at.is_(None),
            Share.paused_at.is_(None),
            Share.expires_at > clock.now(),
            left,
        )
        .values(views=Share.views + 1, failed_tries=0, locked_until=None)
        .returning(Share.views),
        execution_options={"synchronize_session": False},
    )
