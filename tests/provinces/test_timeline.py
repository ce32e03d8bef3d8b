"""Studies elsewhere stand where they belong in time, on every page of the time line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from server.cloud import ImageCloud
from server.model import CacheRequest, CacheState, Consent, RemoteStudy
from server.provinces import elsewhere
from tests.factories import SignInFacts, make_institution, make_study
from tests.visitor import Visitor

NEWEST = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


def add_remote(cloud: ImageCloud, person_id: int | None, days: float, **extra: str) -> str:
    """Add a study elsewhere, so many days older than the newest."""
    facts = {"institution_name": "外省医院", "modality": "MR", "body_part": "HEAD"} | extra
    with cloud.database.session() as session:
        remote = RemoteStudy(
            person_id=person_id,
            centre="west",
            cloud_index=f"remote-{days}",
            province_code="540000",
            province_name="西山省",
            institution_code="1" * 18,
            study_datetime=NEWEST - timedelta(days=days),
            exam_item=f"外省检查{days}",
            **facts,
        )
        session.add(remote)
        session.flush()
        return remote.remote_study_id


def titles(visitor: Visitor) -> list[str]:
    found = re.findall(r'<h3 class="exam-title">\s*(.*?)\s*</h3>', visitor.text, re.S)
    return [re.sub(r"<[^>]+>", "", one) for one in found]


@pytest.mark.requirement("A-10")
def test_they_stand_in_order_on_each_page(
    app: Flask, cloud: ImageCloud, patient: SignInFacts
) -> None:
    hospital = make_institution(cloud)
    for number in range(22):
        make_study(
            cloud,
            person_id=patient.person_id,
            institution=hospital,
            description=f"检查{number}",
            study_datetime=NEWEST - timedelta(days=number),
        )
    for days in (0.5, 19.5, 21.5):
        add_remote(cloud, patient.person_id, days)
    visitor = Visitor(app).be(cloud, patient)
    visitor.get("/studies")
    first = titles(visitor)
    assert first[:3] == ["检查0", "外省检查0.5", "检查1"]
    assert first[-1] == "检查19" and len(first) == 21
    more = re.search(r'href="(/studies\?[^"]*page=[^"]+)"', visitor.text)
    assert more
    visitor.get(more[1].replace("&amp;", "&"))
    assert titles(visitor) == ["外省检查19.5", "检查20", "检查21", "外省检查21.5"]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("", True),
        ("?show=reports", False),
        ("?show=images", False),
        ("?modality=MRI", True),
        ("?modality=CT", False),
        ("?since=2026-03-01", False),
        ("?until=2026-02-27", True),
        ("?text=外省医院", True),
        ("?text=另一家", False),
    ],
)
def test_they_are_narrowed_with_the_others(
    app: Flask, cloud: ImageCloud, patient: SignInFacts, asked: str, shown: bool
) -> None:
    add_remote(cloud, patient.person_id, 2)
    visitor = Visitor(app).be(cloud, patient)
    visitor.get(f"/studies{asked}")
    assert ("外省检查2" in titles(visitor)) is shown


def test_what_is_here_is_not_elsewhere(cloud: ImageCloud, patient: SignInFacts) -> None:
    assert patient.person_id is not None
    copied = add_remote(cloud, patient.person_id, 1)
    add_remote(cloud, patient.person_id, 2)
    failed = add_remote(cloud, patient.person_id, 3)
    make_study(cloud, person_id=patient.person_id, cloud_index="remote-2")
    with cloud.database.session() as session:
        agreed = session.query(Consent).first()
        assert agreed is not None
        for remote, state in ((copied, CacheState.CACHED), (failed, CacheState.FAILED)):
            session.add(
                CacheRequest(
                    remote_study_id=remote,
                    account_id=patient.account_id,
                    consent_id=agreed.id,
                    state=state,
                )
            )
    with cloud.database.session() as session:
        left = elsewhere.studies_elsewhere(session, {patient.person_id})
        assert [one.remote_study_id for one in left] == [failed]
