"""OpenID Connect providers that may say who someone is (A-07, A-08): national code, provincial
app, hospital account. Which there are is configuration, one JSON file; none is the default."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from server.listed import read_listed

_NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")
_LOCAL_HOSTS = {"127.0.0.1", "::1", "localhost"}


class ProvidersFileError(ValueError):
    """The file of identity providers cannot be used; the message names the fault."""


class SecondFactor(enum.StrEnum):
    """Who asks for the second factor (F-03)."""

    PROVIDER = "provider"  # the provider has asked for two factors before it answers
    OURS = "ours"  # the code of the authenticator or text message follows here


@dataclass(frozen=True)
class IdentityProvider:
    """One provider: its address, our credentials there, and what its claims are called.

    `id_number_claim` names the claim with the verified 居民身份证号, "" when it has none: then
    only accounts that were connected beforehand sign in by it. With `second_factor` PROVIDER and
    `required_amr`, the ID token's `amr` (RFC 8176) must hold one of these, else ours is asked for.
    `entry_kind` is the kind of entry that is recorded (A-02), "" for what the browser tells.
    """

    name: str
    label: str
    label_en: str
    issuer: str
    client_id: str
    client_secret: str
    scope: str = "openid profile"
    id_number_claim: str = ""
    name_claim: str = "name"
    phone_claim: str = "phone_number"
    second_factor: SecondFactor = SecondFactor.OURS
    required_amr: tuple[str, ...] = ()
    entry_kind: str = ""

    @property
    def metadata_url(self) -> str:
        """The address of the provider's own description (OpenID Connect Discovery 1.0 §4)."""
        return f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"


def load_providers(path: Path | None) -> tuple[IdentityProvider, ...]:
    """Read the providers' file, a JSON list; no path means no provider.

    Raises ProvidersFileError for a file that is missing, malformed or names something twice.
    """
    return read_listed(path, _provider, ProvidersFileError)


def _provider(path: Path, row: dict[str, Any]) -> IdentityProvider:
    facts = dict(row)
    name = str(facts.get("name", ""))
    if not _NAME.fullmatch(name):
        raise ProvidersFileError(f"{path}: a name has small letters, digits and -, not {name!r}")
    facts["client_secret"] = _secret(path, facts.pop("client_secret_file", None), name)
    facts["required_amr"] = tuple(facts.get("required_amr", ()))
    try:
        facts["second_factor"] = SecondFactor(facts.get("second_factor", SecondFactor.OURS))
        provider = IdentityProvider(**facts)
    except (TypeError, ValueError) as error:
        raise ProvidersFileError(f"{path}: {name}: {error}") from error
    issuer = urlsplit(provider.issuer)
    if issuer.scheme != "https" and issuer.hostname not in _LOCAL_HOSTS:
        raise ProvidersFileError(f"{path}: {name}: the issuer must be an https address")
    return provider


def _secret(path: Path, file: object, name: str) -> str:
    """Read the client secret from a file of its own, relative to the providers' file."""
    if not isinstance(file, str):
        raise ProvidersFileError(f"{path}: {name}: client_secret_file is missing")
    try:
        return (path.parent / file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ProvidersFileError(f"{path}: {name}: {error}") from error
