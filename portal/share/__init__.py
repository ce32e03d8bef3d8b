"""Sharing: giving a link away, watching and revoking it, and opening one without an account."""

from __future__ import annotations

from flask import Flask

from portal.share import card, changes, giver, recipient, records, taking


def install_share(app: Flask) -> None:
    """Hang the giver's pages below the study and `/shares`, the recipient's below `/s`."""
    app.register_blueprint(giver.blueprint, url_prefix="/studies/<study_id>/shares")
    for pages in (records, changes, card):
        app.register_blueprint(pages.blueprint, url_prefix="/shares")
    app.register_blueprint(recipient.blueprint, url_prefix="/s/<share_id>")
    app.register_blueprint(taking.blueprint, url_prefix="/s/<share_id>")
