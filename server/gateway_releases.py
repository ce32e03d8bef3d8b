"""Versions of the front machine that the centre offers (E-18): kept, offered, followed."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock
from server.gateway.centre import FILE_NAME, VERSION
from server.model import Gateway, GatewayRelease, GatewayUpgrade

if TYPE_CHECKING:
    from server.cloud import ImageCloud

FOLDER = "gateway-releases"
_STATE = re.compile(r"[a-z_]{0,40}")


class ReleaseError(ValueError):
    """A release cannot be kept or offered; said in Chinese / English."""


def add(cloud: ImageCloud, session: Session, version: str, file: Path) -> GatewayRelease:
    """Keep a file as a version of the front machine, audited. Raises ReleaseError, OSError."""
    if not VERSION.fullmatch(version) or not FILE_NAME.fullmatch(file.name):
        raise ReleaseError("版本号或文件名含不允许的字符 / letters that a name must not have")
    if session.get(GatewayRelease, version) is not None:
        raise ReleaseError(f"版本 {version} 已存在，不能替换 / version {version} is there already")
    with file.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    target = _place(cloud, sha256)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(file, target)
    made = GatewayRelease(
        version=version, sha256=sha256, size=target.stat().st_size, file_name=file.name
    )
    session.add(made)
    session.flush()
    _note(session, "gateway.release", version, {"sha256": sha256})
    return made


def offer(
    session: Session,
    client_id: str,
    version: str,
    *,
    actor_kind: str = "system",
    actor: str = "cli",
) -> GatewayUpgrade:
    """Offer a version to a front machine, from its next heartbeat; audited.

    Offered once more it is tried once more. Raises ReleaseError.
    """
    if session.get(GatewayRelease, version) is None:
        raise ReleaseError(f"没有版本 {version} / there is no version {version}")
    if session.get(Gateway, client_id) is None:
        raise ReleaseError("该前置机尚未报到 / this front machine has not been heard of yet")
    kept = session.get(GatewayUpgrade, client_id) or GatewayUpgrade(client_id=client_id)
    kept.version, kept.state, kept.offered_at, kept.told_at = version, "", clock.now(), None
    session.add(kept)
    session.flush()
    _note(session, "gateway.offer", client_id, {"version": version}, actor_kind, actor)
    return kept


def offered(session: Session, client_id: str) -> GatewayUpgrade | None:
    """Return what a front machine is offered."""
    return session.get(GatewayUpgrade, client_id)


def withdraw(
    session: Session, client_id: str, *, actor_kind: str = "system", actor: str = "cli"
) -> bool:
    """Take an offer back, audited; tell whether there was one."""
    kept = session.get(GatewayUpgrade, client_id)
    if kept is None:
        return False
    session.delete(kept)
    _note(session, "gateway.offer_withdrawn", client_id, {}, actor_kind, actor)
    return True


def releases(session: Session) -> Sequence[GatewayRelease]:
    """Return all versions, the newest first."""
    return session.scalars(select(GatewayRelease).order_by(GatewayRelease.added_at.desc())).all()


def hear(session: Session, client_id: str, state: Mapping[str, Any]) -> None:
    """Note what a front machine says of its upgrade in a heartbeat."""
    told = state.get("upgrade")
    kept = session.get(GatewayUpgrade, client_id)
    if kept is None or not isinstance(told, dict) or told.get("offer_id") != offer_id(kept):
        return
    said = str(told.get("state", ""))
    if _STATE.fullmatch(said) and said != kept.state:
        kept.state, kept.told_at = said, clock.now()


def offer_id(upgrade: GatewayUpgrade) -> str:
    """Return what tells one offer of a version from the next."""
    moment: datetime = upgrade.offered_at
    return moment.isoformat(timespec="milliseconds")


def path_of(cloud: ImageCloud, release: GatewayRelease) -> Path:
    """Return where the file of a release lies."""
    return _place(cloud, release.sha256)


def _place(cloud: ImageCloud, sha256: str) -> Path:
    return cloud.settings.home / FOLDER / sha256


def _note(
    session: Session,
    event: str,
    object_id: str,
    detail: dict[str, Any],
    actor_kind: str = "system",
    actor: str = "cli",
) -> None:
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event=event,
        object_kind="client" if event != "gateway.release" else "release",
        object_id=object_id,
        detail=detail,
    )
