"""What this service can do (PS3.18 8.9): no patient's data, so anyone may ask."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from portal.decisions import public_data
from portal.dicomweb.service import base_url
from server.dicomweb.conformance import capabilities


@public_data
def service() -> Response:
    """Describe the service, and where its conformance statement is."""
    answer = jsonify(capabilities(base_url()))
    answer.headers["Allow"] = "GET, HEAD, OPTIONS"
    return answer


def add_views(blueprint: Blueprint) -> None:
    """Add the address."""
    blueprint.add_url_rule(
        "/", "capabilities", service, methods=["GET", "OPTIONS"], provide_automatic_options=False
    )
