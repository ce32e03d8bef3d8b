"""What a hospital's front machine calls: it tells how it is, and is told the rules (E-18)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Blueprint, Response
from pydantic import BaseModel, Field
from spectree import Response as Answers
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from portal.api.callers import client_may, current_caller
from portal.api.document import CLIENT, document
from portal.api.models import Problem, Strict
from portal.api.quality import SupplementTold, supplements
from portal.api.sealed import record_key
from portal.context import current_cloud, database_session
from portal.identity import source_address
from server import audit, gateway_releases, gateways
from server.clients import Scope

blueprint = Blueprint("gateway_api", __name__, url_prefix="/api/v1")

_REFUSALS = {"HTTP_401": Problem, "HTTP_403": Problem, "HTTP_429": Problem}
_CHUNK_BYTES = 1 << 20
_SECURITY = {CLIENT: [str(Scope.GATEWAY)]}


class Heartbeat(Strict):
    """前置机的版本与状态，不含患者信息 / version and state, without any patient's data."""

    version: str = Field(max_length=40)
    state: dict[str, Any] = Field(max_length=40)


class UpgradeOffered(BaseModel):
    """中心提供的版本；医院配置了升级命令才会安装 / installed only where the hospital allowed it."""

    version: str
    sha256: str
    size: int
    file_name: str
    offer_id: str


class GatewayOrders(BaseModel):
    """生效规则 / the rules in force; those of a new version take effect at once."""

    rules: dict[str, Any]
    rules_version: int
    received_at: datetime
    supplement: list[SupplementTold]
    upgrade: UpgradeOffered | None
    record_key: str = Field(description="加密结构化数据的密钥 / for sealed records (E-19)")


@blueprint.post("/gateway/heartbeat")
@client_may(Scope.GATEWAY)
@document.validate(
    resp=Answers(HTTP_200=GatewayOrders, **_REFUSALS), security=_SECURITY, tags=["gateway"]
)
def heartbeat(json: Heartbeat) -> Response:
    """前置机心跳 / A front machine tells how it is, and is told the rules."""
    session, caller = database_session(), current_caller()
    kept = gateways.hear(session, caller.client_id, version=json.version, state=json.state)
    gateway_releases.hear(session, caller.client_id, json.state)
    answer = GatewayOrders(
        rules=kept.rules,
        rules_version=kept.rules_version,
        received_at=kept.last_seen_at,
        supplement=supplements(session, caller.institution_id),
        upgrade=_offered(session, caller.client_id),
        record_key=record_key(current_cloud().master_key, caller.client_id),
    )
    return Response(answer.model_dump_json(), HTTPStatus.OK, content_type="application/json")


@blueprint.get("/gateway/releases/<version>")
@client_may(Scope.GATEWAY)
@document.validate(
    resp=Answers("HTTP_200", HTTP_404=Problem, **_REFUSALS),
    security=_SECURITY,
    tags=["gateway"],
    skip_validation=True,  # a file that is sent as it is read
)
def release(version: str) -> tuple[Iterator[bytes], HTTPStatus, dict[str, str]]:
    """下载中心提供给本前置机的版本 / The file of the version that is offered to the caller."""
    session, caller = database_session(), current_caller()
    upgrade = gateway_releases.offered(session, caller.client_id)
    if upgrade is None or upgrade.version != version:
        raise NotFound
    audit.record(
        session,
        actor_kind="client",
        actor=f"client:{caller.client_id}",
        event="gateway.release_fetched",
        object_kind="release",
        object_id=version,
        source=source_address(),
    )
    # No Response, for spectree would read all of one into memory.
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Length": str(upgrade.release.size),
    }
    path = gateway_releases.path_of(current_cloud(), upgrade.release)
    return _chunks(path), HTTPStatus.OK, headers


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _offered(session: Session, client_id: str) -> UpgradeOffered | None:
    upgrade = gateway_releases.offered(session, client_id)
    if upgrade is None:
        return None
    return UpgradeOffered(
        version=upgrade.version,
        sha256=upgrade.release.sha256,
        size=upgrade.release.size,
        file_name=upgrade.release.file_name,
        offer_id=gateway_releases.offer_id(upgrade),
    )
