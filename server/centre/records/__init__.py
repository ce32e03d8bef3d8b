"""The six kinds of business records (业务记录, D-18, D-58): found by institution, person, time.

Nothing is kept a second time for them: each kind reads the tables in which its things happen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from server.centre.records import caching, retrieval, sharing, uploading
from server.centre.records.wanted import Kind, Record, Wanted

__all__ = ["Kind", "Record", "Wanted", "find", "records"]

_Read = Callable[[Session, Wanted, int | None], Iterator[Record]]
_READERS: dict[Kind, _Read] = {
    Kind.CACHE: caching.applications,
    Kind.UPLOAD: uploading.uploads,
    Kind.RETRIEVAL: retrieval.retrievals,
    Kind.DOWNLOAD: retrieval.downloads,
    Kind.REGISTRATION: caching.registrations,
    Kind.SHARE: sharing.shares,
}


def records(session: Session, wanted: Wanted, most: int | None = None) -> Iterator[Record]:
    """Yield the records of one kind, newest first; `most` of them, or all."""
    return _READERS[wanted.kind](session, wanted, most)


def find(session: Session, wanted: Wanted, most: int) -> tuple[list[Record], bool]:
    """Return the newest records and whether there are more."""
    found = list(records(session, wanted, most + 1))
    return found[:most], len(found) > most
