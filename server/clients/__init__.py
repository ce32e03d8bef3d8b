"""Systems of institutions that call the API: OAuth 2.0 clients, their credentials and tokens."""

from server.clients.credentials import (
    AssertionUsedError,
    public_keys,
    secret_fits,
    use_assertion,
)
from server.clients.keeping import (
    ClientError,
    NewCredential,
    clients,
    disable,
    find,
    register,
    rotate,
)
from server.clients.origins import OriginError, normalize_origin
from server.clients.scopes import Scope
from server.clients.tokens import TOKEN_LIFETIME, CallingClient, caller, issue, revoke

__all__ = [
    "TOKEN_LIFETIME",
    "AssertionUsedError",
    "CallingClient",
    "ClientError",
    "NewCredential",
    "OriginError",
    "Scope",
    "caller",
    "clients",
    "disable",
    "find",
    "issue",
    "normalize_origin",
    "public_keys",
    "register",
    "revoke",
    "rotate",
    "secret_fits",
    "use_assertion",
]
