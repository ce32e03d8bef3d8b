"""The fields with which a doctor asks for a patient's history in other hospitals (E-32, C-46)."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, Field, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from portal.authorisations import words
from server import people
from server.authorisations import Scope
from server.authorisations.evidence import HelpReason
from server.authorisations.terms import LONGEST_ENCOUNTER, LONGEST_REASON
from server.model import AuthorisationMethod, CarePurpose, ScopeKind

WHOLE = ""


def _strip(value: str | None) -> str | None:
    return value.strip() if value else value


def _digits(value: str | None) -> str | None:
    return "".join(value.split()) if value else value


class _Patient(FlaskForm):  # type: ignore[misc]
    id_number = StringField(_l("患者身份证号"), filters=[_strip], validators=[Length(max=18)])
    encounter = StringField(
        _l("本次就诊号（可不填）"), filters=[_strip], validators=[Length(max=LONGEST_ENCOUNTER)]
    )

    def check_id_number(self) -> None:
        """Raise ValidationError unless the field holds an ID number (GB 11643)."""
        try:
            people.normalize_id_number(self.id_number.data or "")
        except people.IdNumberError as error:
            raise ValidationError(_("请核对身份证号：应为 18 位")) from error


class RequestForm(_Patient):
    """Whose history, by which way of authorising, for which scene, how much of it."""

    method = RadioField(_l("授权方式"), default=AuthorisationMethod.INSURANCE_CODE.value)
    code = StringField(_l("患者出示的授权码"), filters=[_digits], validators=[Length(max=20)])
    purpose = RadioField(_l("就诊类型"), default=CarePurpose.OUTPATIENT.value)
    body_part = SelectField(_l("调阅范围"), default=WHOLE)
    help_reason = SelectField(_l("患者不能自行授权的原因"), validate_choice=False)
    explanation = StringField(
        _l("情况说明"), filters=[_strip], validators=[Length(max=LONGEST_REASON)]
    )
    informed_consent = BooleanField(_l("已向患者或其监护人说明并取得知情同意"))
    licence_number = StringField(
        _l("医师执业证书编码"), filters=[_strip], validators=[Length(max=20)]
    )
    document = FileField(_l("书面授权扫描件"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.method.choices = [
            SelectChoice(one.value, words.method_words(one))
            for one in AuthorisationMethod
            if one is not AuthorisationMethod.EMERGENCY
        ]
        self.purpose.choices = [
            SelectChoice(one.value, words.purpose_words(one)) for one in CarePurpose
        ]
        self.body_part.choices = [
            SelectChoice(WHOLE, _("全部历史影像")),
            *(SelectChoice(one, label) for one, label in words.body_part_choices()),
        ]
        self.help_reason.choices = [
            SelectChoice(one.value, words.reason_words(one)) for one in HelpReason
        ]

    def chosen_method(self) -> AuthorisationMethod:
        """Return the way of authorising."""
        return AuthorisationMethod(self.method.data)

    def chosen_scope(self) -> Scope:
        """Return how much is asked for."""
        part = self.body_part.data or ""
        return Scope(ScopeKind.BODY_PART, part) if part else Scope()

    def validate_id_number(self, _field: Field) -> None:
        """Whoever shows a code needs no number; all others are found by it."""
        if self.method.data != AuthorisationMethod.INSURANCE_CODE:
            self.check_id_number()

    def validate_code(self, _field: Field) -> None:
        """The code is needed where it is the way."""
        if self.method.data == AuthorisationMethod.INSURANCE_CODE and not self.code.data:
            raise ValidationError(_("请扫描或输入患者手机上的 12 位授权码"))


class EmergencyForm(_Patient):
    """Whose history, and why there is no time to ask."""

    reason = TextAreaField(
        _l("紧急理由"),
        filters=[_strip],
        validators=[
            InputRequired(_l("请填写理由（至少 4 个字）。")),
            Length(min=4, max=LONGEST_REASON, message=_l("请填写理由（至少 4 个字）。")),
        ],
    )
    understood = BooleanField(
        _l("我确认患者情况危急、无法取得授权，仅为抢救调阅，并知悉本次调阅将告知患者并接受复核"),
        validators=[InputRequired(_l("请先确认"))],
    )

    def validate_id_number(self, _field: Field) -> None:
        """The person is found by the number."""
        self.check_id_number()
