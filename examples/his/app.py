"""The pages of the sample HIS, and the one call that its frame makes for a fresh ticket."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import requests
from flask import Flask, Response, abort, jsonify, render_template, request

from examples.his.hospital import Hospital, RegisteredVisit
from examples.yingyun_client import CloudRefusedError, LaunchTicket

HERE = Path(__file__).resolve().parent
OPENS = frozenset({"dicom", "images", "report", "list"})


def create_his(hospital: Hospital) -> Flask:
    """Put the sample HIS together for one hospital."""
    app = Flask("his", template_folder="templates", static_folder="static", root_path=str(HERE))
    app.jinja_env.globals["hospital"] = hospital
    cloud_origin = "{0.scheme}://{0.netloc}".format(urlsplit(hospital.cloud_url))

    def visit_or_404(number: str) -> RegisteredVisit:
        return hospital.visit(number) or abort(404)

    def launch(visit: RegisteredVisit) -> LaunchTicket:
        opens = request.values.get("opens", "dicom")
        return hospital.client.launch(
            visit.patient,
            hospital.physician,
            visit.visit(outside=request.values.get("network") == "outside"),
            frame_origin=request.host_url.rstrip("/"),
            study_uid=request.values.get("study") or None,
            opens=opens if opens in OPENS else "dicom",
        )

    @app.get("/")
    def registrations() -> str:
        return render_template("registrations.html")

    @app.get("/visits/<number>")
    def reception(number: str) -> str:
        visit = visit_or_404(number)
        return render_template("reception.html", visit=visit)

    @app.get("/visits/<number>/orders")
    def orders(number: str) -> str:
        visit = visit_or_404(number)
        return render_template(
            "orders.html", visit=visit, studies=hospital.client.studies(visit.patient)
        )

    @app.get("/visits/<number>/images")
    def images(number: str) -> str:
        visit = visit_or_404(number)
        return render_template(
            "images.html", visit=visit, launch=launch(visit), cloud_origin=cloud_origin
        )

    @app.post("/visits/<number>/ticket")
    def ticket(number: str) -> Response:
        return jsonify({"ticket": launch(visit_or_404(number)).ticket})

    @app.errorhandler(CloudRefusedError)
    def refused(error: CloudRefusedError) -> tuple[str, int]:
        return render_template("refused.html", words=error.detail or str(error)), 502

    @app.errorhandler(requests.RequestException)
    def unreachable(_error: requests.RequestException) -> tuple[str, int]:
        return render_template("refused.html", words="影像云暂时无法连接，请稍后再试。"), 502

    @app.after_request
    def policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = (
            f"default-src 'self'; frame-src {cloud_origin}; frame-ancestors 'none'"
        )
        # The cloud checks from which page a launch is opened.
        response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
        return response

    return app
