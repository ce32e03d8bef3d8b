"""The fields of the two steps; their names are part of the public contract (design §7)."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, Optional, Regexp

CODE_PATTERN = r"[0-9]{6}"
RECOVERY_PATTERN = r"[0-9A-Za-z]{4}-?[0-9A-Za-z]{4}-?[0-9A-Za-z]{4}"


def _strip(value: str | None) -> str | None:
    return value.strip() if value else value


def _compact(value: str | None) -> str | None:
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
    """The second step: a code of the authenticator, of the text message or of the recovery sheet;
    or what a passkey has signed, put in by the script of the page."""

    code = StringField(
        _l("验证码"),
        filters=[_compact],
        validators=[
            Optional(),
            Regexp(
                f"^({CODE_PATTERN}|{RECOVERY_PATTERN})$",
                message=_l("请填写 6 位验证码，或 12 位恢复码"),
            ),
        ],
    )
    recovery_code = StringField(filters=[_compact], validators=[Length(max=40)])
    assertion = HiddenField(validators=[Length(max=8000)])

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether there is one answer, of a form that some factor may take."""
        fits = bool(super().validate(extra_validators))
        if fits and not self.answer:
            self.code.errors = [_("请填写验证码")]
            return False
        return fits

    @property
    def answer(self) -> str:
        """The answer that was given."""
        return self.assertion.data or self.recovery_code.data or self.code.data or ""


class TotpForm(FlaskForm):  # type: ignore[misc]
    """The first code of an authenticator that is being bound."""

    code = StringField(
        _l("验证器显示的 6 位验证码"),
        filters=[_compact],
        validators=[
            InputRequired(_l("请填写验证码")),
            Regexp(f"^{CODE_PATTERN}$", message=_l("验证码为 6 位数字")),
        ],
    )


class NewPasswordForm(FlaskForm):  # type: ignore[misc]
    """Another password: the one in use (where there is one), the new one twice."""

    current = PasswordField(_l("当前密码"), validators=[Length(max=200)])
    password = PasswordField(
        _l("新密码"), validators=[InputRequired(_l("请填写新密码")), Length(max=200)]
    )
    repeated = PasswordField(
        _l("再次输入新密码"), validators=[EqualTo("password", _l("两次输入的密码不一致"))]
    )


class PhoneProofForm(FlaskForm):  # type: ignore[misc]
    """Who says so, and at which phone: the beginning of recovering or opening an account."""

    id_number = StringField(
        _l("身份证号"),
        filters=[_compact],
        validators=[InputRequired(_l("请填写身份证号")), Length(max=18)],
    )
    phone = StringField(
        _l("在医院登记的手机号"),
        filters=[_compact],
        validators=[
            InputRequired(_l("请填写手机号")),
            Regexp(r"^\+?[0-9]{7,15}$", message=_l("手机号格式不正确")),
        ],
    )


class ResetPasswordForm(FlaskForm):  # type: ignore[misc]
    """Another password in place of a forgotten one, with a second factor unless it has waited."""

    code = StringField(
        _l("身份验证器验证码或恢复码"), filters=[_compact], validators=[Length(max=20)]
    )
    password = PasswordField(
        _l("新密码"), validators=[InputRequired(_l("请填写新密码")), Length(max=200)]
    )
    repeated = PasswordField(
        _l("再次输入新密码"), validators=[EqualTo("password", _l("两次输入的密码不一致"))]
    )


class RegistrationForm(FlaskForm):  # type: ignore[misc]
    """Login and password of an account that somebody opens himself."""

    login = StringField(
        _l("登录名"),
        filters=[_strip],
        validators=[InputRequired(_l("请填写登录名")), Length(max=64)],
    )
    password = PasswordField(
        _l("密码"), validators=[InputRequired(_l("请填写密码")), Length(max=200)]
    )
    repeated = PasswordField(
        _l("再次输入密码"), validators=[EqualTo("password", _l("两次输入的密码不一致"))]
    )
