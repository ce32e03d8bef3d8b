"""One small image cloud on a temporary SQLite file, and factories for what lives in it."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from server import people, settings
from server.cloud import ImageCloud, open_cloud
from server.model import (
    Base,
    DataKey,
    Institution,
    Person,
    ProcessingState,
    Report,
    ReportStatus,
    Series,
    Study,
)

_numbers = itertools.count(1)
ID_NUMBERS = ("11010519491231002X", "110101199003070097", "110101201503070134")


@pytest.fixture
def cloud(tmp_path: Path, migrated_database: Path) -> Iterator[ImageCloud]:
    """An open cloud in development mode, with tables and no content.

    YINGYUN_TEST_DATABASE_URL names an empty PostgreSQL database to use instead of SQLite.
    """
    home = tmp_path / "home"
    environ = {"YINGYUN_HOME": str(home), "YINGYUN_REGION_CODE": "500000"}
    url = os.environ.get("YINGYUN_TEST_DATABASE_URL")
    if url:
        environ["YINGYUN_DATABASE_URL"] = url
    else:
        home.mkdir()
        shutil.copy(migrated_database, home / "yingyun.db")
    opened = open_cloud(replace(settings.load(environ), development=True))
    if url:
        Base.metadata.drop_all(opened.database.engine)
        Base.metadata.create_all(opened.database.engine)
    yield opened
    opened.database.engine.dispose()


@pytest.fixture
def database_file(cloud: ImageCloud) -> Path:
    """The SQLite file, for tests that look into it or tamper with it."""
    if cloud.database.engine.dialect.name != "sqlite":
        pytest.skip("looks into the SQLite file")
    return Path(cloud.database.engine.url.database or "")


@pytest.fixture
def hospital(cloud: ImageCloud) -> Institution:
    with cloud.database.session() as session:
        institution = Institution(
            code="12500000450400001A",
            name="重庆市第一示范医院",
            province_code="500000",
            province_name="重庆市",
        )
        session.add(institution)
    return institution


def make_person(cloud: ImageCloud, name: str = "张三丰", **extra: object) -> Person:
    with cloud.database.session() as session:
        code = f"{next(_numbers):026d}"
        return people.create_person(cloud, session, person_code=code, name=name, **extra)  # type: ignore[arg-type]


MakeStudy = Callable[..., Study]


def add_study(
    session: Session,
    institution: Institution,
    person: Person | None,
    *,
    when: datetime = datetime(2026, 3, 1, 2, 30, tzinfo=UTC),
    modality: str = "CT",
    report: ReportStatus | None = ReportStatus.REVIEWED,
    series: int = 1,
    **extra: object,
) -> Study:
    number = next(_numbers)
    key = DataKey(master_key_id="test", wrapped_key=b"none")
    session.add(key)
    session.flush()
    study = Study(
        study_uid=f"2.25.{number}",
        cloud_index=f"index-{number}",
        person_id=person.id if person else None,
        institution_id=institution.id,
        data_key_id=key.id,
        study_datetime=when,
        modality=modality,
        state=ProcessingState.READY,
        **extra,
    )
    session.add(study)
    session.flush()
    for index in range(series):
        session.add(
            Series(series_uid=f"2.25.{number}.{index}", study_id=study.study_id, modality=modality)
        )
    if report is not None:
        session.add(
            Report(study_id=study.study_id, version=1, status=report, findings="肺纹理清晰")
        )
    session.flush()
    return study


@pytest.fixture
def make_study(cloud: ImageCloud, hospital: Institution) -> MakeStudy:
    def make(person: Person | None, **extra: object) -> Study:
        institution = extra.pop("institution", hospital)
        with cloud.database.session() as session:
            return add_study(session, institution, person, **extra)  # type: ignore[arg-type]

    return make
