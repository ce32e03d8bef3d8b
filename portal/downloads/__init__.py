"""Downloads: asking for one, watching it, and the link behind which it lies (A-33, A-34)."""

from __future__ import annotations

from flask import Flask

from portal.downloads import asking, link, records


def install_downloads(app: Flask) -> None:
    """Hang the asking below the study, the records at `/downloads`, the link at `/d`."""
    app.register_blueprint(asking.blueprint, url_prefix="/studies/<study_id>/download")
    app.register_blueprint(records.blueprint, url_prefix="/downloads")
    app.register_blueprint(link.blueprint, url_prefix="/d/<download_id>")
