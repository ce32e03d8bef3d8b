"""Signing in with two factors, and out again (F-03 … F-06)."""

from flask import Flask

from portal.auth import passkeys, recovery, registration, views
from portal.context import current_cloud
from portal.devices import device_name


def install_auth(app: Flask) -> None:
    """Register the pages of signing in, and tell templates where passkeys work."""
    app.register_blueprint(views.blueprint)
    app.register_blueprint(passkeys.blueprint)
    app.register_blueprint(recovery.blueprint)
    if app.extensions["yingyun"].settings.registration:
        app.register_blueprint(registration.blueprint)
    app.context_processor(
        lambda: {
            "passkey_origin": passkeys.passkey_origin(),
            "registration": current_cloud().settings.registration,
        }
    )
    app.jinja_env.globals["device_name"] = device_name


__all__ = ["install_auth"]
