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
from server.sharing.recipient_code import normalize_phone

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
    """Which parts of a study a share opens; no series named means all (A-26).

    `download` lets the recipient take the objects away; without it he only looks.
    """

    report: bool = True
    images: bool = True
    dicom: bool = False
    download: bool = False
    series: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the scope as the table keeps it."""
        return {
            "report": self.report,
            "images": self.images,
            "dicom": self.dicom,
            "download": self.download,
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
    recipient_phone: str | None,
    watermark: bool,
    show_identity: bool,
) -> None:
    """Raise ShareTermsError unless a share can be made on these terms."""
    check_lifetime(lifetime)
    check_views(max_views)
    if password is not None and not MIN_PASSWORD_LENGTH <= len(password) <= MAX_LENGTH:
        raise ShareTermsError(
            f"分享密码至少 {MIN_PASSWORD_LENGTH} 个字符 / "
            f"a share password has at least {MIN_PASSWORD_LENGTH} characters"
        )
    if len(recipient) > MAX_RECIPIENT_LENGTH:
        raise ShareTermsError("接收人备注过长 / the recipient's name is too long")
    if recipient_phone is not None and normalize_phone(recipient_phone) is None:
        raise ShareTermsError("手机号码不正确 / this is no mobile number")
    _check_scope(session, study, scope)
    if scope.download:
        _check_download(scope, watermark=watermark, show_identity=show_identity)


def check_lifetime(lifetime: timedelta) -> None:
    """Raise ShareTermsError unless a share may last so long from now on."""
    if not SHORTEST <= lifetime <= LONGEST:
        raise ShareTermsError("有效期须为 5 分钟至 30 天 / a share lasts 5 minutes to 30 days")


def check_views(max_views: int | None) -> None:
    """Raise ShareTermsError unless a share may be opened so often; None is without limit."""
    if max_views is not None and not 1 <= max_views <= MOST_VIEWS:
        raise ShareTermsError(f"查看次数须为 1–{MOST_VIEWS} / a share has 1 to {MOST_VIEWS} views")


def _check_download(scope: ShareScope, *, watermark: bool, show_identity: bool) -> None:
    """Original objects hold name and number, and no watermark can be burnt into them."""
    if not (scope.dicom or scope.report):
        raise ShareTermsError(
            "允许下载须同时分享报告或 DICOM 原始影像 / a download needs the report or DICOM shared"
        )
    if scope.dicom and not show_identity:
        raise ShareTermsError(
            "原始影像文件含姓名和编号，允许下载须同时选择向对方显示完整姓名和编号 / "
            "the files hold name and number: show them in full to allow the download"
        )
    if scope.dicom and watermark:
        raise ShareTermsError(
            "原始影像文件无法加水印，允许下载与水印只能选一项 / "
            "the files cannot carry a watermark: choose either"
        )


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
