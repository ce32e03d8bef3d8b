"""What a share covers and for how long, as its giver chose (A-22 … A-26)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.accounts.passwords import MAX_LENGTH
from server.model import Series, Study
from server.sharing.errors import ShareTermsError

# The four of the Chongqing profile; any other up to LONGEST may be typed in.
LIFETIMES = (
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=24),
)
SHORTEST = timedelta(minutes=5)
LONGEST = timedelta(days=30)
MOST_VIEWS = 1000
MIN_PASSWORD_LENGTH = 4
MAX_RECIPIENT_LENGTH = 100


@dataclass(frozen=True)
class ShareScope:
    """Which parts of a study a share opens; no series named means all (A-26)."""

    report: bool = True
    images: bool = True
    dicom: bool = False
    series: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the scope as the table keeps it."""
        return {
            "report": self.report,
            "images": self.images,
            "dicom": self.dicom,
            "series": list(self.series),
        }


def check_terms(
    session: Session,
    study: Study,
    *,
    password: str | None,
    lifetime: timedelta,
    max_views: int | None,
    scope: ShareScope,
    recipient: str,
) -> None:
    """Raise ShareTermsError unless a share can be made on these terms."""
    if not SHORTEST <= lifetime <= LONGEST:
        raise ShareTermsError("有效期须为 5 分钟至 30 天 / a share lasts 5 minutes to 30 days")
    if max_views is not None and not 1 <= max_views <= MOST_VIEWS:
        raise ShareTermsError(f"查看次数须为 1–{MOST_VIEWS} / a share has 1 to {MOST_VIEWS} views")
    if password is not None and not MIN_PASSWORD_LENGTH <= len(password) <= MAX_LENGTH:
        raise ShareTermsError(
            f"分享密码至少 {MIN_PASSWORD_LENGTH} 个字符 / "
            f"a share password has at least {MIN_PASSWORD_LENGTH} characters"
        )
    if len(recipient) > MAX_RECIPIENT_LENGTH:
        raise ShareTermsError("接收人备注过长 / the recipient's name is too long")
    _check_scope(session, study, scope)


def _check_scope(session: Session, study: Study, scope: ShareScope) -> None:
    if not (scope.report or scope.images or scope.dicom):
        raise ShareTermsError("请至少选择一项分享内容 / choose at least one thing to share")
    if not scope.series:
        return
    known = session.scalar(
        select(func.count())
        .select_from(Series)
        .where(Series.study_id == study.study_id, Series.series_id.in_(scope.series))
    )
    if known != len(set(scope.series)):
        raise ShareTermsError("所选序列不属于该检查 / a chosen series is not of this study")
