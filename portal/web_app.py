"""The web app manifest: the portal as an app on the home screen (W3C Application Manifest).

Browsers fetch it without cookies, so it is the same for everyone, and in Chinese.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, json

from portal.context import current_cloud
from portal.decisions import public
from portal.next_url import HOME
from portal.static_files import MEDIA_TYPES, REVALIDATE, static_url

ADDRESS = "/app.webmanifest"
LANGUAGE = "zh-CN"
DESCRIPTION = "医学影像的查看、报告与授权分享"
# The colours of static/css/tokens.css in daylight: --brand and --page.
THEME_COLOR = "#0b6472"
BACKGROUND_COLOR = "#f2f6f7"
ICONS = (
    ("img/icon-192.png", "192x192", "image/png", "any"),
    ("img/icon-512.png", "512x512", "image/png", "any"),
    ("img/icon-maskable-512.png", "512x512", "image/png", "maskable"),
    ("img/logo.svg", "any", "image/svg+xml", "any"),
)
blueprint = Blueprint("web_app", __name__)


@blueprint.get(ADDRESS)
@public
def manifest() -> Response:
    """Serve the manifest, under the name of this site."""
    name = current_cloud().settings.site_name
    facts = {
        "id": HOME,
        "name": name,
        "short_name": name,
        "description": DESCRIPTION,
        "lang": LANGUAGE,
        "dir": "ltr",
        "start_url": HOME,
        "scope": HOME,
        "display": "standalone",
        "theme_color": THEME_COLOR,
        "background_color": BACKGROUND_COLOR,
        "icons": [
            {"src": static_url(file), "sizes": sizes, "type": media_type, "purpose": purpose}
            for file, sizes, media_type, purpose in ICONS
        ],
    }
    body = json.dumps(facts, ensure_ascii=False)
    response = Response(body, content_type=MEDIA_TYPES[".webmanifest"])
    response.headers["Cache-Control"] = REVALIDATE
    return response


def install_web_app(app: Flask) -> None:
    """Serve the manifest, and tell the pages its address."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals["web_app_manifest"] = ADDRESS
