"""Authorisation as people meet it: the patient's pages, the institution's review, the call-back."""

from __future__ import annotations

from flask import Flask

from portal.authorisations import code, evidence, patient, reviews, visits
from portal.doctor import requests
from portal.launch import authorisation as launched


def install_authorisations(app: Flask) -> None:
    """Hang the pages of patients, doctors and reviewers; say in the header what waits."""
    app.register_blueprint(visits.blueprint, url_prefix="/authorisations/visits")
    app.register_blueprint(code.blueprint, url_prefix="/authorisations/code")
    app.register_blueprint(evidence.blueprint, url_prefix="/authorisations/evidence")
    app.register_blueprint(patient.blueprint, url_prefix="/authorisations")
    app.register_blueprint(reviews.blueprint, url_prefix="/reviews")
    app.register_blueprint(requests.blueprint, url_prefix=requests.LIST)
    app.register_blueprint(launched.blueprint)
    # The signature of the assertion takes the place of a form's token.
    app.extensions["csrf"].exempt(evidence.blueprint)
    app.context_processor(lambda: {"pending_authorisations": patient.pending})
