"""The application of the index module: it takes records from centres and answers for persons."""

from __future__ import annotations

import json
from http import HTTPStatus

import structlog
from flask import Blueprint, Flask, Response, jsonify
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, InternalServerError

from portal.api.peers import asker, for_centres, question, signed
from portal.context import current_cloud, database_session, install_context, install_transactions
from portal.decisions import install_decisions, public_data
from portal.health import CHECKS
from portal.limits import apply_view_limits, install_limits
from portal.logs import ensure_logging
from portal.request_log import install_request_log
from server.cloud import ImageCloud
from server.provinces import index_service
from server.provinces.wire import Certificate, Entries

LARGEST_REQUEST = 16 << 20  # a batch of records with long reports
NEEDED = ("database", "schema")

log = structlog.get_logger("index")
blueprint = Blueprint("index", __name__)


@blueprint.post("/api/v1/index/entries")
@for_centres
def take_entries() -> Response:
    """Take entries of a centre's outbox."""
    asked = question(Entries)
    return signed(
        index_service.accept(current_cloud(), database_session(), asker().peer.name, asked)
    )


@blueprint.post("/api/v1/index/queries")
@for_centres
def answer_query() -> Response:
    """Say which studies of a person other centres hold."""
    asked = question(Certificate)
    return signed(
        index_service.studies_of(current_cloud(), database_session(), asker().peer.name, asked)
    )


@blueprint.get("/healthz")
@public_data
def alive() -> Response:
    """Answer as long as the process does."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public_data
def ready() -> tuple[Response, int]:
    """Say whether the database is there, with its newest schema."""
    for name in NEEDED:
        try:
            CHECKS[name](current_cloud())
        except Exception as error:  # whatever it is, the answer is "not ready"
            log.warning("not_ready", check=name, error=type(error).__name__)
            return jsonify(status="failed"), HTTPStatus.SERVICE_UNAVAILABLE
    return jsonify(status="ok"), HTTPStatus.OK


def create_index_app(cloud: ImageCloud) -> Flask:
    """Put the index module together for its own database and keys."""
    ensure_logging()
    app = Flask("index", static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    install_context(app, cloud)
    install_request_log(app)
    install_limits(app)
    install_decisions(app)
    app.register_error_handler(HTTPException, _problem)
    app.register_error_handler(Exception, _failure)
    install_transactions(app)
    app.register_blueprint(blueprint)
    apply_view_limits(app)
    return app


def _problem(error: HTTPException) -> ResponseReturnValue:
    status = error.code or InternalServerError.code
    content = {"type": "about:blank", "title": error.name, "status": status}
    return Response(json.dumps(content), status, content_type="application/problem+json")


def _failure(error: Exception) -> ResponseReturnValue:
    log.error("unhandled", error=type(error).__name__, exc_info=error)
    return _problem(InternalServerError())
