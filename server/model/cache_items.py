"""One study on its way from the centre, or through it, into a hospital's front machine."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.authorisations import Authorisation
from server.model.base import Base, opaque_id
from server.model.people import Person
from server.model.provinces import RemoteStudy
from server.model.registration import CacheApplication


class CacheItemState(enum.StrEnum):
    """How far a study is on its way to the front machine."""

    WAITING = "waiting"
    FETCHING = "fetching"
    CACHED = "cached"
    FAILED = "failed"  # tried again while `next_try_at` says when
    ENDED = "ended"  # its period is over, or the consent: the front machine deleted it


UNFINISHED_ITEM = (CacheItemState.WAITING, CacheItemState.FETCHING)


class CacheItem(Base):
    """A study that a hospital's front machine may hold, by an application or an authorisation.

    An application stands on the person's consent at registration (D-24), an authorisation on his
    consent to a retrieval (D-29). The study lies here (`study_id`) or in another province
    (`remote_study_id`).
    """

    __tablename__ = "cache_item"
    __table_args__ = (
        UniqueConstraint("application_id", "study_id", name="uq_cache_item_study"),
        UniqueConstraint("application_id", "remote_study_id", name="uq_cache_item_remote"),
    )

    item_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    application_id: Mapped[str | None] = mapped_column(
        ForeignKey("cache_application.application_id"), index=True
    )
    authorisation_id: Mapped[str | None] = mapped_column(
        ForeignKey("authorisation.authorisation_id"), index=True
    )
    study_id: Mapped[str | None] = mapped_column(ForeignKey("study.study_id"), index=True)
    remote_study_id: Mapped[str | None] = mapped_column(
        ForeignKey("remote_study.remote_study_id"), index=True
    )
    # Of a study elsewhere it is known once its centre has listed it.
    study_uid: Mapped[str] = mapped_column(String(64), default="")
    # What the other province's centre called its permission to fetch.
    release_id: Mapped[str] = mapped_column(String(32), default="")
    state: Mapped[CacheItemState] = mapped_column(
        String(20), default=CacheItemState.WAITING, index=True
    )
    failure: Mapped[str] = mapped_column(String(40), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    total_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
    # None where no further try makes sense.
    next_try_at: Mapped[datetime | None] = mapped_column(default=clock.now)
    cached_at: Mapped[datetime | None]
    keep_until: Mapped[datetime] = mapped_column(index=True)

    person: Mapped[Person] = relationship()
    application: Mapped[CacheApplication | None] = relationship()
    authorisation: Mapped[Authorisation | None] = relationship()
    remote_study: Mapped[RemoteStudy | None] = relationship()
