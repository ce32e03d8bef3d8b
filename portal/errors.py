"""Refusals and failures, in plain words with a next step; problem+json for programs (A-49).

Nothing of what went wrong inside is shown: the page carries the number of the request, under which
the log has the details (RFC 9457 for the data form).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus

import structlog
from flask import Flask, Response, json, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from portal.auditing import note_denial, note_unreadable
from portal.decisions import answers_data
from portal.limits import seconds_until_reset
from portal.next_url import login_url
from portal.request_log import request_id
from server.access import AccessDenied, DenialReason
from server.imaging.delivery import PictureMissingError
from server.storage import ObjectDamagedError, ObjectMissingError, StorageError

log = structlog.get_logger("portal")

DENIAL_STATUS = {
    DenialReason.NOT_YOURS: HTTPStatus.NOT_FOUND,  # whether it exists is nobody else's business
    DenialReason.NOT_AUTHORISED: HTTPStatus.FORBIDDEN,
    DenialReason.UNLINKED: HTTPStatus.FORBIDDEN,
    DenialReason.NOT_REVIEWED: HTTPStatus.FORBIDDEN,
    DenialReason.SCOPE: HTTPStatus.FORBIDDEN,
    DenialReason.NO_DIGITAL_FILM: HTTPStatus.FORBIDDEN,
    DenialReason.EXPIRED: HTTPStatus.GONE,
    DenialReason.REVOKED: HTTPStatus.GONE,
}


@dataclass(frozen=True)
class Problem:
    """What a person is told: what happened, what to do now, and where that is done."""

    status: int
    kind: str
    title: str
    advice: str
    link: str
    link_text: str


def _words(status: int) -> tuple[str, str]:
    """Return title and advice for a status; those of a failure for a status not foreseen."""
    known = {
        400: (_("请求无法识别"), _("请返回上一页，核对填写的内容后重试。")),
        401: (_("请先登录"), _("您尚未登录，或因长时间未操作已自动退出。")),
        403: (_("您没有查看权限"), _("当前账户无权查看此内容。如有疑问，请联系就诊医院。")),
        404: (_("没有找到该页面"), _("地址可能有误，或内容已被移除。")),
        405: (_("操作方式不正确"), _("请从页面上的按钮重新操作。")),
        410: (_("内容已失效"), _("链接已过期、已被撤销或次数已用完。请联系分享人重新分享。")),
        413: (_("上传内容过大"), _("请减小文件后重试。")),
        415: (_("不支持的内容格式"), _("请换一种格式后重试。")),
        429: (_("操作过于频繁"), _("请稍候片刻再试。")),
        503: (_("服务暂时不可用"), _("系统正在维护或繁忙，请几分钟后再试。")),
    }
    return known.get(status, (_("系统出现故障"), _("我们已记录该问题，请稍后重试。")))


def _problem(status: int) -> Problem:
    title, advice = _words(status)
    if "launch_id" in (request.view_args or {}):
        # In a hospital's frame there is no way to other pages of ours.
        return Problem(status, "about:blank", title, advice, "", "")
    if status == HTTPStatus.UNAUTHORIZED:
        return Problem(status, "about:blank", title, advice, login_url(), _("去登录"))
    return Problem(status, "about:blank", title, advice, "/", _("返回首页"))


def _denied_problem(reason: DenialReason) -> Problem:
    words = {
        DenialReason.UNLINKED: (
            _("您没有查看权限"),
            _(
                "这份检查不属于您本人或您的亲情账户。"
                "家人的检查，可在“我的账户 › 亲情账户”中邀请后查看。"
            ),
        ),
        DenialReason.NOT_REVIEWED: (
            _("影像暂未开放"),
            _("诊断报告审核完成后即可查看影像，请稍后再来。"),
        ),
        DenialReason.NOT_AUTHORISED: (
            _("需要患者授权"),
            _("这次检查由其他医院完成，须经患者本人授权后才能查看。请先申请授权。"),
        ),
        DenialReason.SCOPE: (_("不在授权范围内"), _("分享人没有开放此内容，请联系分享人。")),
        DenialReason.NO_DIGITAL_FILM: (
            _("报告以纸质或胶片提供"),
            _("这次检查没有选择数字胶片，请凭就诊凭证到检查医院领取纸质报告或胶片。"),
        ),
    }
    status = int(DENIAL_STATUS[reason])
    general = _problem(status)
    title, advice = words.get(reason, (general.title, general.advice))
    kind = "about:blank" if status == HTTPStatus.NOT_FOUND else f"urn:yingyun:{reason.value}"
    link, link_text = general.link, general.link_text
    if reason is DenialReason.NOT_AUTHORISED:
        link, link_text = "/doctor/requests", _("申请授权")
    return Problem(status, kind, title, advice, link, link_text)


def answer(problem: Problem) -> Response:
    """Render a problem as a page, or as problem+json where a program asked."""
    if answers_data():
        response = Response(
            json.dumps(
                {
                    "type": problem.kind,
                    "title": problem.title,
                    "status": problem.status,
                    "detail": problem.advice,
                    "instance": f"urn:request:{request_id()}",
                }
            ),
            status=problem.status,
            content_type="application/problem+json",
        )
        if problem.status == HTTPStatus.UNAUTHORIZED and "HX-Request" in request.headers:
            response.headers["HX-Redirect"] = "/login"
        return response
    page = render_template("errors/problem.html", problem=problem)
    return Response(page, status=problem.status, content_type="text/html; charset=utf-8")


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.response is not None or error.code < HTTPStatus.BAD_REQUEST:
        return error
    response = answer(_problem(error.code))
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    if error.code == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers.setdefault("Retry-After", str(seconds_until_reset()))
    return response


def _csrf_error(_error: CSRFError) -> ResponseReturnValue:
    return answer(
        Problem(
            HTTPStatus.BAD_REQUEST,
            "urn:yingyun:form-expired",
            _("页面已过期"),
            _("为保护您的账户，请返回上一页，刷新后重新提交。"),
            "/",
            _("返回首页"),
        )
    )


def _access_denied(error: AccessDenied) -> ResponseReturnValue:
    note_denial(error.reason.value)
    return answer(_denied_problem(error.reason))


def _missing_picture(_error: PictureMissingError) -> ResponseReturnValue:
    return answer(_problem(HTTPStatus.NOT_FOUND))


def _unreadable(error: StorageError) -> ResponseReturnValue:
    """Say that a picture cannot be had; a lost or altered object goes on record besides."""
    log.error("unreadable", request_id=request_id(), error=type(error).__name__, what=str(error))
    if isinstance(error, ObjectMissingError | ObjectDamagedError):
        note_unreadable(type(error).__name__)
    general = _problem(HTTPStatus.INTERNAL_SERVER_ERROR)
    advice = _("影像暂时无法显示，请联系检查医院")
    return answer(replace(general, kind="urn:yingyun:unreadable", advice=advice))


def _failure(error: Exception) -> ResponseReturnValue:
    log.error(
        "unhandled",
        request_id=request_id(),
        error=type(error).__name__,
        exc_info=error,
    )
    return answer(_problem(InternalServerError.code))


def install_errors(app: Flask) -> None:
    """Answer every refusal and failure in plain words."""
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(AccessDenied, _access_denied)
    app.register_error_handler(PictureMissingError, _missing_picture)
    app.register_error_handler(StorageError, _unreadable)
    app.register_error_handler(Exception, _failure)
