"""What other provinces' centres ask of ours: which studies we hold, and these themselves (D-53)."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Flask, Response, request

from portal.api.peers import asker, for_centres, own_name, question, refusal, signed
from portal.context import current_cloud, database_session
from server.provinces import releasing
from server.provinces.releasing import NotReadyError, ReleaseRefusedError
from server.provinces.wire import CacheQuestion, Certificate

blueprint = Blueprint("provinces", __name__, url_prefix="/api/v1/provinces")


@blueprint.post("/index-queries")
@for_centres
def index_query() -> Response:
    """Answer which studies of a person we hold."""
    asked = question(Certificate)
    centre = asker().peer.name
    return signed(
        releasing.studies_of(current_cloud(), database_session(), centre, own_name(), asked)
    )


@blueprint.post("/cache-requests")
@for_centres
def cache_request() -> Response:
    """Release a study to the centre of the province where the patient asked for it."""
    asked = question(CacheQuestion)
    try:
        return signed(
            releasing.release(current_cloud(), database_session(), asker().peer.name, asked)
        )
    except ReleaseRefusedError as error:
        return refusal(_status(error), error.reason)
    except NotReadyError:
        return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready")


@blueprint.get("/cache-requests/<release_id>/objects")
@for_centres
def cached_objects(release_id: str) -> Response:
    """Stream the objects of a release from the `first` one, as they are stored."""
    first = request.args.get("first", 0, type=int)
    try:
        parts = releasing.objects(
            current_cloud(), database_session(), asker().peer.name, release_id, max(first, 0)
        )
    except ReleaseRefusedError as error:
        return refusal(_status(error), error.reason)
    return Response(parts, mimetype="application/octet-stream")


def _status(error: ReleaseRefusedError) -> HTTPStatus:
    return HTTPStatus.NOT_FOUND if error.reason == "unknown" else HTTPStatus.FORBIDDEN


def install_provinces(app: Flask) -> None:
    """Add the addresses; an assertion stands for each request, so forms' tokens do not apply."""
    app.extensions["csrf"].exempt(blueprint)
    app.register_blueprint(blueprint)
