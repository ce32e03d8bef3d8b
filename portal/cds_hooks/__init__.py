"""CDS Hooks 2.0: reminders of same examinations for systems that speak it (E-02, E-29, H-14)."""

from __future__ import annotations

from flask import Flask

from portal.cds_hooks.views import blueprint


def install_cds_hooks(app: Flask) -> None:
    """Add the addresses below `/cds-services`."""
    app.register_blueprint(blueprint)
