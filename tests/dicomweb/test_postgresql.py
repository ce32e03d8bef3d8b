"""The same searches on PostgreSQL: its wildcards, its time of day in China."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from server import staff
from server.dicom_index import Level, Query, count, find
from server.model import Base, DataKey, Institution, Series, Study
from tests.postgresql import is_installed, running_postgresql

pytestmark = pytest.mark.skipif(not is_installed(), reason="PostgreSQL is not installed")


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """One hospital's one study: 10:30 in China, an MR series."""
    with running_postgresql() as url:
        engine = create_engine(url)
        Base.metadata.create_all(engine)
        with Session(engine) as opened:
            opened.add(
                Institution(id=1, code="1", name="医院", province_code="1", province_name="省")
            )
            opened.add(DataKey(id="k", master_key_id="m"))
            opened.flush()
            study = Study(
                study_uid="2.25.1",
                cloud_index="c",
                institution_id=1,
                data_key_id="k",
                study_datetime=datetime(2026, 3, 1, 2, 30, tzinfo=UTC),
                modality="MR",
                patient_id="P_1%",
                dicom_patient_name="Zhang^San=张^三",
            )
            study.series = [Series(series_uid="2.25.1.1", modality="MR")]
            opened.add(study)
            opened.flush()
            yield opened
        engine.dispose()


@pytest.mark.parametrize(
    ("keys", "matches"),
    [
        ({}, 1),
        ({"StudyTime": "1030"}, 1),
        ({"StudyTime": "0230"}, 0),
        ({"StudyDate": "20260301"}, 1),
        ({"PatientID": "P_*%"}, 1),
        ({"PatientID": "p_*"}, 0),
        ({"PatientID": "P?1?"}, 1),
        ({"PatientName": "zhang^s*"}, 1),
        ({"PatientName": "张^三"}, 1),
        ({"ModalitiesInStudy": "CT\\MR"}, 1),
        ({"ModalitiesInStudy": "C*"}, 0),
    ],
)
def test_postgresql_matches_as_sqlite_does(
    session: Session, keys: dict[str, str], matches: int
) -> None:
    for level in (Level.STUDY, Level.SERIES):
        found = find(session, Query(level, keys, limit=10), staff.readable(1))
        assert len(found) == count(session, Query(level, keys), staff.readable(1)) == matches
