"""Bodies that a front machine encrypts within HTTPS (E-19): JWE (RFC 7516), dir, A256GCM.

The key is the front machine's own, made of the master key, and told with each heartbeat.
"""

from __future__ import annotations

import base64
import json
from typing import Any, cast

from flask import Request, g
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from werkzeug.exceptions import BadRequest

from portal.context import current_cloud
from server.clients import CallingClient
from server.keys import MasterKey

JOSE = "application/jose"


def record_key(master_key: MasterKey, client_id: str) -> str:
    """Return the key of a front machine, base64url without padding (RFC 7515 2)."""
    key = master_key.secret(f"records of {client_id}")
    return base64.urlsafe_b64encode(key).decode("ascii").rstrip("=")


class ApiRequest(Request):
    """A request whose JSON may be sealed; only after who calls is known can it be opened."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Return the JSON of the body. Raises BadRequest for a sealed one that does not open."""
        if self.mimetype != JOSE:
            return super().get_json(force=force, silent=silent, cache=cache)
        caller = cast("CallingClient | None", g.get("caller"))
        if caller is None:
            raise BadRequest
        key = OctKey.import_key(
            {"kty": "oct", "k": record_key(current_cloud().master_key, caller.client_id)}
        )
        try:
            opened = jwe.decrypt_compact(self.get_data(), key, algorithms=["dir", "A256GCM"])
            return json.loads(opened.plaintext or b"")
        except (JoseError, ValueError) as error:
            raise BadRequest from error
