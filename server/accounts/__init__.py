"""Accounts: passwords, second factor, sessions (F-02 … F-07)."""

from server.accounts.directory import (
    NewAccount,
    create_account,
    disable_account,
    find_account,
    normalize_login,
)
from server.accounts.errors import (
    AccountExistsError,
    LoginNameError,
    SignInExpired,
    SignInRefused,
)
from server.accounts.external import (
    IdentityUnknownError,
    NoSecondFactorError,
    ProvenIdentity,
    connect,
    is_connected,
    sign_in_with_provider,
)
from server.accounts.passwords import WeakPasswordError, check_strength
from server.accounts.second_factor import send_sms_code
from server.accounts.sessions import (
    EntryKind,
    current_session,
    live_sessions,
    revoke_session,
    sign_out,
)
from server.accounts.sign_in import Challenge, SignedIn, check_code, finish_sign_in, start_sign_in

__all__ = [
    "AccountExistsError",
    "Challenge",
    "EntryKind",
    "IdentityUnknownError",
    "LoginNameError",
    "NewAccount",
    "NoSecondFactorError",
    "ProvenIdentity",
    "SignInExpired",
    "SignInRefused",
    "SignedIn",
    "WeakPasswordError",
    "check_code",
    "check_strength",
    "connect",
    "create_account",
    "current_session",
    "disable_account",
    "find_account",
    "finish_sign_in",
    "is_connected",
    "live_sessions",
    "normalize_login",
    "revoke_session",
    "send_sms_code",
    "sign_in_with_provider",
    "sign_out",
    "start_sign_in",
]
