"""The console of the centre: for administrators, auditors and supervisors."""

from __future__ import annotations

from flask import Flask

from portal.admin import (
    accounts,
    alarms,
    archive,
    caching,
    calculators,
    coding,
    duties,
    exports,
    gateways,
    institutions,
    links,
    log,
    nodes,
    openings,
    overview,
    passwords,
    quality,
    recognition,
    records,
    registers,
    retention,
    statistics,
    storage,
    supervision,
    uploading,
)

BLUEPRINTS = (
    overview.blueprint,
    alarms.blueprint,
    institutions.blueprint,
    registers.staff,
    registers.devices,
    duties.blueprint,
    links.blueprint,
    gateways.blueprint,
    nodes.blueprint,
    records.blueprint,
    exports.blueprint,
    uploading.blueprint,
    caching.blueprint,
    storage.blueprint,
    retention.blueprint,
    archive.blueprint,
    coding.blueprint,
    statistics.blueprint,
    quality.blueprint,
    recognition.blueprint,
    calculators.blueprint,
    supervision.blueprint,
    log.blueprint,
    accounts.accounts,
    passwords.blueprint,
    openings.blueprint,
    accounts.reviews,
)


def install_admin(app: Flask) -> None:
    """Hang the console's rooms below /admin."""
    for one in BLUEPRINTS:
        app.register_blueprint(one)
