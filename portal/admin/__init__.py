"""The console of the centre: for administrators, auditors and supervisors."""

from __future__ import annotations

from flask import Flask

from portal.admin import (
    accounts,
    alarms,
    calculators,
    coding,
    exports,
    institutions,
    links,
    log,
    overview,
    passwords,
    quality,
    recognition,
    records,
    statistics,
    storage,
    supervision,
    uploading,
)

BLUEPRINTS = (
    overview.blueprint,
    alarms.blueprint,
    institutions.blueprint,
    links.blueprint,
    records.blueprint,
    exports.blueprint,
    uploading.blueprint,
    storage.blueprint,
    coding.blueprint,
    statistics.blueprint,
    quality.blueprint,
    recognition.blueprint,
    calculators.blueprint,
    supervision.blueprint,
    log.blueprint,
    accounts.accounts,
    passwords.blueprint,
    accounts.reviews,
)


def install_admin(app: Flask) -> None:
    """Hang the console's rooms below /admin."""
    for one in BLUEPRINTS:
        app.register_blueprint(one)
