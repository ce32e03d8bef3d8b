"""DICOMweb (PS3.18) below `/dicom-web`: thin views over `server.dicomweb`."""

from __future__ import annotations

from flask import Flask

from portal.dicomweb import capabilities, rendering, retrieval, search, storage
from portal.dicomweb.service import blueprint

__all__ = ["install_dicomweb"]

for _part in (capabilities, search, retrieval, rendering, storage):
    _part.add_views(blueprint)


def install_dicomweb(app: Flask) -> None:
    """Add the addresses; a token stands for each request, so forms' tokens do not apply."""
    app.register_blueprint(blueprint)
