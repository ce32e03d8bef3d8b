"""A study of another province: told to the index module, found, applied for, fetched, read."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from server.model import (
    AuditEvent,
    CacheRequest,
    CacheState,
    IndexRecord,
    Instance,
    OutboxEntry,
    OutboxState,
    ProcessingState,
    Report,
    ReportStatus,
    Study,
)
from server.provinces import announcing, fetching, index_service
from tests.provinces.case import ID_NUMBER, Country


def state_of(country: Country, remote_study_id: str) -> CacheRequest:
    with country.east.cloud.database.session() as session:
        return session.get_one(CacheRequest, remote_study_id)


def hashes(country: Country, where: str) -> set[tuple[str, str]]:
    cloud = getattr(country, where).cloud
    with cloud.database.session() as session:
        return {(one.sop_instance_uid, one.sha256) for one in session.scalars(select(Instance))}


@pytest.mark.requirement("A-11", "D-53")
def test_a_study_is_found_applied_for_and_fetched(country: Country, tmp_path: Path) -> None:
    study_id = country.west.take_study(tmp_path / "ct")
    country.west.empty_outbox()
    (remote,) = country.east.ask_elsewhere()
    assert (remote.province_name, remote.centre) == ("西山省", "west")
    country.east.apply(remote.remote_study_id)
    country.east.cloud.jobs.fetch_copy(remote.remote_study_id)

    request = state_of(country, remote.remote_study_id)
    assert (request.state, request.failure) == (CacheState.CACHED, "")
    assert request.done == request.total == 3
    assert hashes(country, "east") == hashes(country, "west")
    copy = country.east.study()
    assert copy is not None and copy.state == ProcessingState.READY
    assert country.east.patient is not None and copy.person_id == country.east.patient.person_id
    with country.west.cloud.database.session() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.actor == "east")).all()
        assert {one.event for one in events} == {"province.release", "province.fetch"}
        assert {one.object_id for one in events} == {study_id}
    assert country.east.ask_elsewhere() == []


@pytest.mark.requirement("D-09", "D-10")
def test_the_index_holds_the_eleven_fields(country: Country, tmp_path: Path) -> None:
    country.west.take_study(tmp_path / "ct")
    assert country.west.empty_outbox() == 1
    with country.index.cloud.database.session() as session:
        row = session.scalars(select(IndexRecord)).one()
        record = index_service.record_in_clear(country.index.cloud, row)
    assert (record.certificate_type, record.certificate_number) == ("01", ID_NUMBER)
    assert record.exam_datetime.isoformat() == "2026-05-04T02:15:00+00:00"
    assert (record.device, record.body_part) == ("样例医疗 CT-1", "CHEST")
    assert record.image_description == "双肺纹理清晰" and record.diagnosis == "未见异常"
    assert record.exam_item == "胸部CT"
    assert {"storage_unit", "hospital_level", "settlement_id"} <= set(record.model_dump())
    assert ID_NUMBER.encode() not in row.certificate_sealed
    assert ID_NUMBER not in str(vars(row))
    with country.west.cloud.database.session() as session:
        entry = session.scalars(select(OutboxEntry)).one()
    assert entry.state == OutboxState.ACCEPTED


def test_a_refused_release_fails_at_once(country: Country, tmp_path: Path) -> None:
    country.west.take_study(tmp_path / "ct", reviewed=False)
    country.west.empty_outbox()
    (remote,) = country.east.ask_elsewhere()
    country.east.apply(remote.remote_study_id)
    fetching.attempt(country.east.cloud, remote.remote_study_id, last=False)
    request = state_of(country, remote.remote_study_id)
    assert (request.state, request.failure) == (CacheState.FAILED, "not_reviewed")
    assert country.east.study() is None


@pytest.mark.requirement("D-09")
def test_whatever_changes_of_a_study_is_announced_again_and_nothing_else(
    country: Country, tmp_path: Path
) -> None:
    west = country.west
    study_id = west.take_study(tmp_path / "ct", reviewed=False)
    assert announcing.announce_news(west.cloud) == 1
    assert announcing.announce_news(west.cloud) == 0
    with west.cloud.database.session() as session:
        study = session.get_one(Study, study_id)
        study.description = "胸部CT平扫"
        person_id, study.person_id = study.person_id, None
    assert announcing.announce_news(west.cloud) == 1, "nobody's any more"
    with west.cloud.database.session() as session:
        # The draft was made before the last announcement, and is reviewed only now.
        session.scalars(select(Report)).one().status = ReportStatus.REVIEWED
    assert announcing.announce_news(west.cloud) == 1
    with west.cloud.database.session() as session:
        session.get_one(Study, study_id).person_id = person_id
    assert announcing.announce_news(west.cloud) == 1
    with west.cloud.database.session() as session:
        session.get_one(Study, study_id).body_part = "CHEST"
    assert announcing.announce_news(west.cloud) == 0
