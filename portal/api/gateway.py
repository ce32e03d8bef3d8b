"""What a hospital's front machine calls: it tells how it is, and is told the rules (E-18)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response
from pydantic import BaseModel, Field
from spectree import Response as Answers

from portal.api.callers import client_may, current_caller
from portal.api.document import CLIENT, document
from portal.api.models import Problem, Strict
from portal.api.quality import SupplementTold, supplements
from portal.context import database_session
from server import gateways
from server.clients import Scope

blueprint = Blueprint("gateway_api", __name__, url_prefix="/api/v1")

_REFUSALS = {"HTTP_401": Problem, "HTTP_403": Problem, "HTTP_429": Problem}
_SECURITY = {CLIENT: [str(Scope.GATEWAY)]}


class Heartbeat(Strict):
    """前置机的版本与状态，不含患者信息 / version and state, without any patient's data."""

    version: str = Field(max_length=40)
    state: dict[str, Any] = Field(max_length=40)


class GatewayOrders(BaseModel):
    """生效规则 / the rules in force; those of a new version take effect at once."""

    rules: dict[str, Any]
    rules_version: int
    received_at: datetime
    supplement: list[SupplementTold]


@blueprint.post("/gateway/heartbeat")
@client_may(Scope.GATEWAY)
@document.validate(
    resp=Answers(HTTP_200=GatewayOrders, **_REFUSALS), security=_SECURITY, tags=["gateway"]
)
def heartbeat(json: Heartbeat) -> Response:
    """前置机心跳 / A front machine tells how it is, and is told the rules."""
    session, caller = database_session(), current_caller()
    kept = gateways.hear(session, caller.client_id, version=json.version, state=json.state)
    answer = GatewayOrders(
        rules=kept.rules,
        rules_version=kept.rules_version,
        received_at=kept.last_seen_at,
        supplement=supplements(session, caller.institution_id),
    )
    return Response(answer.model_dump_json(), HTTPStatus.OK, content_type="application/json")
