"""The front machine's cache without a centre: broken off, killed, cut off, ended."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
import time_machine
from pydicom.uid import generate_uid

from server import clock
from server.cache_applications.listed import Listing
from server.cache_applications.orders import CacheOrders, Opened, ToDelete, ToFetch
from server.cache_applications.periods import end_at_gateway
from server.clock import CHINA
from server.finding import Level, Query
from server.gateway.cache_client import NotGivenError
from server.gateway.caching import Caching
from server.gateway.catalogue import Catalogue
from server.gateway.centre import CentreUnavailableError
from server.gateway.clearing import clear_away, deletions
from server.gateway.configuration import Rules
from server.gateway.spool import Spool
from server.provinces.wire import ListedObject
from tests.gateway.case import RULES, gateway_settings, image, uid_of

VISIT = datetime(2025, 10, 15, 10, 30, tzinfo=CHINA)
ALL = Query(Level.STUDY, {})


@dataclass
class MemoryCache:
    """A centre with one study; it can be away, break off, change what it sends."""

    study_uid: str
    data: list[bytes]
    keep_until: datetime = field(default_factory=lambda: clock.now() + timedelta(days=3))
    fetch: tuple[str, ...] = ("item",)
    opened: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    own: bool = False
    away: bool = False
    given: bool = True
    ends_after: int | None = None
    change: Callable[[bytes], bytes] = lambda data: data
    asked_from: list[int] = field(default_factory=list)
    told: list[tuple[str, str, int, str]] = field(default_factory=list)

    def orders(self) -> CacheOrders:
        self._answer()
        return CacheOrders(
            tuple(ToFetch(one, self.keep_until) for one in self.fetch),
            tuple(Opened(one, clock.now() + timedelta(hours=1)) for one in self.opened),
            tuple(ToDelete(one, self.study_uid) for one in self.delete),
        )

    def listing(self, item_id: str) -> Listing:
        self._answer()
        if not self.given:
            raise NotGivenError
        objects = tuple(
            ListedObject(
                sop_instance_uid=uid_of(one), size=len(one), sha256=hashlib.sha256(one).hexdigest()
            )
            for one in self.data
        )
        return Listing(self.study_uid, self.own, objects)

    def objects(self, item_id: str, first: int) -> Iterator[bytes]:
        self._answer()
        self.asked_from.append(first)
        for number, one in enumerate(self.data[first:]):
            if number == self.ends_after:
                raise CentreUnavailableError("broken_off")
            yield self.change(one)

    def tell(self, item_id: str, outcome: str, objects: int, reason: str) -> None:
        self._answer()
        self.told.append((item_id, outcome, objects, reason))

    def retrieve(
        self, patient_id: str, certificate_number: str, cloud_index: str
    ) -> tuple[ToFetch, ...]:
        self._answer()
        return (ToFetch("retrieved", self.keep_until),)

    def _answer(self) -> None:
        if self.away:
            raise CentreUnavailableError("unreachable")


def open_spool(home: Path) -> Spool:
    spool = Spool(gateway_settings(home))
    spool.keep_rules(dict(RULES), 1)
    return spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return open_spool(tmp_path / "gateway")


@pytest.fixture
def centre() -> MemoryCache:
    data = [image() for _ in range(3)]
    return MemoryCache(str(pydicom.dcmread(BytesIO(data[0])).StudyInstanceUID), data)


@pytest.mark.requirement("E-26", "E-27", "F-29")
def test_a_cache_ends_on_the_third_day_after_the_visit_and_is_logged(
    spool: Spool, centre: MemoryCache, tmp_path: Path
) -> None:
    centre.keep_until, caching = end_at_gateway(VISIT), Caching(spool, centre)
    with time_machine.travel(VISIT - timedelta(days=1)):
        assert caching.step() == 1
    assert {spool.read(row) for row in spool.of_study(centre.study_uid)} == set(centre.data)
    china = timedelta(hours=8)
    with time_machine.travel(datetime(2025, 10, 18, 23, 59, tzinfo=UTC) - china):
        assert (clear_away(spool, Rules()), caching.end_periods()) == (0, 0)
        assert len(spool.of_study(centre.study_uid)) == 3
    with time_machine.travel(datetime(2025, 10, 19, 0, 0, 1, tzinfo=UTC) - china):
        assert (clear_away(spool, Rules()), caching.end_periods()) == (3, 1)
        centre.fetch = ()
        caching.step()
    assert spool.of_study(centre.study_uid) == []
    assert not [path for path in (tmp_path / "gateway" / "spool").rglob("*") if path.is_file()]
    logged = {(one.sop_instance_uid, one.rule) for one in deletions(spool, centre.study_uid)}
    assert logged == {(uid_of(one), "cache") for one in centre.data}
    assert centre.told == [("item", "cached", 3, ""), ("item", "deleted", 3, "")]


@pytest.mark.requirement("E-26")
def test_a_later_visit_lengthens_the_period_and_fetches_nothing_twice(
    spool: Spool, centre: MemoryCache
) -> None:
    caching, first = Caching(spool, centre), clock.now() + timedelta(days=3)
    later = first + timedelta(days=5)
    for item, until in (("one", first), ("two", later), ("three", first)):
        centre.fetch, centre.keep_until = (item,), until
        assert caching.step() == 1
    assert {row.keep_until for row in spool.of_study(centre.study_uid)} == {later}
    assert centre.asked_from == [0]
    with time_machine.travel(first + timedelta(minutes=1)):
        assert clear_away(spool, Rules()) == 0
        assert caching.end_periods() == 2
    assert len(spool.of_study(centre.study_uid)) == 3


@pytest.mark.requirement("E-25", "E-19")
def test_what_broke_off_goes_on_from_there_also_after_a_restart(
    tmp_path: Path, centre: MemoryCache
) -> None:
    spool = open_spool(tmp_path / "gateway")
    centre.ends_after = 2
    assert Caching(spool, centre).step() == 0
    assert centre.told == [("item", "failed", 0, "broken_off")]
    again = open_spool(tmp_path / "gateway")
    centre.ends_after = None
    assert Caching(again, centre).step() == 1
    assert centre.asked_from == [0, 2]
    assert len(again.of_study(centre.study_uid)) == 3


def test_without_a_network_nothing_is_lost_and_the_outcome_is_told_later(
    spool: Spool, centre: MemoryCache
) -> None:
    caching = Caching(spool, centre)
    caching.step()
    centre.away = True
    caching.note_read(centre.study_uid, 3)
    with pytest.raises(CentreUnavailableError):
        caching.step()
    assert len(spool.of_study(centre.study_uid)) == 3
    centre.away, centre.fetch = False, ()
    caching.step()
    assert centre.told[-1] == ("item", "read", 3, "")


def test_nothing_of_an_object_that_was_changed_on_the_way_is_kept(
    spool: Spool, centre: MemoryCache
) -> None:
    centre.change = lambda data: data[:-1] + bytes([data[-1] ^ 1])
    assert Caching(spool, centre).step() == 0
    assert spool.of_study(centre.study_uid) == []
    assert centre.told == [("item", "failed", 0, "changed_in_transit")]


@pytest.mark.requirement("E-20")
def test_with_the_consent_the_cache_goes_at_once(spool: Spool, centre: MemoryCache) -> None:
    caching = Caching(spool, centre)
    caching.step()
    centre.fetch, centre.delete = (), ("item",)
    caching.step()
    assert spool.of_study(centre.study_uid) == []
    assert {one.rule for one in deletions(spool, centre.study_uid)} == {"consent"}
    assert centre.told[-1] == ("item", "deleted", 3, "")


def test_only_what_the_patient_opened_is_shown_and_until_he_closes_it(
    spool: Spool, centre: MemoryCache
) -> None:
    caching, catalogue = Caching(spool, centre), Catalogue(spool)
    caching.step()
    assert list(catalogue.find(ALL)) == []
    centre.fetch, centre.opened = (), (centre.study_uid,)
    caching.step()
    (found,) = catalogue.find(ALL)
    assert (found.StudyInstanceUID, found.NumberOfStudyRelatedInstances) == (centre.study_uid, 3)
    assert len(catalogue.objects(Query(Level.STUDY, {"StudyInstanceUID": centre.study_uid}))) == 3
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        assert list(catalogue.find(ALL)) == [], "the authorisation is over, centre or no centre"
    centre.opened = ()
    caching.step()
    assert list(catalogue.find(ALL)) == []


@pytest.mark.parametrize(
    ("keyword", "value", "finds"),
    [
        ("PatientID", "1CT1", True), ("PatientID", "1CT?", True), ("PatientID", "2*", False),
        ("PatientName", "compress*", True), ("StudyDate", "20040101-20041231", True),
        ("StudyDate", "-20030101", False), ("ModalitiesInStudy", "MR\\CT", True),
        ("StudyInstanceUID", "1.2\\1.3", False), ("AccessionNumber", "", True),
        ("StudyDescription", "[e]*", False),
    ],
)  # fmt: skip
def test_keys_match_as_in_dicom(
    spool: Spool, centre: MemoryCache, keyword: str, value: str, finds: bool
) -> None:
    centre.own = True
    Caching(spool, centre).step()
    found = list(Catalogue(spool).find(Query(Level.STUDY, {keyword: value})))
    assert bool(found) is finds


def test_series_and_objects_are_listed_below_their_study(spool: Spool, centre: MemoryCache) -> None:
    centre.own = True
    Caching(spool, centre).step()
    catalogue = Catalogue(spool)
    (series,) = catalogue.find(Query(Level.SERIES, {"StudyInstanceUID": centre.study_uid}))
    assert (series.Modality, series.NumberOfSeriesRelatedInstances) == ("CT", 3)
    assert "SOPInstanceUID" not in series
    keys = {"SeriesInstanceUID": series.SeriesInstanceUID}
    objects = {one.SOPInstanceUID for one in catalogue.find(Query(Level.IMAGE, keys))}
    assert objects == {uid_of(one) for one in centre.data}
    (patient,) = catalogue.find(Query(Level.PATIENT, {}))
    assert "StudyInstanceUID" not in patient
    keys = {"StudyInstanceUID": generate_uid()}
    assert list(catalogue.find(Query(Level.SERIES, keys))) == []
