"""Shares as their owner's pages are given them: all words made, all addresses too (A-27)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from portal.study.shown import study_name
from server.model import Share
from server.places import Place
from server.sharing import Opening, Outcome, ShareRecord, ShareState, state_of

_BADGES = {
    ShareState.OPEN: "success",
    ShareState.PAUSED: "warning",
    ShareState.LOCKED: "warning",
    ShareState.USED_UP: "neutral",
    ShareState.EXPIRED: "neutral",
    ShareState.REVOKED: "danger",
}
_ENDED = (ShareState.EXPIRED, ShareState.REVOKED)


@dataclass(frozen=True)
class ShareRow:
    """One share of the list."""

    share_id: str
    title: str
    subtitle: str
    state: str
    badge: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    locked_until: datetime | None
    views: str
    last_opened_at: datetime | None
    recipient: str
    parts: tuple[str, ...]
    has_password: bool
    given_by_other: bool
    asks_code: bool
    watermark: bool
    paused: bool
    revocable: bool
    changeable: bool
    href: str


@dataclass(frozen=True)
class OpeningRow:
    """One opening of a share, or a try that failed."""

    time: datetime
    outcome: str
    badge: str
    device: str
    place: str


def row(record: ShareRecord) -> ShareRow:
    """Return a record of the list as it is shown."""
    return share_row(record.share, record.last_opened_at, given_by_me=record.given_by_me)


def share_row(share: Share, last_opened_at: datetime | None, *, given_by_me: bool) -> ShareRow:
    """Return a share as it is shown to its owner now."""
    state = state_of(share)
    return ShareRow(
        share_id=share.share_id,
        title=study_name(share.study),
        subtitle=share.study.institution.name,
        state=_state_words(state),
        badge=_BADGES[state],
        created_at=share.created_at,
        expires_at=share.expires_at,
        revoked_at=share.revoked_at,
        locked_until=share.locked_until if state is ShareState.LOCKED else None,
        views=f"{share.views} / {views_words(share.max_views)}",
        last_opened_at=last_opened_at,
        recipient=share.recipient,
        parts=part_words(share.scope),
        has_password=share.password_hash is not None,
        given_by_other=not given_by_me,
        asks_code=share.recipient_phone_sealed is not None,
        watermark=share.watermark,
        paused=state is ShareState.PAUSED,
        revocable=state not in _ENDED,
        changeable=given_by_me and state not in _ENDED,
        href=f"/shares/{share.share_id}",
    )


def opening_row(opening: Opening) -> OpeningRow:
    """Return an opening as it is shown: when, how it ended, on what, from where."""
    opened = opening.outcome is Outcome.OPENED
    return OpeningRow(
        opening.time,
        _outcome_words(opening.outcome),
        "success" if opened else "warning",
        device_words(opening.device_class),
        place_words(opening.place),
    )


def device_words(device_class: str) -> str:
    """Return the word for a kind of device."""
    words = {
        "phone": _("手机"),
        "tablet": _("平板"),
        "desktop": _("电脑"),
        "robot": _("程序"),
    }
    return str(words.get(device_class, _("未知设备")))


def place_words(place: Place) -> str:
    """Return the words for a place."""
    words = {Place.INSIDE: _("医院网络内"), Place.OUTSIDE: _("医院网络外")}
    return str(words.get(place, _("未知")))


def part_words(scope: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of what a share opens."""
    names = {
        "report": _("报告"),
        "images": _("影像"),
        "dicom": "DICOM",
        "download": _("可下载"),
    }
    return tuple(str(name) for key, name in names.items() if scope.get(key) is True)


def views_words(max_views: int | None) -> str:
    """Return how often a share may be opened."""
    return str(_("不限")) if max_views is None else str(_("%(count)d 次", count=max_views))


def _outcome_words(outcome: Outcome) -> str:
    words = {
        Outcome.OPENED: _("已打开"),
        Outcome.WRONG_KEY: _("短码错误"),
        Outcome.WRONG_PASSWORD: _("密码错误"),
        Outcome.WRONG_CODE: _("验证码错误"),
        Outcome.LOCKED: _("锁定期间被拒"),
        Outcome.EXPIRED: _("过期后被拒"),
        Outcome.REVOKED: _("撤销后被拒"),
        Outcome.PAUSED: _("暂停期间被拒"),
        Outcome.USED_UP: _("次数用完被拒"),
        Outcome.WITHDRAWN: _("授权已失效被拒"),
    }
    return str(words[outcome])


def _state_words(state: ShareState) -> str:
    words = {
        ShareState.OPEN: _("有效"),
        ShareState.PAUSED: _("已暂停"),
        ShareState.LOCKED: _("已锁定"),
        ShareState.USED_UP: _("次数已用完"),
        ShareState.EXPIRED: _("已过期"),
        ShareState.REVOKED: _("已撤销"),
    }
    return str(words[state])
