"""Passwords: which are accepted (F-04), and how they are kept (argon2id, RFC 9106)."""

from __future__ import annotations

import re

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

MIN_LENGTH = 10
MAX_LENGTH = 128
MIN_KINDS = 3
MIN_DIFFERENT = 5
# zxcvbn's scale ends at 4; 3 is "safely unguessable", a hundred million tries and more. It looks
# at the beginning only, because its work grows with the length faster than its answer improves.
MIN_SCORE = 3
SCORED_LENGTH = 64
# 19 MiB, two passes, one lane: OWASP's second choice, 56 ms on two slow cores; the library's
# default of 64 MiB costs 737 ms there, a gift to whoever floods the sign-in.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_KINDS = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")
_LEET = str.maketrans("@4301$57!|", "aaeoisstii")
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_RUN_LENGTH = 5
# What is left of the passwords that people choose first, after digits and signs at both ends
# are taken off and look-alikes are turned back into letters.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """
        abc abcd admin administrator asdf baby changeme china computer default demo dragon
        football guest hello hospital iloveyou image letmein login love manager master medical
        monkey nihao pass passwd passw password passwort patient princess qaz qazwsx qwe qwer
        qwert qwerty qwertyuiop root secret security shadow sunshine superman system taobao temp
        test tester user wang weixin welcome woaini yingyun yisheng zhang zxcv zxcvbn zxcvbnm
        """,
    )
)


class WeakPasswordError(ValueError):
    """The password is refused; the message says what it needs, in Chinese and English."""


def check_strength(password: str, *, login: str = "") -> None:
    """Raise WeakPasswordError unless the password has 10 to 128 characters of three kinds, is
    no common one, has no run like 12345, does not contain the login (F-04) and would take at
    least 10^8 guesses of somebody who knows common passwords, names and dates (zxcvbn).
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise WeakPasswordError(
            f"密码长度须为 {MIN_LENGTH}–{MAX_LENGTH} 个字符 / "
            f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters"
        )
    if sum(bool(re.search(kind, password)) for kind in _KINDS) < MIN_KINDS:
        raise WeakPasswordError(
            "密码须包含大写字母、小写字母、数字、符号中的至少三种 / "
            "a password has three of: capitals, small letters, digits, signs"
        )
    if _is_guessable(password, login.lower()):
        raise WeakPasswordError("密码过于常见或容易猜到 / this password is easy to guess")


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, with salt and parameters."""
    return _HASHER.hash(password)


def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether a password fits; without a hash (no account, or one that has no password) never,
    after the same work."""
    try:
        fits = _HASHER.verify(password_hash or _DUMMY_HASH, password[: MAX_LENGTH * 4])
        return fits and bool(password_hash)
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(password_hash: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def _is_guessable(password: str, login: str) -> bool:
    lower = password.lower()
    if len(set(lower)) < MIN_DIFFERENT or (len(login) >= 3 and login in lower):
        return True
    bare = re.sub(r"^[^a-z]+|[^a-z]+$", "", lower)
    if bare in _COMMON or bare.translate(_LEET) in _COMMON or _has_run(lower):
        return True
    return int(zxcvbn(password[:SCORED_LENGTH], [login, *_COMMON])["score"]) < MIN_SCORE


def _has_run(lower: str) -> bool:
    """Whether five letters in a row run along the alphabet, the digits or the keyboard."""
    for run in _RUNS:
        for line in (run, run[::-1]):
            for start in range(len(line) - _RUN_LENGTH + 1):
                if line[start : start + _RUN_LENGTH] in lower:
                    return True
    return False


_DUMMY_HASH = _HASHER.hash("no account has this password")
