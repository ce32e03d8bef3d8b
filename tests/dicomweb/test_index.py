"""Searches are answered by indices, and the conformance statement is the service's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from server import staff
from server.cloud import ImageCloud
from server.dicom_index import Level, Query, count, find
from server.dicomweb.statement import renewed
from server.model import Study
from tests.factories import make_institution

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "dicom-conformance.md"


@pytest.mark.parametrize(
    ("keys", "index"),
    [
        ({}, "ix_study_institution_time"),
        ({"StudyDate": "20260101-20260131"}, "ix_study_institution_time"),
        # Which of the institution's indices serves best is for the database's statistics to say.
        ({"PatientID": "P7"}, "ix_study_institution"),
        ({"AccessionNumber": "A7"}, "ix_study_institution"),
        ({"StudyInstanceUID": "2.25.7"}, "study_uid"),
    ],
)
def test_a_page_of_many_studies_is_found_by_an_index(
    centre: ImageCloud, keys: dict[str, str], index: str
) -> None:
    statements: list[tuple[str, object]] = []

    def note(_c: object, _u: object, sql: str, values: object, *_rest: object) -> None:
        statements.append((sql, values))

    with centre.database.session() as session:
        event.listen(centre.database.engine, "before_cursor_execute", note)
        try:
            find(session, Query(Level.STUDY, keys, limit=20), staff.readable(1))
        finally:
            event.remove(centre.database.engine, "before_cursor_execute", note)
        sql, values = statements[0]
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()
    steps = " ".join(str(row[-1]) for row in plan)
    assert "SCAN study" not in steps
    assert index in steps or ("study_uid" in index and "autoindex_study" in steps), steps


def test_pages_of_many_studies_meet_without_gap_or_double(centre: ImageCloud) -> None:
    institution = make_institution(centre)
    with centre.database.session() as session:
        key = centre.vault.new_data_key(session)
        session.flush()
        start = datetime(2026, 1, 1, tzinfo=UTC)
        session.add_all(
            Study(
                study_uid=f"2.25.9{number}",
                cloud_index=f"paged-{number}",
                institution_id=institution.id,
                data_key_id=key.id,
                study_datetime=start + timedelta(hours=number // 3),  # some at the same moment
                modality="CT",
            )
            for number in range(500)
        )
    visible = staff.readable(institution.id)
    seen: list[str] = []
    with centre.database.session() as session:
        assert count(session, Query(Level.STUDY), visible) == 500
        for offset in range(0, 600, 70):
            page = find(session, Query(Level.STUDY, {}, 70, offset), visible)
            seen += [one.study_id for one in page]
    assert len(seen) == len(set(seen)) == 500


def test_the_conformance_statement_says_what_the_service_does() -> None:
    written = DOCUMENT.read_text(encoding="utf-8")
    assert written == renewed(written), (
        "python -m server.dicomweb.statement docs/dicom-conformance.md"
    )
