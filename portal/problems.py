"""The words of refusals and failures: what happened, what to do now, and where that is done.

All words are translated when they are shown, so that one problem can be told in two languages.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from flask import request
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from portal.next_url import HOME, login_url, safe_next
from server.access import DenialReason

UNTYPED = "about:blank"  # RFC 9457 4.2.1: nothing more than the status

DENIAL_STATUS = {
    DenialReason.NOT_YOURS: HTTPStatus.NOT_FOUND,  # whether it exists is nobody else's business
    DenialReason.NOT_AUTHORISED: HTTPStatus.FORBIDDEN,
    DenialReason.UNLINKED: HTTPStatus.FORBIDDEN,
    DenialReason.NOT_REVIEWED: HTTPStatus.FORBIDDEN,
    DenialReason.SCOPE: HTTPStatus.FORBIDDEN,
    DenialReason.NO_DIGITAL_FILM: HTTPStatus.FORBIDDEN,
    DenialReason.SENSITIVE: HTTPStatus.FORBIDDEN,
    DenialReason.RETRIEVAL_LIMIT: HTTPStatus.FORBIDDEN,
    DenialReason.EXPIRED: HTTPStatus.GONE,
    DenialReason.REVOKED: HTTPStatus.GONE,
}
# What may go well at the next try, without anybody doing anything about it.
PASSING = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
STATUS_WORDS = {
    400: (_l("请求无法识别"), _l("请返回上一页，核对填写的内容后重试。")),
    401: (_l("请先登录"), _l("您尚未登录，或因长时间未操作已自动退出。")),
    403: (_l("您没有查看权限"), _l("当前账户无权查看此内容。如有疑问，请联系就诊医院。")),
    404: (_l("没有找到该页面"), _l("地址可能有误，或内容已被移除。")),
    405: (_l("操作方式不正确"), _l("请从页面上的按钮重新操作。")),
    410: (_l("内容已失效"), _l("链接已过期、已被撤销或次数已用完。请联系分享人重新分享。")),
    413: (_l("上传内容过大"), _l("请减小文件后重试。")),
    415: (_l("不支持的内容格式"), _l("请换一种格式后重试。")),
    429: (_l("操作过于频繁"), _l("请稍候片刻再试。")),
    503: (_l("服务暂时不可用"), _l("系统正在维护或繁忙，请几分钟后再试。")),
}
FAILURE_WORDS = (_l("系统出现故障"), _l("我们已记录该问题，请稍后重试。"))
DENIAL_WORDS = {
    DenialReason.UNLINKED: (
        _l("您没有查看权限"),
        _l(
            "这份检查不属于您本人或您的亲情账户。"
            "家人的检查，可在“我的账户 › 亲情账户”中邀请后查看。"
        ),
    ),
    DenialReason.NOT_REVIEWED: (
        _l("影像暂未开放"),
        _l("诊断报告审核完成后即可查看影像，请稍后再来。"),
    ),
    DenialReason.NOT_AUTHORISED: (
        _l("需要患者授权"),
        _l("这次检查由其他医院完成，须经患者本人授权后才能查看。请先申请授权。"),
    ),
    DenialReason.RETRIEVAL_LIMIT: (
        _l("今天的调阅次数已用完"),
        _l(
            "本院今天调阅其他医院检查的次数已达到中心设定的上限，明天恢复；本院的检查不受影响。"
            "抢救患者请用“紧急调阅”；确需提高上限，请联系影像中心。"
        ),
    ),
    DenialReason.SCOPE: (_l("不在授权范围内"), _l("分享人没有开放此内容，请联系分享人。")),
    DenialReason.NO_DIGITAL_FILM: (
        _l("报告以纸质或胶片提供"),
        _l("这次检查没有选择数字胶片，请凭就诊凭证到检查医院领取纸质报告或胶片。"),
    ),
    DenialReason.SENSITIVE: (
        _l("内容标记为特别敏感"),
        _l("按规定，这些内容只能在线查看，不能下载、导出或发送。如确有需要，请联系检查医院。"),
    ),
}


@dataclass(frozen=True)
class Problem:
    """What a person is told; the words are translated when they are shown."""

    status: int
    kind: str
    title: str
    advice: str
    link: str
    link_text: str

    def in_english(self) -> tuple[str, str]:
        """Return title and advice in English, whatever the language of the page."""
        with force_locale("en"):
            return str(self.title), str(self.advice)


def status_problem(status: int) -> Problem:
    """Return what is said of a status; of a failure for a status not foreseen."""
    title, advice = STATUS_WORDS.get(status, FAILURE_WORDS)
    link, link_text = _next_step(status)
    return Problem(status, UNTYPED, title, advice, link, link_text)


def _next_step(status: int) -> tuple[str, str]:
    if "launch_id" in (request.view_args or {}):
        return "", ""  # in a hospital's frame there is no way to other pages of ours
    if status == HTTPStatus.UNAUTHORIZED:
        return login_url(), _l("去登录")
    here = request.full_path.rstrip("?")
    if status in PASSING and request.method == "GET" and safe_next(here, "") == here:
        return here, _l("重新打开此页")
    return HOME, _l("返回首页")


def denied_problem(reason: DenialReason) -> Problem:
    """Return what is said when somebody may not read something."""
    status = int(DENIAL_STATUS[reason])
    general = status_problem(status)
    title, advice = DENIAL_WORDS.get(reason, (general.title, general.advice))
    kind = UNTYPED if status == HTTPStatus.NOT_FOUND else f"urn:yingyun:{reason.value}"
    link, link_text = general.link, general.link_text
    if reason is DenialReason.NOT_AUTHORISED:
        link, link_text = "/doctor/requests", _l("申请授权")
    return Problem(status, kind, title, advice, link, link_text)


def expired_form_problem() -> Problem:
    """Return what is said when a form was open for longer than the visit it belongs to."""
    return Problem(
        HTTPStatus.BAD_REQUEST,
        "urn:yingyun:form-expired",
        _l("页面已过期"),
        _l("为保护您的账户，请返回上一页，刷新后重新提交。"),
        HOME,
        _l("返回首页"),
    )
