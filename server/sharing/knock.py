"""One try to open a share: what is counted of it, and what is put on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server import audit, limits
from server.limits import Limit, TooManyTries
from server.model import Share
from server.sharing import failures, notices
from server.sharing.errors import ShareRefused
from server.sharing.failures import Outcome

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_GLOBAL_FACTOR = 200


@dataclass(frozen=True)
class Knock:
    """One try to open a share: by whom as far as is known, and what is put on record of it."""

    cloud: ImageCloud
    share_id: str
    source: str
    device_class: str

    def failed(self, reason: str, outcome: Outcome | None) -> None:
        """Record that it did not succeed, in a transaction of its own; `outcome` for the giver."""
        with self.cloud.database.session() as own:
            if outcome is not None:
                failures.keep(
                    self.cloud,
                    own,
                    self.share_id,
                    outcome,
                    source=self.source,
                    device_class=self.device_class,
                )
            self.record(own, "failure", reason)

    def record(
        self,
        session: Session,
        result: str,
        reason: str = "",
        detail: dict[str, object] | None = None,
    ) -> None:
        """Put it into the audit log (F-39)."""
        audit.record(
            session,
            actor_kind="recipient",
            actor="recipient",
            event="share.open",
            object_kind="share",
            object_id=self.share_id,
            result=result,
            reason=reason,
            source=self.source,
            detail=detail,
        )


def everybody(knock: Knock) -> Limit:
    """Return the limit of all tries at all shares together."""
    settings = knock.cloud.settings
    window = timedelta(minutes=settings.lock_minutes)
    return Limit("share global", settings.share_tries * _GLOBAL_FACTOR, window)


def take(knock: Knock, counted: list[tuple[Limit, str]], share: Share | None) -> None:
    """Count a try under each limit, before it is judged. Raises ShareRefused."""
    try:
        with knock.cloud.database.session() as own:
            for limit, key in counted:
                limits.take(knock.cloud, own, limit, key)
    except TooManyTries as error:
        knock.failed("locked", Outcome.LOCKED if share is not None else None)
        raise ShareRefused(error.retry_at) from error


def take_share_try(knock: Knock, share: Share) -> bool:
    """Count a try on this share and on everybody's; return whether it is the last before a lock.

    Raises ShareRefused.
    """
    settings = knock.cloud.settings
    take(knock, [(everybody(knock), "all")], share)
    lock = timedelta(minutes=settings.lock_minutes)
    try:
        with knock.cloud.database.session() as own:
            return limits.take_link_try(own, Share, share.share_id, settings.share_tries, lock)
    except TooManyTries as error:
        knock.failed("locked", Outcome.LOCKED)
        raise ShareRefused(error.retry_at) from error


def give_back(knock: Knock, is_last: bool) -> None:
    """Take a try off again, because it turned out well."""
    with knock.cloud.database.session() as own:
        limits.give_back(knock.cloud, own, everybody(knock), "all")
        limits.give_back_link_try(own, Share, knock.share_id, began_lock=is_last)


def count_wrong(knock: Knock, share: Share, outcome: Outcome, reason: str, is_last: bool) -> None:
    """Record a wrong password or code; tell the giver when it locks the share."""
    if is_last:
        with knock.cloud.database.session() as own:
            notices.tell(knock.cloud, own, share, "多次输错密码或验证码，已暂时锁定")
    knock.failed(reason, outcome)
