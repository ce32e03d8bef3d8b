"""The pages and data of one study, the same through both doors: the patient's and a share's."""

from __future__ import annotations

from flask import Flask

from portal.study import data, pages


def install_study(app: Flask) -> None:
    """Hang the study's pages and data below `/studies/<study_id>` and `/s/<share_id>`."""
    app.register_blueprint(pages.patient, url_prefix="/studies/<study_id>")
    app.register_blueprint(pages.recipient, url_prefix="/s/<share_id>")
    for name, prefix in (("patient", "/studies/<study_id>"), ("share", "/s/<share_id>")):
        app.register_blueprint(pages.both, name=f"{name}_pages", url_prefix=prefix)
        app.register_blueprint(data.blueprint, name=f"{name}_data", url_prefix=prefix)
