"""The fields of the sharing pages: the giver's terms (A-22 … A-26), the recipient's keys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    SubmitField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import Length, Optional, Regexp, ValidationError
from wtforms.widgets import CheckboxInput

from server.accounts.passwords import MAX_LENGTH
from server.sharing import LIFETIMES, LONGEST, MOST_VIEWS, SHORTEST, Keys, ShareScope
from server.sharing.recipient_code import normalize_phone
from server.sharing.terms import MAX_RECIPIENT_LENGTH, MIN_PASSWORD_LENGTH

CUSTOM = "custom"
UNLIMITED = "unlimited"
TOKEN_PATTERN = r"^[A-Za-z0-9_-]{16,64}$"  # noqa: S105 - a pattern, no secret
LONGEST_KEY = 200
_MINUTE = timedelta(minutes=1)
# The words of the Chongqing profile, in the order of LIFETIMES.
_LIFETIME_WORDS = (_l("5分钟"), _l("0.5小时"), _l("1小时"), _l("24小时"))
LIFETIME_CHOICES = [
    *(
        SelectChoice(str(lifetime // _MINUTE), word)
        for lifetime, word in zip(LIFETIMES, _LIFETIME_WORDS, strict=True)
    ),
    SelectChoice(CUSTOM, _l("自定义")),
]
VIEW_CHOICES = [
    SelectChoice(UNLIMITED, _l("不限")),
    SelectChoice("1", _l("1 次")),
    SelectChoice("3", _l("3 次")),
    SelectChoice("5", _l("5 次")),
    SelectChoice("10", _l("10 次")),
    SelectChoice(CUSTOM, _l("自定义")),
]
CARD_SIZES = [SelectChoice("a4", "A4"), SelectChoice("card", _l("名片大小"))]
UNITS = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
}
UNIT_CHOICES = [
    SelectChoice("minutes", _l("分钟")),
    SelectChoice("hours", _l("小时")),
    SelectChoice("days", _l("天")),
]


def _strip(value: str | None) -> str | None:
    return value.strip() if value else value


def _whole_number(text: str | None) -> int | None:
    """Return the number typed; None for anything else, and for what no limit would allow."""
    typed = (text or "").strip()
    return int(typed) if typed.isdecimal() and len(typed) <= 6 else None


class PeriodForm(FlaskForm):  # type: ignore[misc]
    """For how long a share opens (A-23, A-25)."""

    lifetime = RadioField(
        _l("有效期"), choices=LIFETIME_CHOICES, default=str(LIFETIMES[-1] // _MINUTE)
    )
    custom_amount = StringField(_l("自定义时长"), filters=[_strip])
    custom_unit = SelectField(_l("单位"), choices=UNIT_CHOICES, default="hours")

    def validate_custom_amount(self, _field: Field) -> None:
        """A validity of one's own lies within what the service allows."""
        if self.lifetime.data != CUSTOM:
            return
        chosen = self.chosen_lifetime()
        if chosen is None or not SHORTEST <= chosen <= LONGEST:
            raise ValidationError(
                _(
                    "请填写 %(least)d 分钟至 %(most)d 天之间的整数时长",
                    least=SHORTEST // _MINUTE,
                    most=LONGEST.days,
                )
            )

    def chosen_lifetime(self) -> timedelta | None:
        """Return for how long the share shall open; None when no number was typed."""
        if self.lifetime.data != CUSTOM:
            return int(self.lifetime.data) * _MINUTE
        amount = _whole_number(self.custom_amount.data)
        unit = UNITS.get(self.custom_unit.data, _MINUTE)
        return None if amount is None else amount * unit


class ViewsForm(FlaskForm):  # type: ignore[misc]
    """How often a share may be opened (A-24)."""

    views = RadioField(_l("可打开次数"), choices=VIEW_CHOICES, default=UNLIMITED)
    custom_views = StringField(_l("自定义次数"), filters=[_strip])

    def validate_custom_views(self, _field: Field) -> None:
        """A number of views of one's own lies within what the service allows."""
        if self.views.data != CUSTOM:
            return
        chosen = _whole_number(self.custom_views.data)
        if chosen is None or not 1 <= chosen <= MOST_VIEWS:
            raise ValidationError(_("请填写 1–%(most)d 之间的整数", most=MOST_VIEWS))

    def chosen_views(self) -> int | None:
        """Return how often the share shall open; None is without limit."""
        if self.views.data == UNLIMITED:
            return None
        return _whole_number(
            self.custom_views.data if self.views.data == CUSTOM else self.views.data
        )


def views_fields(max_views: int | None) -> dict[str, str]:
    """Return what a `ViewsForm` sends for this number of views."""
    if max_views is None:
        return {"views": UNLIMITED}
    return {"views": CUSTOM, "custom_views": str(max_views)}


class ShareForm(PeriodForm, ViewsForm):
    """On which terms a study is shared. `token` makes sending it twice harmless."""

    token = HiddenField(validators=[Regexp(TOKEN_PATTERN)])
    report = BooleanField(_l("检查报告"), default=True)
    images = BooleanField(_l("影像图片"), default=True)
    dicom = BooleanField(_l("DICOM 原始影像"))
    download = BooleanField(_l("允许对方下载"))
    watermark = BooleanField(_l("在图片上加水印"))
    series = SelectMultipleField(
        _l("只分享勾选的序列"), option_widget=CheckboxInput(), validate_choice=True
    )
    password = StringField(
        _l("分享密码（建议设置）"),
        filters=[_strip],
        validators=[
            Optional(),
            Length(
                min=MIN_PASSWORD_LENGTH,
                max=MAX_LENGTH,
                message=_l("分享密码为 %(min)d–%(max)d 个字符"),
            ),
        ],
    )
    recipient = StringField(
        _l("分享给谁（可不填，仅您自己可见）"),
        filters=[_strip],
        validators=[Length(max=MAX_RECIPIENT_LENGTH, message=_l("请少于 %(max)d 个字符"))],
    )
    recipient_phone = StringField(
        _l("对方手机号（可不填）"), filters=[_strip], validators=[Length(max=LONGEST_KEY)]
    )
    show_identity = BooleanField(_l("向对方显示完整姓名和编号"))

    def offer_series(self, series: Iterable[tuple[str, str]]) -> None:
        """Set the series (id, name) among which the giver chooses."""
        self.series.choices = [SelectChoice(series_id, name) for series_id, name in series]

    def validate_images(self, _field: Field) -> None:
        """Something must be shared."""
        if not (self.report.data or self.images.data or self.dicom.data):
            raise ValidationError(_("请至少选择一项分享内容"))

    def validate_recipient_phone(self, field: Field) -> None:
        """A telephone that a code can be sent to, or none."""
        if field.data and normalize_phone(field.data) is None:
            raise ValidationError(_("请填写 11 位手机号"))

    def validate_download(self, field: Field) -> None:
        """Original files hold name and number, and cannot carry a watermark."""
        if not field.data:
            return
        if not (self.report.data or self.dicom.data):
            raise ValidationError(_("请同时勾选“检查报告”或“DICOM 原始影像”"))
        if self.dicom.data and not self.show_identity.data:
            raise ValidationError(_("原始文件含姓名和编号，请同时勾选“向对方显示完整姓名和编号”"))
        if self.dicom.data and self.watermark.data:
            raise ValidationError(_("原始文件无法加水印，下载和水印只能选一项"))

    def chosen_scope(self) -> ShareScope:
        """Return what is shared. DICOM brings the pictures with it: they are shown first (A-31)."""
        dicom = bool(self.dicom.data)
        return ShareScope(
            report=bool(self.report.data),
            images=bool(self.images.data) or dicom,
            dicom=dicom,
            download=bool(self.download.data),
            series=tuple(self.series.data or ()),
        )


class CardForm(FlaskForm):  # type: ignore[misc]
    """What the page of a new share sends to have a card printed: its secrets, and what goes on."""

    secret = HiddenField(validators=[Length(min=1, max=LONGEST_KEY)])
    short_code = HiddenField(validators=[Length(min=1, max=LONGEST_KEY)])
    size = RadioField(_l("大小"), choices=CARD_SIZES, default="a4")
    show_name = BooleanField(_l("印上患者姓名"))


class OpenForm(FlaskForm):  # type: ignore[misc]
    """What opens a share: the link's secret or the short code, then password and recipient's code
    where they are asked for. `proof` stands for a password that was right."""

    secret = HiddenField(validators=[Length(max=LONGEST_KEY)])
    code = StringField(_l("短码"), validators=[Length(max=LONGEST_KEY)])
    password = PasswordField(_l("分享密码"), filters=[_strip], validators=[Length(max=LONGEST_KEY)])
    proof = HiddenField(validators=[Length(max=LONGEST_KEY)])
    sent_code = StringField(_l("短信验证码"), validators=[Length(max=LONGEST_KEY)])
    again = SubmitField(_l("重新发送验证码"))

    def keys(self) -> Keys:
        """Return what the recipient brings."""
        return Keys(
            self.key(),
            password=self.password.data or None,
            proof=self.proof.data or "",
            code=self.sent_code.data or None,
            again=bool(self.again.data),
        )

    def key(self) -> str:
        """Return the secret, or the short code where no script read a secret."""
        found: Any = self.secret.data or self.code.data or ""
        return str(found).strip()
