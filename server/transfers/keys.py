"""The keys by which institutions encrypt what they transfer: generate, change, delete (D-07).

Each institution has one active key; a change retires it, so that what was sealed by it before can
still be opened; deletion destroys it for good. The keys are data keys, wrapped by the master key,
and are wrapped anew with all others when that is rotated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock
from server.archive import erasure
from server.model import Institution, InstitutionKey

if TYPE_CHECKING:
    from server.cloud import ImageCloud


class TransferKeyError(ValueError):
    """A key that is not there or cannot be used so; said in Chinese / English."""


def new_key(
    cloud: ImageCloud, session: Session, institution: Institution, *, actor: str = "operator"
) -> InstitutionKey:
    """Generate the first key of an institution, audited. Raises TransferKeyError if it has one."""
    if active_key(session, institution.id) is not None:
        raise TransferKeyError("该机构已有密钥，请改用更换 / it has a key; change it instead")
    return _generate(cloud, session, institution, actor)


def change_key(
    cloud: ImageCloud, session: Session, institution: Institution, *, actor: str = "operator"
) -> InstitutionKey:
    """Retire the active key and generate another, audited. Raises TransferKeyError for none."""
    old = active_key(session, institution.id)
    if old is None:
        raise TransferKeyError("该机构没有可用的密钥 / it has no active key")
    old.retired_at = clock.now()
    session.flush()
    _record(session, old, "transfer_key_retired", actor)
    return _generate(cloud, session, institution, actor)


def destroy_key(session: Session, key_id: str, *, actor: str = "operator") -> None:
    """Destroy a key, audited: what was sealed by it is lost. Raises TransferKeyError."""
    key = _known(session, key_id)
    key.retired_at = key.retired_at or clock.now()
    erasure.destroy_key(key.data_key)
    session.flush()
    _record(session, key, "transfer_key_destroyed", actor)


def export_key(
    cloud: ImageCloud, session: Session, key_id: str, *, actor: str = "operator"
) -> bytes:
    """Return the 32 bytes of a key, to be handed to its institution; audited.

    Raises TransferKeyError.
    """
    key = _known(session, key_id)
    plain = plain_key(cloud, key)
    _record(session, key, "transfer_key_exported", actor)
    return plain


def active_key(session: Session, institution_id: int) -> InstitutionKey | None:
    """Return the key that an institution seals with now."""
    return session.scalar(
        select(InstitutionKey).where(
            InstitutionKey.institution_id == institution_id, InstitutionKey.retired_at.is_(None)
        )
    )


def list_keys(session: Session, institution_id: int) -> Sequence[InstitutionKey]:
    """Return the keys of an institution, the newest first."""
    return session.scalars(
        select(InstitutionKey)
        .where(InstitutionKey.institution_id == institution_id)
        .order_by(InstitutionKey.created_at.desc(), InstitutionKey.key_id)
    ).all()


def state_of(key: InstitutionKey) -> str:
    """Return where a key is in its life: "active", "retired" or "destroyed"."""
    if key.data_key.destroyed_at is not None:
        return "destroyed"
    return "active" if key.retired_at is None else "retired"


def plain_key(cloud: ImageCloud, key: InstitutionKey) -> bytes:
    """Return the bytes of a key. Raises TransferKeyError for one that was destroyed."""
    row = key.data_key
    if row.wrapped_key is None:
        raise TransferKeyError("该密钥已销毁 / the key was destroyed")
    return cloud.master_key.unwrap(row.wrapped_key, f"data key {row.id}")


def _known(session: Session, key_id: str) -> InstitutionKey:
    key = session.get(InstitutionKey, key_id)
    if key is None:
        raise TransferKeyError("没有这个密钥 / there is no such key")
    return key


def _generate(
    cloud: ImageCloud, session: Session, institution: Institution, actor: str
) -> InstitutionKey:
    data_key = cloud.vault.new_data_key(session)
    session.flush()
    key = InstitutionKey(institution_id=institution.id, data_key_id=data_key.id)
    session.add(key)
    session.flush()
    _record(session, key, "transfer_key_generated", actor)
    return key


def _record(session: Session, key: InstitutionKey, event: str, actor: str) -> None:
    audit.record(
        session,
        actor_kind="system",
        actor=actor,
        event=event,
        object_kind="key",
        object_id=key.key_id,
        detail={"institution_id": key.institution_id},
    )
