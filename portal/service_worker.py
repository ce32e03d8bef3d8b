"""The service worker and the page it shows without a network: the same for everyone, no person's.

The script lies at the root, because a service worker only sees addresses below its own; its address
carries the version of all files, so that a new version replaces the old one and its cache.
"""

from __future__ import annotations

import hashlib

from flask import Blueprint, Flask, Response, current_app, render_template

from portal.decisions import public
from portal.static_files import MEDIA_TYPES, REVALIDATE, open_catalog, static_folder

SCRIPT = "service-worker.js"
blueprint = Blueprint("service_worker", __name__)


def service_worker() -> dict[str, str]:
    """Return {url, cache} of the service worker for static/viewer/runtime.js."""
    version = _version()
    return {"url": f"/{SCRIPT}?v={version}", "cache": f"yingyun-files-{version}"}


def _version() -> str:
    digest = hashlib.sha256(static_folder().hash().encode())
    catalog = open_catalog()
    if catalog is not None:
        for name in catalog.names():
            digest.update(f"\0{catalog.url(name)}".encode())
    return digest.hexdigest()[:16]


@blueprint.get(f"/{SCRIPT}")
@public
def script() -> Response:
    """Serve the service worker's script."""
    body = (static_folder().path / SCRIPT).read_bytes()
    response = Response(body, content_type=MEDIA_TYPES[".js"])
    response.headers["Cache-Control"] = REVALIDATE
    return response


@blueprint.get("/offline")
@public
def offline() -> Response:
    """Serve the page that stands in for others while there is no network."""
    response = current_app.make_response(render_template("errors/offline.html"))
    response.headers["Cache-Control"] = REVALIDATE
    return response


def install_service_worker(app: Flask) -> None:
    """Serve the service worker and its page."""
    app.register_blueprint(blueprint)
