"""Proofs from outside: signature services, face terminals and national apps sign what they saw.

An assertion is a JWT (RFC 7519), signed with a key that `YINGYUN_VERIFIERS_FILE` names. It says of
one request that its person agreed; it lives for two minutes at most and counts once, for the
request it names can be approved only once. It holds no picture and no template of anybody (F-27).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key
from sqlalchemy.orm import Session

from server import clock, people
from server.authorisations import recording
from server.authorisations.errors import AuthorisationRefused, Refusal
from server.authorisations.evidence import ASSERTED, AssertionEvidence
from server.authorisations.terms import LIFETIMES
from server.listed import read_listed
from server.model import Authorisation, AuthorisationMethod

if TYPE_CHECKING:
    from server.cloud import ImageCloud

ALGORITHMS = ["EdDSA", "Ed25519", "ES256", "PS256"]
LONGEST_LIFE = 120  # seconds
CLOCK_APART = 30  # seconds by which two clocks may differ
LONGEST_TEXT = 64


class VerifiersFileError(ValueError):
    """The file of verifiers cannot be used; the message names the fault."""


@dataclass(frozen=True)
class Verifier:
    """Who may prove which ways: `name` is the `iss` of its assertions, `key` its public JWK."""

    name: str
    methods: frozenset[AuthorisationMethod]
    key: OKPKey | ECKey | RSAKey


def load_verifiers(path: Path | None) -> tuple[Verifier, ...]:
    """Read the verifiers' file, a JSON list of {"name", "methods", "key"}; no path means none.

    Raises VerifiersFileError.
    """
    return read_listed(path, _verifier, VerifiersFileError)


def approve_by_assertion(
    cloud: ImageCloud, session: Session, assertion: str, *, source: str = ""
) -> Authorisation:
    """Let the request that an assertion names hold.

    Claims: iss (verifier), aud (our base URL), iat, exp, jti, sub (authorisation id), method,
    id_number (of the person recognised, compared by keyed hash and never kept), device.
    Raises AuthorisationRefused; VerifiersFileError where the file of keys is unusable.
    """
    verifiers = {one.name: one for one in load_verifiers(cloud.settings.verifiers_file)}
    claims, verifier = _read(cloud, verifiers, assertion)
    found = session.get(Authorisation, str(claims["sub"]))
    if found is None:
        raise AuthorisationRefused(Refusal.NOT_YOURS)
    if claims.get("method") != found.method or found.method not in verifier.methods:
        raise AuthorisationRefused(Refusal.METHOD)
    if not _names_the_person(cloud, found, claims):
        raise AuthorisationRefused(Refusal.NOT_YOURS)
    proof = AssertionEvidence(
        verifier=verifier.name,
        assertion_id=str(claims["jti"])[:LONGEST_TEXT],
        device=str(claims.get("device", ""))[:LONGEST_TEXT],
        signed_at=datetime.fromtimestamp(int(claims["iat"]), UTC).isoformat(),
    )
    recording.approve(
        session,
        found,
        proof,
        actor_kind="verifier",
        actor=verifier.name,
        source=source,
        lifetime=LIFETIMES[0],
    )
    return found


def _read(
    cloud: ImageCloud, verifiers: Mapping[str, Verifier], assertion: str
) -> tuple[dict[str, Any], Verifier]:
    """Return the claims of an assertion whose signature and times hold, and who signed it."""
    named = verifiers.get(_issuer(assertion))
    if named is None:
        raise AuthorisationRefused(Refusal.SIGNATURE)
    registry = jwt.JWTClaimsRegistry(
        now=int(clock.now().timestamp()),
        leeway=CLOCK_APART,
        iss={"essential": True, "value": named.name},
        aud={"essential": True, "value": cloud.settings.base_url},
        sub={"essential": True},
        jti={"essential": True},
        iat={"essential": True},
        exp={"essential": True},
    )
    try:
        token = jwt.decode(assertion, named.key, algorithms=ALGORITHMS)
        registry.validate(token.claims)
        lives = int(token.claims["exp"]) - int(token.claims["iat"])
    except (JoseError, ValueError, TypeError) as error:
        raise AuthorisationRefused(Refusal.SIGNATURE) from error
    if not 0 < lives <= LONGEST_LIFE:
        raise AuthorisationRefused(Refusal.SIGNATURE)
    return dict(token.claims), named


def _issuer(assertion: str) -> str:
    """Return who an assertion says it is from, before anything of it is believed."""
    try:
        part = assertion.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return str(claims.get("iss", ""))
    except (IndexError, ValueError, AttributeError):
        return ""


def _names_the_person(
    cloud: ImageCloud, authorisation: Authorisation, claims: Mapping[str, Any]
) -> bool:
    try:
        recognised = people.id_number_hash(cloud, str(claims.get("id_number", "")))
    except people.IdNumberError:
        return False
    return recognised == authorisation.person.id_number_hash


def _verifier(path: Path, row: dict[str, Any]) -> Verifier:
    name = row.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_TEXT:
        raise VerifiersFileError(f"{path}: a name has 1 to {LONGEST_TEXT} letters")
    methods = row.get("methods")
    if not isinstance(methods, list) or not methods or not set(methods) <= {*ASSERTED}:
        known = ", ".join(sorted(ASSERTED))
        raise VerifiersFileError(f"{path}: {name!r}: methods are some of {known}")
    try:
        key = import_key(row["key"])
    except (JoseError, KeyError, ValueError, TypeError) as error:
        raise VerifiersFileError(f"{path}: {name!r}: key: {error!r}") from error
    if not isinstance(key, OKPKey | ECKey | RSAKey) or key.is_private:
        raise VerifiersFileError(f"{path}: {name!r}: the key must be a public one (JWK)")
    return Verifier(name, frozenset(AuthorisationMethod(one) for one in methods), key)
