"""The sample HIS: registration, reception, orders and images, as pages of its own."""

from __future__ import annotations

from pathlib import Path

import requests
from flask import Flask, Response, render_template

from examples.his.desk import Desk
from examples.his.hospital import Hospital
from examples.his.ordering import install_ordering
from examples.his.registration import install_registration
from examples.his.viewing import cloud_origin, install_viewing
from examples.yingyun_client import CloudRefusedError

HERE = Path(__file__).resolve().parent
PLACES = {"own": "本院", "other_hospital": "外院", "other_province": "外省"}
GRADES = {"A": "甲", "B": "乙", "C": "丙", "D": "丁"}


def create_his(hospital: Hospital) -> Flask:
    """Put the sample HIS together for one hospital."""
    app = Flask("his", template_folder="templates", static_folder="static", root_path=str(HERE))
    app.jinja_env.globals.update(hospital=hospital, places=PLACES, grades=GRADES)
    desk, origin = Desk(), cloud_origin(hospital)
    install_registration(app, hospital, desk)
    install_ordering(app, hospital, desk)
    install_viewing(app, hospital, desk)

    @app.errorhandler(CloudRefusedError)
    def refused(error: CloudRefusedError) -> tuple[str, int]:
        return render_template("refused.html", words=error.detail or str(error)), 502

    @app.errorhandler(requests.RequestException)
    def unreachable(_error: requests.RequestException) -> tuple[str, int]:
        return render_template("refused.html", words="影像云暂时无法连接，请稍后再试。"), 502

    @app.after_request
    def policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = (
            f"default-src 'self'; frame-src {origin}; frame-ancestors 'none'"
        )
        # The cloud checks from which page a launch is opened.
        response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
        return response

    return app
