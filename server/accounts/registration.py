"""Opening an account oneself, where the operator has switched it on (small sites).

Only for people of whom a hospital gave ID number and phone, and who hold that phone: so nobody
opens an account in the name of somebody else (F-02).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server.accounts import phone_proof
from server.accounts.directory import create_account
from server.accounts.errors import AccountExistsError
from server.model import Account, ProofPurpose, Role

if TYPE_CHECKING:
    from server.cloud import ImageCloud


def register(
    cloud: ImageCloud, session: Session, token: str, *, login: str, password: str, source: str
) -> Account:
    """Open the account of whoever has proved his phone; codes by message are its second factor.

    Raises SignInExpired, AccountExistsError (his own, or the login is taken), LoginNameError,
    WeakPasswordError.
    """
    person = phone_proof.proved(session, token, ProofPurpose.REGISTER)
    if has_account(session, token):
        raise AccountExistsError("您已有账户，请直接登录 / you have an account, please sign in")
    made = create_account(
        cloud,
        session,
        login=login,
        password=password,
        role=Role.PATIENT,
        person=person,
        authenticator=False,
        actor_kind="person",
        actor=f"person:{person.id}",
        source=source,
    )
    phone_proof.spend(session, token)
    return made.account


def has_account(session: Session, token: str) -> bool:
    """Whether whoever has proved his phone has an account, be it shut. Raises SignInExpired."""
    person = phone_proof.proved(session, token, ProofPurpose.REGISTER)
    return phone_proof.patient_account(session, person, active=False) is not None
