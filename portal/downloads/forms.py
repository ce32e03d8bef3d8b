"""The fields of the download pages: the patient's terms, the link's password."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, HiddenField, PasswordField, RadioField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import Length, Regexp, ValidationError

from portal.share.forms import LONGEST_KEY, TOKEN_PATTERN
from server.accounts.passwords import MAX_LENGTH
from server.downloads import LIFETIMES, MIN_PASSWORD_LENGTH

_HOUR = timedelta(hours=1)
# In the order of LIFETIMES.
_LIFETIME_WORDS = (_l("1小时"), _l("24小时"), _l("3 天"), _l("7 天"))
LIFETIME_CHOICES = [
    SelectChoice(str(lifetime // _HOUR), word)
    for lifetime, word in zip(LIFETIMES, _LIFETIME_WORDS, strict=True)
]


def _strip(value: str | None) -> str | None:
    return value.strip() if value else value


class AskForm(FlaskForm):  # type: ignore[misc]
    """On which terms a study is downloaded. `token` makes sending it twice harmless."""

    token = HiddenField(validators=[Regexp(TOKEN_PATTERN)])
    lifetime = RadioField(
        _l("链接有效期"), choices=LIFETIME_CHOICES, default=str(LIFETIMES[1] // _HOUR)
    )
    password = StringField(
        _l("下载密码"),
        filters=[_strip],
        validators=[
            Length(
                min=MIN_PASSWORD_LENGTH,
                max=MAX_LENGTH,
                message=_l("下载密码为 %(min)d–%(max)d 个字符"),
            )
        ],
    )
    agreed = BooleanField(_l("我确认下载本人或家人的检查资料，并自行妥善保管"))

    def validate_agreed(self, field: Field) -> None:
        """He says that he wants it, before his images leave the product (A-33)."""
        if not field.data:
            raise ValidationError(_("请先确认"))

    def chosen_lifetime(self) -> timedelta:
        """Return for how long the link shall open."""
        return int(self.lifetime.data) * _HOUR


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """What opens a download's link."""

    password = PasswordField(_l("下载密码"), filters=[_strip], validators=[Length(max=LONGEST_KEY)])
