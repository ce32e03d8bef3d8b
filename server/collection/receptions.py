"""The chains of front machines at the centre: links verified, kept, looked over (I-03)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms import raise_now
from server.gateway.chain import DigestError, Link, check_digest, read_link
from server.ingest.received import content_hash
from server.ingest.rejection import Reason, RefusedError
from server.ingest.spool import Buffer
from server.model import GatewayReception, Instance, Series, Study
from server.storage import StorageError

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

ALARM = "reception_broken"


@dataclass(frozen=True)
class Break:
    """Where a chain does not hold: `what` is "missing", "relinked", "altered" or "unreadable"."""

    sequence: int
    what: str
    sop_instance_uid: str = ""


class Receptions:
    """Verifies and keeps the receptions that one client tells of."""

    def __init__(self, cloud: ImageCloud, client_id: str) -> None:
        self._cloud = cloud
        self._client_id = client_id

    def verify(self, headers: Mapping[str, str], data: Buffer, uid: str) -> Link | None:
        """Return the reception that came with an object, verified; None where none did.

        Raises RefusedError where the object is not what was sent, or the link does not fit the
        chain as it is known here.
        """
        try:
            check_digest(headers, data)
            link = read_link(headers, uid)
            if link is not None:
                with self._cloud.database.session() as session:
                    _check_neighbours(session, self._client_id, link)
        except DigestError as error:
            log.warning("reception_refused", client=self._client_id, reason=str(error))
            raise_now(
                self._cloud, ALARM, self._client_id,
                f"前置机 {self._client_id} 的影像与摘要不符，已拒收 / "
                "an image did not fit its digest and was refused",
            )  # fmt: skip
            words = f"影像与其摘要不符 / {error}"
            raise RefusedError(Reason.DIGEST_MISMATCH, words) from error
        return link

    def keep(self, link: Link) -> None:
        """Keep the reception of an object that is stored now; once more does no harm."""
        with self._cloud.database.session() as session:
            if session.get(GatewayReception, (link.chain_id, link.sequence)) is not None:
                return
            stored = session.scalars(
                select(Instance.sha256).where(Instance.sop_instance_uid == link.sop_instance_uid)
            ).one()
            session.add(
                GatewayReception(
                    chain_id=link.chain_id,
                    sequence=link.sequence,
                    client_id=self._client_id,
                    sop_instance_uid=link.sop_instance_uid,
                    received_sha256=link.sha256,
                    stored_sha256=stored,
                    previous=link.previous,
                    link=link.digest,
                )
            )


def look_over(cloud: ImageCloud, client_id: str, *, read: bool = False) -> tuple[int, list[Break]]:
    """Look over a front machine's chains; return how many links there are, and every break.

    A missing number is an object that was received there and is not here (yet). With `read` the
    stored objects are read and compared too; those that were erased by rule are passed over.
    """
    with cloud.database.session() as session:
        rows = session.scalars(
            select(GatewayReception)
            .where(GatewayReception.client_id == client_id)
            .order_by(GatewayReception.chain_id, GatewayReception.sequence)
        ).all()
        breaks = list(_broken_links(rows))
        breaks += [one for row in rows if (one := _altered(cloud, session, row, read=read))]
    return len(rows), breaks


def _check_neighbours(session: Session, client_id: str, link: Link) -> None:
    """Raise DigestError where a link does not fit those before and after it."""

    def kept(sequence: int) -> GatewayReception | None:
        return session.get(GatewayReception, (link.chain_id, sequence))

    same, before, after = (kept(link.sequence + step) for step in (0, -1, 1))
    known = [one for one in (same, before, after) if one is not None]
    if any(one.client_id != client_id for one in known):
        raise DigestError("chain of another front machine")
    if same is not None and same.link != link.digest:
        raise DigestError("reception differs from what was told")
    if before is not None and before.link != link.previous:
        raise DigestError("reception does not follow the one before")
    if after is not None and after.previous != link.digest:
        raise DigestError("reception does not lead to the one after")


def _broken_links(rows: Sequence[GatewayReception]) -> Iterator[Break]:
    chain_id, number, digest = "", 0, ""
    for row in rows:
        if row.chain_id != chain_id:
            chain_id, number, digest = row.chain_id, 0, ""
        yield from (Break(lost, "missing") for lost in range(number + 1, row.sequence))
        link = Link(
            row.chain_id, row.sequence, row.sop_instance_uid, row.received_sha256, row.previous
        )
        follows = row.sequence != number + 1 or not digest or digest == row.previous
        if link.digest != row.link or not follows:
            yield Break(row.sequence, "relinked", row.sop_instance_uid)
        number, digest = row.sequence, row.link


def _altered(
    cloud: ImageCloud, session: Session, row: GatewayReception, *, read: bool
) -> Break | None:
    found = session.execute(
        select(Instance, Study)
        .join(Series, Series.series_id == Instance.series_id)
        .join(Study, Study.study_id == Series.study_id)
        .where(Instance.sop_instance_uid == row.sop_instance_uid)
    ).one_or_none()
    if found is None:
        return None
    instance, study = found
    digest = instance.sha256
    if read:
        try:
            digest = content_hash(cloud.vault.read(study.data_key, instance.object_key))
        except StorageError:
            return Break(row.sequence, "unreadable", row.sop_instance_uid)
    if digest == row.stored_sha256:
        return None
    return Break(row.sequence, "altered", row.sop_instance_uid)
