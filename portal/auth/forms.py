"""The fields of the two steps; their names are part of the public contract (design §7)."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length, Regexp

CODE_PATTERN = r"[0-9]{6}"


def _strip(value: str | None) -> str | None:
    return value.strip() if value else value


def _digits(value: str | None) -> str | None:
    return "".join(value.split()) if value else value


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """The first step: who, and the password."""

    login = StringField(
        _l("账号或身份证号"),
        filters=[_strip],
        validators=[InputRequired(_l("请填写账号或身份证号")), Length(max=100)],
    )
    password = PasswordField(
        _l("密码"), validators=[InputRequired(_l("请填写密码")), Length(max=200)]
    )


class CodeForm(FlaskForm):  # type: ignore[misc]
    """The second step: the code of the authenticator or of the text message."""

    code = StringField(
        _l("6 位验证码"),
        filters=[_digits],
        validators=[
            InputRequired(_l("请填写验证码")),
            Regexp(f"^{CODE_PATTERN}$", message=_l("验证码为 6 位数字")),
        ],
    )
