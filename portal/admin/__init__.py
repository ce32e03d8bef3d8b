"""The console of the centre: for administrators, auditors and supervisors."""

from __future__ import annotations

from flask import Flask

from portal.admin import accounts, alarms, exports, institutions, links, log, overview, records

BLUEPRINTS = (
    overview.blueprint,
    alarms.blueprint,
    institutions.blueprint,
    links.blueprint,
    records.blueprint,
    exports.blueprint,
    log.blueprint,
    accounts.accounts,
    accounts.reviews,
)


def install_admin(app: Flask) -> None:
    """Hang the console's rooms below /admin."""
    for one in BLUEPRINTS:
        app.register_blueprint(one)
