"""Accounts: passwords, second factor, sessions (F-02 … F-07)."""

from server.accounts.challenges import Challenge
from server.accounts.credentials import sign_out_others
from server.accounts.directory import (
    NewAccount,
    create_account,
    disable_account,
    find_account,
    normalize_login,
)
from server.accounts.errors import (
    AccountExistsError,
    FactorRefusedError,
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
from server.accounts.factors import FactorKind, SecondFactor
from server.accounts.passkeys import PasskeyFactor
from server.accounts.passwords import WeakPasswordError, check_strength
from server.accounts.recovery_codes import RecoveryCodeFactor
from server.accounts.sessions import (
    EntryKind,
    current_session,
    live_sessions,
    revoke_session,
    sign_out,
)
from server.accounts.sign_in import (
    SignedIn,
    check_code,
    finish_sign_in,
    sign_in_with_passkey,
    start_sign_in,
)
from server.accounts.sms_codes import SmsFactor, send_sms_code
from server.accounts.totp import TotpFactor

# The second factors that come with the product; the composition root puts them in force.
SECOND_FACTORS: tuple[SecondFactor, ...] = (
    SmsFactor(),
    TotpFactor(),
    PasskeyFactor(),
    RecoveryCodeFactor(),
)

__all__ = [
    "SECOND_FACTORS",
    "AccountExistsError",
    "Challenge",
    "EntryKind",
    "FactorKind",
    "FactorRefusedError",
    "IdentityUnknownError",
    "LoginNameError",
    "NewAccount",
    "NoSecondFactorError",
    "ProvenIdentity",
    "SecondFactor",
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
    "sign_in_with_passkey",
    "sign_in_with_provider",
    "sign_out",
    "sign_out_others",
    "start_sign_in",
]
