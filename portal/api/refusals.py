"""Why what a hospital's system asked for is not done, in words of its own (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, json
from flask_babel import gettext as _

from portal.api.models import Problem
from server.launches import RefusalReason


def refused(reason: RefusalReason) -> Response:
    """Say which part of the request does not fit; nothing of what was made of it stays."""
    words = {
        RefusalReason.ORIGIN: _("嵌入页面的来源没有登记。"),
        RefusalReason.PATIENT: _("患者的几个编号不是同一个人，请核对。"),
        RefusalReason.STUDY: _("这位患者名下没有这次检查。"),
        RefusalReason.PHYSICIAN: _("该医师的账户已停用，或不属于本机构。"),
        RefusalReason.CERTIFICATE: _("身份证号的校验位不对，请核对证件后重新录入。"),
        RefusalReason.HEALTH_CODE: _("电子健康码无效或已过期，请患者刷新后重新扫码。"),
        RefusalReason.LICENCE: _("没有查到该医师在本机构的有效执业注册，请核对证书编码和姓名。"),
        RefusalReason.IDENTITY_SERVICE: _("身份核验服务暂时没有应答，请稍后重试。"),
    }
    passing = reason is RefusalReason.IDENTITY_SERVICE
    status = HTTPStatus.SERVICE_UNAVAILABLE if passing else HTTPStatus.CONFLICT
    title = _("无法打开调阅") if reason is not RefusalReason.CERTIFICATE else _("证件号码有误")
    return problem_answer(f"launch-{reason}", status, title, words[reason])


def problem_answer(name: str, status: HTTPStatus, title: str, detail: str) -> Response:
    """Return a refusal (RFC 9457) of the type `urn:yingyun:` and this name; `_` becomes `-`."""
    problem = Problem(
        type=f"urn:yingyun:{name.replace('_', '-')}", title=title, status=status, detail=detail
    )
    content = json.dumps(problem.model_dump())
    return Response(content, status, content_type="application/problem+json")
