"""Entering examinations: once each, as soon as it is known whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from server import outbox
from server.model import MasterIndex, Person, ProcessingState, Study, opaque_id
from server.provinces.records import is_own

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_MOST_AT_ONCE = 500


def enter_news(cloud: ImageCloud) -> int:
    """Enter the examinations that have no entry yet; return how many.

    Needed are pictures, an accession number, and a person with an identity number; studies with
    the same three parts are one examination. Row and outbox entry are kept or lost together.
    """
    entered = exists().where(
        MasterIndex.institution_id == Study.institution_id,
        MasterIndex.accession_number == Study.accession_number,
        MasterIndex.id_number_hash == Person.id_number_hash,
    )
    wanted = (
        select(Study.institution_id, Person.id_number_hash, Study.accession_number, Person.id)
        .join(Person, Person.id == Study.person_id)
        .where(
            Study.state == ProcessingState.READY,
            Study.accession_number != "",
            Person.id_number_hash.is_not(None),
            is_own(),
            ~entered,
        )
        .distinct()
        .limit(_MOST_AT_ONCE)
    )
    with cloud.database.session() as session:
        news = session.execute(wanted).all()
        for institution_id, id_number_hash, accession_number, person_id in news:
            made = MasterIndex(
                entry_id=opaque_id(),
                institution_id=institution_id,
                id_number_hash=id_number_hash,
                accession_number=accession_number,
                person_id=person_id,
            )
            session.add(made)
            outbox.put(session, outbox.MASTER_INDEX, {}, about=made.entry_id)
        return len(news)
