"""The words for ways, purposes, states and refusals of authorisations."""

from __future__ import annotations

from flask_babel import gettext as _

from server.authorisations import LIFETIMES
from server.authorisations.errors import Refusal
from server.authorisations.evidence import HelpReason
from server.model import (
    Account,
    Authorisation,
    AuthorisationMethod,
    AuthorisationState,
    CarePurpose,
    ReviewState,
    ScopeKind,
    Study,
)
from server.terms import body_part_label, china_time, modality_label

# What a doctor may narrow a request to, of the Body Part Examined terms (PS3.16 L).
BODY_PARTS = (
    "HEAD", "BRAIN", "NECK", "CHEST", "HEART", "BREAST", "ABDOMEN", "PELVIS", "CSPINE", "TSPINE",
    "LSPINE", "SHOULDER", "HIP", "KNEE", "ANKLE", "HAND", "FOOT",
)  # fmt: skip


def method_words(method: str) -> str:
    """Return the name of a way of authorising."""
    return {
        AuthorisationMethod.INSURANCE_CODE: _("医保码（患者出示授权码）"),
        AuthorisationMethod.APP_CONFIRMATION: _("患者手机确认"),
        AuthorisationMethod.PHYSICIAN_ASSISTED: _("医师辅助授权"),
        AuthorisationMethod.ELECTRONIC_SIGNATURE: _("电子签名"),
        AuthorisationMethod.FACE_TERMINAL: _("医保终端刷脸"),
        AuthorisationMethod.SMS_CODE: _("短信授权码"),
        AuthorisationMethod.APP_TOKEN: _("APP 令牌"),
        AuthorisationMethod.BIOMETRICS: _("生物特征识别"),
        AuthorisationMethod.WRITTEN: _("书面授权"),
        AuthorisationMethod.EMERGENCY: _("急诊紧急调阅"),
    }[AuthorisationMethod(method)]


def purpose_words(purpose: str) -> str:
    """Return the name of a clinical scene (C-46)."""
    return {
        CarePurpose.OUTPATIENT: _("门诊"),
        CarePurpose.INPATIENT: _("住院"),
        CarePurpose.EMERGENCY: _("急诊"),
        CarePurpose.OTHER: _("其他诊疗"),
    }[CarePurpose(purpose)]


def state_words(state: AuthorisationState) -> str:
    """Return the name of a state."""
    return {
        AuthorisationState.REQUESTED: _("等待确认"),
        AuthorisationState.APPROVED: _("有效"),
        AuthorisationState.REFUSED: _("已拒绝"),
        AuthorisationState.WITHDRAWN: _("已撤回"),
        AuthorisationState.EXPIRED: _("已过期"),
    }[state]


def state_badge(state: AuthorisationState) -> str:
    """Return the colour of a state."""
    return {
        AuthorisationState.REQUESTED: "warning",
        AuthorisationState.APPROVED: "success",
        AuthorisationState.REFUSED: "danger",
        AuthorisationState.WITHDRAWN: "neutral",
        AuthorisationState.EXPIRED: "neutral",
    }[state]


def review_words(review: str) -> str:
    """Return what the institution said afterwards; "" where nothing is to be reviewed."""
    return {
        ReviewState.NONE: "",
        ReviewState.PENDING: _("待复核"),
        ReviewState.ACCEPTED: _("复核通过"),
        ReviewState.COMPLAINED: _("复核有异议"),
    }[ReviewState(review)]


def scope_words(authorisation: Authorisation, study: Study | None = None) -> str:
    """Return how much is opened; `study` is the one of the scope, where it is one."""
    kind = ScopeKind(authorisation.scope_kind)
    if kind is ScopeKind.BODY_PART:
        return _("仅%(part)s的检查", part=body_part_label(authorisation.scope_value))
    if kind is ScopeKind.STUDY and study is not None:
        return _("仅一次检查：%(study)s", study=study_words(study))
    return _("仅一次检查") if kind is ScopeKind.STUDY else _("全部历史影像")


def study_words(study: Study) -> str:
    """Return what a study is called in a list to choose from: day, name, hospital."""
    day = china_time(study.study_datetime).strftime("%Y-%m-%d")
    named = f"{modality_label(study.modality)} {body_part_label(study.body_part)}".strip()
    return f"{day} {study.description or named} · {study.institution.name}"


def lifetime_choices() -> tuple[tuple[str, str], ...]:
    """Return (hours, words) of the periods that a patient chooses from."""
    words = {4: _("4 小时"), 24: _("24 小时"), 168: _("7 天"), 720: _("30 天")}
    hours = sorted(int(one.total_seconds()) // 3600 for one in LIFETIMES)
    return tuple((str(one), words[one]) for one in hours)


def reason_words(reason: str) -> str:
    """Return why a person cannot act alone (E-34)."""
    return {
        HelpReason.AGE: _("年龄原因（高龄或年幼）"),
        HelpReason.CONDITION: _("病情原因，无法自行操作"),
        HelpReason.COGNITION: _("认知原因"),
        HelpReason.OTHER: _("其他特殊原因"),
    }[HelpReason(reason)]


def account_words(account: Account) -> str:
    """Return what a doctor is called: his name where it is known, else his account."""
    return account.person.name if account.person is not None else account.login


def refusal_words(refusal: Refusal) -> str:
    """Return why something is refused, and what to do next."""
    return {
        Refusal.NOT_A_DOCTOR: _("当前账户未登记医疗机构，不能申请。请联系本院管理员。"),
        Refusal.NOT_YOURS: _("没有找到这条授权。请返回列表重新选择。"),
        Refusal.ENDED: _("这条申请已经处理过或已过期。请刷新页面查看结果。"),
        Refusal.WRONG_CODE: _("授权码不正确或已失效。请患者重新出示后再输入。"),
        Refusal.UNREACHABLE: _("没有患者可用的手机号，短信无法送达。请改用其他授权方式。"),
        Refusal.TOO_MANY: _("操作过于频繁，请 15 分钟后再试，或改用其他授权方式。"),
        Refusal.REASON: _("请填写理由（至少 4 个字）。"),
        Refusal.CONSENT: _("须先取得患者或其监护人的知情同意。"),
        Refusal.LICENCE: _("请填写 15 位医师执业证书编码。"),
        Refusal.DOCUMENT: _("请上传 JPG、PNG 或 PDF 格式的书面授权扫描件，不超过 900 KB。"),
        Refusal.SCOPE: _("请重新选择授权范围和有效期。"),
        Refusal.METHOD: _("这种授权方式在此不可用，请改用其他方式。"),
        Refusal.SIGNATURE: _("授权凭证的签名无效。"),
        Refusal.ENCOUNTER: _("请填写本次就诊号：授权只在本次就诊中有效。"),
    }[refusal]


def body_part_choices() -> tuple[tuple[str, str], ...]:
    """Return (term, words) of the body parts to which a request can be narrowed."""
    return tuple((one, _(body_part_label(one))) for one in BODY_PARTS)
