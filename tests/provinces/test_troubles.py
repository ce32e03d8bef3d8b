"""What goes wrong on the way is noticed, tried again, and said."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server import clock, consent, outbox
from server.cloud import ImageCloud
from server.ingest import ingest_paths
from server.ingest.limits import IngestLimits
from server.jobs.queue import JobQueue
from server.model import (
    Account,
    AuditEvent,
    CacheRequest,
    CacheState,
    DataKey,
    Instance,
    OutboxEntry,
    OutboxState,
    PixelDigest,
    QualityResult,
    Report,
    Series,
    Study,
    SupplementTask,
)
from server.outbox import ledger
from server.provinces import elsewhere, expiry, fetching, keeping
from server.provinces.fetching import FetchInterruptedError
from server.provinces.peers import Peer
from server.provinces.wire import CacheListing
from server.quality import judging
from server.storage import StorageError
from tests.factories import make_institution
from tests.provinces.case import PROVINCES, Centre, Country

STREAM = "/objects"
Wsgi = Callable[..., Iterable[bytes]]


class Line:
    """The line to a centre: answers of one address can be spoilt, or not come at all."""

    def __init__(self, centre: Centre) -> None:
        self.inner: Wsgi = centre.app.wsgi_app
        self.spoil: Callable[[bytes], bytes] | None = None
        self.silent = 0
        centre.app.wsgi_app = self  # type: ignore[method-assign]

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if self.silent:
            self.silent -= 1
            start("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b""]
        if self.spoil is None or not environ["PATH_INFO"].endswith(STREAM):
            return self.inner(environ, start)
        return [self.spoil(b"".join(self.inner(environ, start)))]


def applied(country: Country, folder: Path, **study: Any) -> str:
    """Let the patient of the east apply for a study of the west; return its id there."""
    country.west.take_study(folder, **study)
    country.west.empty_outbox()
    (remote,) = country.east.ask_elsewhere()
    country.east.apply(remote.remote_study_id)
    return remote.remote_study_id


def request_of(country: Country, remote_study_id: str) -> CacheRequest:
    with country.east.cloud.database.session() as session:
        return session.get_one(CacheRequest, remote_study_id)


def flipped(data: bytes) -> bytes:
    """The same with one bit of the second object changed."""
    place = len(data) // 2
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.requirement("D-53")
def test_a_changed_byte_is_refused_and_the_next_try_goes_on(
    country: Country, tmp_path: Path
) -> None:
    remote = applied(country, tmp_path / "ct")
    line = Line(country.west)
    line.spoil = flipped
    with pytest.raises(FetchInterruptedError, match="changed_in_transit"):
        fetching.attempt(country.east.cloud, remote, last=False)
    request = request_of(country, remote)
    assert (request.state, request.failure) == (CacheState.FETCHING, "changed_in_transit")
    assert request.done == 1, "the object before the changed one is kept"
    half = country.east.study()
    assert half is not None and half.person_id is None, "half a copy is nobody's"
    line.spoil = None
    fetching.attempt(country.east.cloud, remote, last=False)
    assert request_of(country, remote).state == CacheState.CACHED
    with country.west.cloud.database.session() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.event == "province.fetch"))
        assert [one.detail["first"] for one in events] == [0, 1]


def test_a_line_that_breaks_off_is_noticed(country: Country, tmp_path: Path) -> None:
    remote = applied(country, tmp_path / "ct")
    Line(country.west).spoil = lambda data: data[: len(data) // 2]
    with pytest.raises(FetchInterruptedError):
        fetching.attempt(country.east.cloud, remote, last=False)
    assert request_of(country, remote).done == 1


def work_off(queue: JobQueue) -> int:
    """Do what is queued, and what is put off without waiting for its time; return how many."""
    done = 0
    while True:
        late = clock.now().replace(tzinfo=None) + timedelta(days=1)
        for task in queue.huey.read_schedule(late):
            queue.huey.enqueue(task)
        task = queue.huey.dequeue()
        if task is None:
            return done
        queue.huey.execute(task, late)
        done += 1


@pytest.mark.requirement("E-25")
@pytest.mark.parametrize("silences", [3, 99])
def test_fetching_is_repeated_by_itself(country: Country, tmp_path: Path, silences: int) -> None:
    remote = applied(country, tmp_path / "ct")
    Line(country.west).silent = silences
    cloud = country.east.cloud
    queue = JobQueue(cloud.settings)
    queue.attach(cloud)
    queue.fetch_copy(remote)
    tries = work_off(queue)
    request = request_of(country, remote)
    assert request.attempts == tries
    if silences == 3:
        assert (request.state, tries) == (CacheState.CACHED, 4)
        return
    assert (request.state, request.failure) == (CacheState.FAILED, "status_503")
    assert tries >= 4, "at least three repeats"
    with cloud.database.session() as session:
        (alarm,) = session.scalars(select(AuditEvent).where(AuditEvent.event == "cache.failed"))
        assert (alarm.result, alarm.detail["attempts"]) == ("failure", tries)


def test_a_copy_ends_and_can_be_applied_for_again(country: Country, tmp_path: Path) -> None:
    remote = applied(country, tmp_path / "ct")
    cloud = country.east.cloud
    fetching.attempt(cloud, remote, last=False)
    assert expiry.delete_copies(cloud) == 0
    with cloud.database.session() as session:
        first = session.scalars(select(Study)).one()
        first_key, first.accession_number = first.data_key_id, "CT2026000117"
        first_objects = session.scalars(select(Instance.object_key)).all()
    end = clock.now() + timedelta(days=cloud.settings.cache_days, seconds=1)
    with time_machine.travel(end, tick=False):
        assert expiry.delete_copies(cloud) == 1
        assert expiry.delete_copies(cloud) == 0
    assert request_of(country, remote).state == CacheState.EXPIRED
    assert not any(cloud.vault.store.exists(key) for key in first_objects)
    assert list(cloud.vault.store.keys("series")) == []
    with cloud.database.session() as session:
        study = session.scalars(select(Study)).one()
        assert study.person_id is None and study.patient_name == study.accession_number == ""
        assert session.get_one(DataKey, first_key).wrapped_key is None
        assert session.scalars(select(Report)).all() == []
        deleted = session.scalars(select(AuditEvent).where(AuditEvent.event == "cache.delete"))
        assert [one.detail["objects"] for one in deleted] == [3]
    assert len(country.east.ask_elsewhere()) == 1, "it can be applied for again"
    country.east.apply(remote)
    fetching.attempt(cloud, remote, last=False)
    assert request_of(country, remote).state == CacheState.CACHED
    copy = country.east.study()
    assert copy is not None and copy.patient_name == "张三丰" and copy.data_key_id != first_key


def test_a_consent_that_is_taken_back_ends_the_copy(country: Country, tmp_path: Path) -> None:
    remote = applied(country, tmp_path / "ct")
    cloud = country.east.cloud
    fetching.attempt(cloud, remote, last=False)
    given = request_of(country, remote)
    with cloud.database.session() as session:
        account = session.get_one(Account, given.account_id)
        assert consent.withdraw(session, account, given.consent_id)
    assert expiry.delete_copies(cloud) == 1
    country.east.apply(remote)
    again = request_of(country, remote)
    with cloud.database.session() as session:
        account = session.get_one(Account, again.account_id)
        consent.withdraw(session, account, again.consent_id)
    fetching.attempt(cloud, remote, last=False)
    assert request_of(country, remote).failure == "consent_withdrawn"


@pytest.mark.requirement("A-11", "F-20")
def test_a_consent_that_is_taken_back_on_the_way_leaves_nothing(
    country: Country, tmp_path: Path
) -> None:
    remote = applied(country, tmp_path / "ct")
    cloud = country.east.cloud

    def taken_back(data: bytes) -> bytes:
        given = request_of(country, remote)
        with cloud.database.session() as session:
            account = session.get_one(Account, given.account_id)
            assert consent.withdraw(session, account, given.consent_id)
        return data

    Line(country.west).spoil = taken_back
    fetching.attempt(cloud, remote, last=False)
    request = request_of(country, remote)
    assert (request.state, request.failure) == (CacheState.FAILED, "consent_withdrawn")
    half = country.east.study()
    assert half is not None and half.person_id is None, "it never was anybody's"
    assert expiry.delete_copies(cloud) == 1, "what had arrived goes at once, not after a day"
    assert list(cloud.vault.store.keys("studies")) == []


@pytest.mark.requirement("D-55")
def test_a_record_waits_while_the_store_fails(
    country: Country, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = country.west.take_study(tmp_path / "ct")
    with country.west.cloud.database.session() as session:
        session.get_one(Study, study_id).device = ""  # then it is read from the first object
    now = clock.now()

    def fail(*_arguments: object) -> bytes:
        raise StorageError("the disk does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(type(country.west.cloud.vault), "read_range", fail)
        assert country.west.empty_outbox() == 0
    with country.west.cloud.database.session() as session:
        assert outbox.states(session)[outbox.STUDY_INDEX] == {OutboxState.WAITING: 1}
    with time_machine.travel(now + ledger.FIRST_PAUSE + timedelta(seconds=5)):
        assert country.west.empty_outbox() == 1


def test_an_answer_that_names_a_study_twice_breaks_no_page(
    country: Country, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    country.west.take_study(tmp_path / "ct")
    country.west.empty_outbox()
    asked = elsewhere._question
    monkeypatch.setattr(elsewhere, "_question", lambda *told: asked(*told) * 2)
    assert len(country.east.ask_elsewhere()) == 1


def test_of_two_pages_at_once_one_keeps_the_answer(
    country: Country, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    country.west.take_study(tmp_path / "ct")
    country.west.empty_outbox()
    keep = elsewhere._keep

    def raced(session: Session, *told: Any) -> None:
        keep(session, *told)
        raise IntegrityError("insert", {}, Exception("the other page was first"))

    with monkeypatch.context() as slower:
        slower.setattr(elsewhere, "_keep", raced)
        assert country.east.ask_elsewhere() == []


@pytest.mark.requirement("I-04")
def test_a_copy_never_takes_over_a_study_of_our_own(country: Country, tmp_path: Path) -> None:
    remote = applied(country, tmp_path / "ct")
    cloud = country.east.cloud
    with country.west.cloud.database.session() as session:
        code = session.scalars(select(Study)).one().institution.code
    make_institution(cloud, code=code, province_code=PROVINCES["west"][0])

    def sent_here_too(data: bytes) -> bytes:
        ingest_paths(cloud, [tmp_path / "ct" / "1.dcm"], institution_code=code)
        return data

    Line(country.west).spoil = sent_here_too
    fetching.attempt(cloud, remote, last=False)
    request = request_of(country, remote)
    assert (request.state, request.failure) == (CacheState.FAILED, "held_already")
    own = country.east.study()
    assert own is not None and country.east.patient is not None
    assert own.person_id == country.east.patient.person_id, "it stays whose it is"
    assert expiry.delete_copies(cloud) == 0


@pytest.mark.requirement("A-11", "I-04")
def test_what_its_hospital_sends_takes_the_place_of_the_copy(
    country: Country, tmp_path: Path
) -> None:
    remote = applied(country, tmp_path / "ct")
    cloud = country.east.cloud
    fetching.attempt(cloud, remote, last=False)
    copy = country.east.study()
    assert copy is not None
    with cloud.database.session() as session:
        code = session.get_one(Study, copy.study_id).institution.code
        copied = set(session.scalars(select(Instance.object_key)))
    other = make_institution(cloud)
    refused = ingest_paths(cloud, [tmp_path / "ct"], institution_code=other.code)
    assert {one.reason for one in refused.rejected} == {"institution_mismatch"}
    assert request_of(country, remote).state == CacheState.CACHED, "the copy is as it was"

    summary = ingest_paths(cloud, [tmp_path / "ct" / "1.dcm"], institution_code=code)
    summary = ingest_paths(cloud, [tmp_path / "ct"], institution_code=code)
    assert (summary.stored, summary.duplicate, summary.rejected) == (2, 1, ())
    assert request_of(country, remote).failure == "held_already"
    with time_machine.travel(clock.now() + timedelta(days=cloud.settings.cache_days + 1)):
        assert expiry.delete_copies(cloud) == 0, "what was acknowledged does not end"
    with cloud.database.session() as session:
        own = session.scalars(select(Study)).one()
        assert own.study_id == copy.study_id and own.person_id == copy.person_id
        assert (own.patient_name, own.cloud_index[:6]) == ("张三丰", copy.cloud_index[:6])
        assert own.data_key_id != copy.data_key_id
        kept = session.scalars(select(Instance.object_key)).all()
        assert len(kept) == 3 and not copied & set(kept)
        assert cloud.vault.read(own.data_key, kept[0])
        assert session.scalars(select(Report)).all() == [], "the other centre's goes with the copy"
        made = {one.prepared_key for one in session.scalars(select(Series))}
    stored = set(cloud.vault.store.keys("studies"))
    assert {key for key in stored if "/instances/" in key} == set(kept)
    assert {key.rpartition("/")[0] for key in stored if "/series/" in key} == made
    assert country.east.empty_outbox() > 0, "it is announced as ours"


def test_a_copy_that_ended_leaves_nothing_that_tells_of_anybody(
    country: Country, tmp_path: Path
) -> None:
    remote = applied(country, tmp_path / "ct")
    cloud = country.east.cloud
    fetching.attempt(cloud, remote, last=False)
    copy = country.east.study()
    assert copy is not None
    judging.judge_study(cloud, copy.study_id)
    with cloud.database.session() as session:
        assert session.scalars(select(QualityResult)).all() != []
    with time_machine.travel(clock.now() + timedelta(days=cloud.settings.cache_days + 1)):
        assert expiry.delete_copies(cloud) == 1
    with cloud.database.session() as session:
        ended = session.scalars(select(Study)).one()
        assert ended.cloud_index == f"ended-{ended.study_id}", (
            "an index begins with a person's code"
        )
        for table in (QualityResult, SupplementTask, PixelDigest, Instance, Series, Report):
            assert session.scalars(select(table)).all() == [], table


@pytest.mark.requirement("I-04")
@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"province_code": "310000"}, "other_province"),
        ({"province_code": "110000"}, "other_province"),
        ({"institution_code": "0" * 17 + "X"}, "other_institution"),
    ],
)
def test_a_centre_names_no_institution_but_its_own(
    country: Country,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    told: dict[str, str],
    reason: str,
) -> None:
    remote = applied(country, tmp_path / "ct")
    make_institution(country.east.cloud, code="0" * 17 + "X", province_code="310000")
    begin = keeping.begin

    def lied(cloud: ImageCloud, which: str, listing: CacheListing, peer: Peer) -> frozenset[str]:
        return begin(cloud, which, listing.model_copy(update=told), peer)

    monkeypatch.setattr(keeping, "begin", lied)
    fetching.attempt(country.east.cloud, remote, last=False)
    request = request_of(country, remote)
    assert (request.state, request.failure) == (CacheState.FAILED, reason)
    assert country.east.study() is None


def test_an_object_too_large_to_hold_is_not_fetched(
    country: Country, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = applied(country, tmp_path / "ct")
    monkeypatch.setattr(keeping, "IngestLimits", lambda: IngestLimits(object_bytes=1000))
    fetching.attempt(country.east.cloud, remote, last=False)
    assert request_of(country, remote).failure == "too_large"
    assert request_of(country, remote).done == 0


@pytest.mark.requirement("D-55")
def test_records_wait_until_the_index_takes_them(country: Country, tmp_path: Path) -> None:
    remote = applied(country, tmp_path / "ct")
    fetching.attempt(country.east.cloud, remote, last=False)
    line = Line(country.index)
    line.silent = 1
    now = clock.now()
    assert country.east.empty_outbox() == 0

    def entries() -> list[OutboxEntry]:
        with country.east.cloud.database.session() as session:
            return list(session.scalars(select(OutboxEntry)))

    assert {one.state for one in entries()} == {OutboxState.WAITING}
    assert {one.kind for one in entries()} == {"consent", "cache"}
    assert country.east.empty_outbox() == 0, "not before its pause is over"
    with time_machine.travel(now + ledger.FIRST_PAUSE + timedelta(seconds=5)):
        assert country.east.empty_outbox() == 3
        assert country.east.empty_outbox() == 0
    assert {one.state for one in entries()} == {OutboxState.ACCEPTED}
    assert {one.attempts for one in entries()} == {2}


def test_a_record_that_is_no_record_is_refused_for_good(country: Country) -> None:
    with country.east.cloud.database.session() as session:
        outbox.put(session, "no kind at all", {}, about="x")
        outbox.put(session, "share", {"share_id": "s"}, about="x")
    assert country.east.empty_outbox() == 1
    with country.east.cloud.database.session() as session:
        states = outbox.states(session)
    assert states["no kind at all"] == {OutboxState.REFUSED: 1}
    assert states["share"] == {OutboxState.ACCEPTED: 1}
