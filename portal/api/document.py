"""The OpenAPI document of what hospitals' systems call (F-36): made from the models and views."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, jsonify
from spectree import SecurityScheme, SpecTree
from spectree.models import SecureType, SecuritySchemeData

from portal.decisions import public_data
from server.clients import Scope
from server.code_list import CODE_LISTS

blueprint = Blueprint("api_document", __name__)

CLIENT = "client"
_SCOPES = {
    Scope.LAUNCH: "打开调阅 / open launches",
    Scope.INDEX_READ: "查询索引 / read the index",
    Scope.CONSENT_WRITE: "登记挂号时的同意 / record consents given at registration",
    Scope.REGISTRATION: "挂号与缓存申请 / registrations, applications for a cache",
    Scope.REMINDER: "接诊与开单提醒、互认 / reminders at reception and ordering, recognition",
    Scope.CITATION_READ: "查询引用 / look up citations",
    Scope.DICOMWEB_READ: "按 DICOMweb 查询和取得影像 / find and fetch images (QIDO-RS, WADO-RS)",
    Scope.DICOMWEB_STORE: "按 DICOMweb 上传影像 / store images (STOW-RS)",
    Scope.GATEWAY: "前置机心跳与规则 / heartbeat and rules of front machines",
    Scope.RECORDS_WRITE: "上传检查信息和报告 / send examinations and reports",
    Scope.DATA_SETS_READ: "读取本院检查的数据集 / read the data sets of the hospital's studies",
    Scope.MASTER_INDEX_WRITE: "区域平台回传主索引 / the regional platform's master index",
    Scope.SENSOR_WRITE: "健康传感器数据 / observations of health sensors",
    Scope.HEALTH_AI_WRITE: "健康类人工智能结果 / results of health AI",
}


def _silent(*_arguments: Any) -> None:
    """Log nothing: what was refused may hold a patient's number."""


document = SpecTree(
    "flask",
    title="Yingyun 影云",
    version="1",
    description="医院系统接口 / for hospitals' own systems",
    mode="strict",
    annotations=True,
    before=_silent,
    after=_silent,
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
    security_schemes=[
        SecurityScheme(
            name=CLIENT,
            data=SecuritySchemeData(
                type=SecureType.OAUTH_TWO,
                flows={
                    "clientCredentials": {
                        "tokenUrl": "/oauth/token",
                        "scopes": {str(scope): words for scope, words in _SCOPES.items()},
                    }
                },
            ),
        )
    ],
)


@blueprint.get("/api/v1/openapi.json")
@public_data
def openapi() -> Response:
    """Send the document with the list of codes; it says how to ask, nothing of anybody."""
    return jsonify({**document.spec, "x-code-lists": CODE_LISTS})


def install_document(app: Flask) -> None:
    """Serve the document; call it when the API's views are registered."""
    app.register_blueprint(blueprint)
    document.app = app
