"""The application, put together in one place and in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import (
    account_pages,
    account_security,
    consent_pages,
    doctor,
    external_data,
    family_pages,
    health,
    home,
    language,
    mailbox,
    patient,
    preferences,
)
from portal.admin import install_admin
from portal.api.hospital import install_hospital_api
from portal.api.provinces import install_provinces
from portal.api.sealed import ApiRequest
from portal.auth import install_auth
from portal.auth.providers import install_providers
from portal.authorisations import install_authorisations
from portal.cds_hooks import install_cds_hooks
from portal.context import install_context, install_transactions
from portal.decisions import install_decisions
from portal.dicomweb import install_dicomweb
from portal.downloads import install_downloads
from portal.entry import install_entry
from portal.errors import install_errors
from portal.i18n import install_i18n
from portal.identity import install_identity
from portal.idle import install_idle
from portal.launch import authenticator as launch_authenticator
from portal.launch import image_display as launch_image_display
from portal.launch import reminders as launch_reminders
from portal.launch import views as launch_pages
from portal.launch.forms import FormProtection, FramedSessions
from portal.launch.launched import embedding
from portal.limits import apply_view_limits, install_limits
from portal.logs import ensure_logging
from portal.navigation import install_navigation
from portal.oauth import install_oauth
from portal.operation_log import install_operation_log
from portal.operations import metrics
from portal.operations.measures import install_measures
from portal.request_log import install_request_log
from portal.security import install_security
from portal.service_worker import install_service_worker
from portal.sessions import FORMS, cookie_name
from portal.share import install_share
from portal.static_files import install_static_files
from portal.study import install_study
from portal.text_size import install_text_size
from portal.web_app import install_web_app
from server.cloud import ImageCloud
from server.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
LARGEST_REQUEST = 1024 * 1024
LARGEST_FORM_PARTS = 200


def create_app(cloud: ImageCloud, config: Mapping[str, Any] | None = None) -> Flask:
    """Put the portal together for one image cloud.

    `config` overrides Flask's settings, for tests. What is installed first runs first before a
    view and last after it.
    """
    ensure_logging(cloud.settings.log_dir)
    app = Flask("portal", template_folder=str(ROOT / "templates"), static_folder=None)
    app.request_class = ApiRequest
    app.config.update(_configuration(cloud) | dict(config or {}))
    app.session_interface = FramedSessions()
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    _trust_proxies(app, cloud.settings)
    install_context(app, cloud)
    install_i18n(app)
    install_operation_log(app)
    install_request_log(app)
    install_measures(app)
    install_security(app)
    install_entry(app)
    install_limits(app)
    install_identity(app)
    install_decisions(app)
    FormProtection(app)
    install_errors(app)
    install_static_files(app, ROOT / "static")
    install_service_worker(app)
    install_web_app(app)
    install_navigation(app)
    install_transactions(app)
    _register_pages(app, cloud.settings)
    apply_view_limits(app)
    return app


def _configuration(cloud: ImageCloud) -> dict[str, Any]:
    settings = cloud.settings
    return {
        "SECRET_KEY": cloud.master_key.secret("portal forms").hex(),
        "MAX_CONTENT_LENGTH": LARGEST_REQUEST,
        "MAX_FORM_MEMORY_SIZE": LARGEST_REQUEST,
        "MAX_FORM_PARTS": LARGEST_FORM_PARTS,
        "SESSION_COOKIE_NAME": cookie_name(settings, FORMS),
        "SESSION_COOKIE_PATH": "/",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.secure,
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the cookie it is bound to
        # Pages send no referrer; portal.security checks where changes come from.
        "WTF_CSRF_SSL_STRICT": False,
        "TEMPLATES_AUTO_RELOAD": settings.development,
    }


def _trust_proxies(app: Flask, settings: Settings) -> None:
    count = settings.trusted_proxies
    if count > 0:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )


def _register_pages(app: Flask, settings: Settings) -> None:
    app.register_blueprint(account_pages.blueprint)
    app.register_blueprint(account_security.blueprint)
    install_auth(app)
    install_idle(app)
    install_providers(app)
    app.register_blueprint(consent_pages.blueprint)
    app.register_blueprint(doctor.blueprint)
    app.register_blueprint(external_data.blueprint)
    app.register_blueprint(family_pages.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(home.blueprint)
    app.register_blueprint(metrics.blueprint)
    app.register_blueprint(language.blueprint)
    install_text_size(app)
    app.register_blueprint(launch_pages.blueprint)
    app.register_blueprint(launch_reminders.blueprint)
    app.register_blueprint(launch_authenticator.blueprint)
    app.register_blueprint(launch_image_display.blueprint)
    app.context_processor(embedding)
    app.register_blueprint(patient.blueprint)
    app.register_blueprint(preferences.blueprint)
    install_oauth(app)
    install_hospital_api(app)
    install_cds_hooks(app)
    install_study(app)
    install_share(app)
    install_downloads(app)
    install_authorisations(app)
    install_provinces(app)
    install_dicomweb(app)
    install_admin(app)
    if settings.development:
        app.register_blueprint(mailbox.blueprint)
