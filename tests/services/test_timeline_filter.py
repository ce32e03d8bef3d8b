"""What narrows the time line means the same to the database as to Python."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from server import reports
from server.cloud import ImageCloud
from server.model import Report, ReportStatus, Study
from server.study_conditions import examined_between, has_served_report
from server.terms import (
    body_part_label,
    body_parts_labelled,
    body_parts_named,
    modalities_labelled,
    modality_label,
)
from tests.services.conftest import MakeStudy, make_person


@pytest.mark.requirement("A-16")
def test_a_served_report_is_the_same_to_the_database(
    cloud: ImageCloud, make_study: MakeStudy
) -> None:
    """Every order of up to three versions."""
    person = make_person(cloud)
    for length in range(4):
        for states in itertools.product(ReportStatus, repeat=length):
            study = make_study(person, report=None)
            with cloud.database.session() as session:
                for version, status in enumerate(states, 1):
                    session.add(Report(study_id=study.study_id, version=version, status=status))
    with cloud.database.session() as session:
        found = set(session.scalars(select(Study.study_id).where(has_served_report())))
        every = session.scalars(select(Study)).all()
        expected = {
            one.study_id for one in every if reports.served_report(session, one) is not None
        }
    count = sum(len(ReportStatus) ** length for length in range(4))
    assert len(every) == count and found == expected and 0 < len(found) < count


@pytest.mark.parametrize(
    ("since", "until", "inside"),
    [
        (date(2026, 3, 2), None, True),
        (date(2026, 3, 3), None, False),
        (None, date(2026, 3, 2), True),
        (None, date(2026, 3, 1), False),
        (date.min, date.max, True),
        (None, date.min, False),
    ],
)
def test_days_are_days_in_china(
    cloud: ImageCloud, make_study: MakeStudy, since: date | None, until: date | None, inside: bool
) -> None:
    make_study(make_person(cloud), when=datetime(2026, 3, 1, 16, 0, tzinfo=UTC))
    with cloud.database.session() as session:
        found = session.scalars(select(Study).where(*examined_between(since, until))).all()
    assert bool(found) is inside


@pytest.mark.parametrize("modality", ["CT", "CR", "DX", "DR", "MR", "PT", "XA", "US"])
def test_every_modality_is_found_by_its_label(modality: str) -> None:
    assert modality in modalities_labelled(modality_label(modality))


@pytest.mark.parametrize("term", ["CHEST", "BRAIN", "KNEE", "胸部", "其他"])
def test_every_body_part_is_found_by_its_label(term: str) -> None:
    assert term in body_parts_labelled(body_part_label(term))


def test_body_parts_are_found_by_a_part_of_their_word() -> None:
    assert set(body_parts_named("胸")) >= {"CHEST", "CHESTABDOMEN", "TSPINE"}
    assert "HEAD" not in body_parts_named("胸")
