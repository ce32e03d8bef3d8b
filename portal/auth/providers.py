"""Signing in through an OpenID Connect provider: code flow with PKCE, state and nonce (A-07).

Authlib speaks the protocol (RFC 6749, RFC 7636, OpenID Connect Core 1.0); what the answer means
for us is decided in `server.accounts.external`.
"""

from __future__ import annotations

from typing import Any, cast

import requests
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, Flask, current_app, flash, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from joserfc.errors import JoseError
from werkzeug.exceptions import NotFound

from portal.auth.entering import visit, welcome
from portal.auth.pending import begin, forget
from portal.context import current_cloud, database_session
from portal.decisions import public
from portal.limits import SIGN_IN, limited
from portal.next_url import safe_next
from server import accounts
from server.accounts import (
    Challenge,
    IdentityUnknownError,
    NoSecondFactorError,
    ProvenIdentity,
    SignInRefused,
)
from server.identity_providers import IdentityProvider, load_providers

blueprint = Blueprint("providers", __name__)
log = structlog.get_logger("portal")

EXTENSION = "yingyun-identity-providers"
PATIENCE = 10  # seconds for one answer of a provider
TARGET = "provider_target"


def install_providers(app: Flask) -> None:
    """Register the configured providers with Authlib. Raises ProvidersFileError."""
    providers = load_providers(app.extensions["yingyun"].settings.identity_providers_file)
    registry = OAuth(app)
    for provider in providers:
        registry.register(
            provider.name,
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            server_metadata_url=provider.metadata_url,
            client_kwargs={
                "scope": provider.scope,
                "code_challenge_method": "S256",
                "default_timeout": PATIENCE,
            },
        )
    app.extensions[EXTENSION] = (registry, {provider.name: provider for provider in providers})
    app.register_blueprint(blueprint)
    app.context_processor(lambda: {"identity_providers": providers})


def _provider(name: str) -> tuple[IdentityProvider, Any]:
    registry, providers = current_app.extensions[EXTENSION]
    provider = cast(dict[str, IdentityProvider], providers).get(name)
    if provider is None:
        raise NotFound
    return provider, registry.create_client(name)


@blueprint.get("/login/with/<name>")
@limited(SIGN_IN)
@public
def start(name: str) -> ResponseReturnValue:
    """Go to the provider; state, nonce and code verifier wait in the signed forms cookie."""
    provider, client = _provider(name)
    target = safe_next(request.args.get("next"))
    forget()
    session[TARGET] = target
    try:
        answer = client.authorize_redirect(_return_address(provider))
    except (requests.RequestException, AuthlibBaseError, ValueError, KeyError) as error:
        return _unavailable(provider, error)
    return cast(ResponseReturnValue, answer)


@blueprint.get("/login/with/<name>/done")
@limited(SIGN_IN)
@public
def done(name: str) -> ResponseReturnValue:
    """Take the provider's answer: a code for whom we asked, or the reason why there is none."""
    provider, client = _provider(name)
    target = safe_next(session.get(TARGET))
    try:
        token = client.authorize_access_token()
    except OAuthError as error:
        log.warning("identity_provider_refused", provider=name, error=error.error)
        forget()
        return _back(_("登录没有完成，请重新登录。"))
    except (requests.RequestException, AuthlibBaseError, JoseError, ValueError, KeyError) as error:
        return _unavailable(provider, error)
    claims = token.get("userinfo") or {}
    subject = claims.get("sub")
    if not isinstance(subject, str):
        return _unavailable(provider, ValueError("no ID token"))
    return _sign_in(ProvenIdentity(provider, subject, claims), target)


def _sign_in(identity: ProvenIdentity, target: str) -> ResponseReturnValue:
    forget()  # whoever used this browser before is not who comes in now
    try:
        outcome = accounts.sign_in_with_provider(
            current_cloud(),
            database_session(),
            identity,
            **visit(),
        )
    except SignInRefused as refused:
        return _back(_words(refused))
    if isinstance(outcome, Challenge):
        begin(outcome, target)
        return redirect("/login/code", 303)
    return welcome(outcome, target)


def _words(refused: SignInRefused) -> str:
    if isinstance(refused, IdentityUnknownError):
        return str(_("该登录方式没有提供可核对的身份证号，无法确认您的身份，请改用其他方式登录。"))
    if isinstance(refused, NoSecondFactorError):
        return str(_("您的账户没有登记手机号或身份验证器，无法完成第二步验证。"))
    return str(_("该账户已停用，请联系医院或客服。"))


def _return_address(provider: IdentityProvider) -> str:
    return f"{current_cloud().settings.base_url}/login/with/{provider.name}/done"


def _unavailable(provider: IdentityProvider, error: Exception) -> ResponseReturnValue:
    # The error's own text may hold the code or the token.
    log.error("identity_provider_unavailable", provider=provider.name, error=type(error).__name__)
    forget()
    return _back(_("登录服务暂时无法连接，请稍后重试，或改用其他方式登录。"))


def _back(words: str) -> ResponseReturnValue:
    flash(words, "error")
    return redirect("/login", 303)
