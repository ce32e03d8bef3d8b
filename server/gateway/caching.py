"""The local cache: a patient's history fetched before his visit, gone after its period (E-26)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from queue import Queue

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock
from server.cache_applications.listed import Listing
from server.cache_applications.orders import Opened, ToDelete, ToFetch
from server.cache_applications.reasons import Reason
from server.gateway.cache_client import CachingCentre, NotGivenError
from server.gateway.cache_tables import CachedItem, CachedStudy, Telling
from server.gateway.centre import CentreUnavailableError
from server.gateway.spool import ConflictError, Spool
from server.gateway.tables import GatewayBase, SpoolState
from server.ingest.limits import IngestLimits
from server.ingest.parse import DirectoryFileError, parse
from server.ingest.received import content_hash
from server.ingest.rejection import RefusedError
from server.provinces.cutting import ObjectStream
from server.provinces.wire import ListedObject
from server.storage import StorageError, StorageFullError

log = structlog.get_logger()

_ASKED_AGAIN = timedelta(minutes=5)


class ChangedInTransitError(Exception):
    """What came is not what was listed; nothing of it is kept."""


class Caching:
    """Fetches, keeps and deletes as the centre says; what became of it is told, also later."""

    def __init__(self, spool: Spool, centre: CachingCentre) -> None:
        self._spool = spool
        self._centre = centre
        self._asked: dict[str, datetime] = {}  # patients of the hospital whom a station asked for
        self._wanted: Queue[str] = Queue()
        GatewayBase.metadata.create_all(spool.database.engine)

    def step(self, stopping: Callable[[], bool] = lambda: False) -> int:
        """Do what is due: tell, show, delete, fetch; return how many studies came.

        Raises CentreUnavailableError where the centre cannot be reached at all; a study that could
        not be fetched is told as such, and the others are fetched.
        """
        self._tell_all()
        self._retrieve_wanted()
        orders = self._centre.orders()
        self._open(orders.opened)
        for one in orders.delete:
            self._delete(one)
        came = 0
        for item in orders.fetch:
            if stopping():
                break
            came += self._fetch(item)
        self._tell_all()
        return came

    def retrieve(self, patient_id: str, certificate_number: str = "", cloud_index: str = "") -> int:
        """Fetch a patient's studies now, without an application (D-29); return how many came.

        Raises NotGivenError without the patient's authorisation, CentreUnavailableError.
        """
        found = self._centre.retrieve(patient_id, certificate_number, cloud_index)
        came = sum(self._fetch(one) for one in found)
        self._tell_all()
        self._open(self._centre.orders().opened)
        return came

    def want(self, patient_id: str) -> None:
        """Note that a doctor's station asked for one patient: at the next step the centre is asked
        what more there is (D-29), of each patient every few minutes at most."""
        now = clock.now()
        self._asked = {one: at for one, at in self._asked.items() if now - at < _ASKED_AGAIN}
        if patient_id not in self._asked:
            self._asked[patient_id] = now
            self._wanted.put(patient_id)

    def _retrieve_wanted(self) -> None:
        while not self._wanted.empty():
            try:
                self.retrieve(self._wanted.get_nowait())
            except NotGivenError:
                log.info("gateway_retrieval_not_authorised")

    def end_periods(self) -> int:
        """Note the items whose period is over, for the centre; return how many.

        To be called after `clear_away`, which deletes the files and logs each (F-29).
        """
        with self._spool.database.session() as session:
            over = session.scalars(
                select(CachedItem).where(CachedItem.keep_until <= clock.now())
            ).all()
            for one in over:
                _forget(session, one)
            return len(over)

    def note_read(self, study_uid: str, objects: int) -> None:
        """Note that a study was retrieved within the hospital; the centre keeps the record."""
        with self._spool.database.session() as session:
            held = select(CachedItem).where(CachedItem.study_uid == study_uid)
            item = session.scalars(held.order_by(CachedItem.keep_until.desc()).limit(1)).first()
            if item is not None:
                session.add(Telling(item_id=item.item_id, outcome="read", objects=objects))

    def _fetch(self, item: ToFetch) -> int:
        """Fetch one study, from where it broke off; return 1 where it is whole here then."""
        try:
            listing = self._centre.listing(item.item_id)
            self._begin(listing)
            self._receive(item, listing)
        except NotGivenError:
            return 0  # the centre said so itself, and knows it
        except (CentreUnavailableError, ChangedInTransitError, StorageError) as error:
            reason = _reason(error)
            log.warning("gateway_not_cached", item=item.item_id, reason=reason)
            self._tell_later(item.item_id, "failed", reason=reason)
            return 0
        except (RefusedError, DirectoryFileError):
            self._tell_later(item.item_id, "failed", reason="not_an_image")
            return 0
        self._complete(item, listing)
        return 1

    def _receive(self, item: ToFetch, listing: Listing) -> None:
        here = {one.sop_instance_uid for one in self._spool.of_study(listing.study_uid)}
        missing = [
            number for number, one in enumerate(listing.objects) if one.sop_instance_uid not in here
        ]
        if not missing:
            return
        first = missing[0]
        parts = ObjectStream(self._centre.objects(item.item_id, first), CentreUnavailableError)
        for listed in listing.objects[first:]:
            self._keep(item, listed, parts.read(listed.size))

    def _keep(self, item: ToFetch, listed: ListedObject, data: bytes) -> None:
        if content_hash(data) != listed.sha256:
            raise ChangedInTransitError
        received = parse(data, IngestLimits())
        if received.sop_instance_uid != listed.sop_instance_uid:
            raise ChangedInTransitError
        rules, _ = self._spool.rules()
        try:
            self._spool.put(
                received, rules=rules, state=SpoolState.CACHED, keep_until=item.keep_until
            )
        except ConflictError:
            log.info("gateway_cache_conflict", item=item.item_id)  # its own, about to be sent

    def _begin(self, listing: Listing) -> None:
        """Note whose study it is before its first object comes: nobody's reads it in between."""
        with self._spool.database.session() as session:
            if session.get(CachedStudy, listing.study_uid) is None:
                session.add(CachedStudy(study_uid=listing.study_uid, own=listing.own))

    def _complete(self, item: ToFetch, listing: Listing) -> None:
        self._spool.extend(listing.study_uid, item.keep_until)
        with self._spool.database.session() as session:
            session.merge(
                CachedItem(
                    item_id=item.item_id,
                    study_uid=listing.study_uid,
                    objects=len(listing.objects),
                    keep_until=item.keep_until,
                )
            )
            session.add(
                Telling(item_id=item.item_id, outcome="cached", objects=len(listing.objects))
            )

    def _open(self, opened: Sequence[Opened]) -> None:
        """Let doctors read what the patients opened, and nothing else of other hospitals."""
        until = {one.study_uid: one.until for one in opened}
        with self._spool.database.session() as session:
            for study in session.scalars(select(CachedStudy)):
                study.opened_until = until.get(study.study_uid)

    def _delete(self, item: ToDelete) -> None:
        """Delete a study whose consent ended, at once and logged."""
        for row in self._spool.of_study(item.study_uid):
            if row.state == SpoolState.CACHED:
                self._spool.remove(row, "consent")
        with self._spool.database.session() as session:
            held = session.get(CachedItem, item.item_id)
            if held is None:
                held = CachedItem(
                    item_id=item.item_id,
                    study_uid=item.study_uid,
                    objects=0,
                    keep_until=clock.now(),
                )
                session.add(held)
                session.flush()
            _forget(session, held)

    def _tell_later(self, item_id: str, outcome: str, *, reason: str = "") -> None:
        with self._spool.database.session() as session:
            session.add(Telling(item_id=item_id, outcome=outcome, reason=reason[:40]))

    def _tell_all(self) -> None:
        while True:
            with self._spool.database.session() as session:
                row = session.scalars(select(Telling).order_by(Telling.id).limit(1)).first()
            if row is None:
                return
            self._centre.tell(row.item_id, row.outcome, row.objects, row.reason)
            with self._spool.database.session() as session:
                session.delete(session.get_one(Telling, row.id))


def is_open(moment: datetime, study: CachedStudy | None) -> bool:
    """Whether doctors of the hospital may read a cached study at a moment."""
    if study is None:
        return False
    return study.own or (study.opened_until is not None and study.opened_until > moment)


def _forget(session: Session, item: CachedItem) -> None:
    """End an item; its study goes with the last one that holds it."""
    others = select(CachedItem.item_id).where(
        CachedItem.study_uid == item.study_uid,
        CachedItem.item_id != item.item_id,
        CachedItem.keep_until > clock.now(),
    )
    last = session.scalar(others.limit(1)) is None
    objects = item.objects if last else 0
    session.add(Telling(item_id=item.item_id, outcome="deleted", objects=objects))
    study = session.get(CachedStudy, item.study_uid)
    if last and study is not None:
        session.delete(study)
    session.delete(item)


def _reason(error: Exception) -> str:
    if isinstance(error, CentreUnavailableError):
        return error.reason
    if isinstance(error, ChangedInTransitError):
        return Reason.CHANGED
    return Reason.DISK_FULL if isinstance(error, StorageFullError) else Reason.STORAGE
