"""The image-cloud index: its five parts, its check, its serial."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydicom.uid import generate_uid
from sqlalchemy import select

from server.cloud import ImageCloud
from server.cloud_index import CloudIndexError, CloudIndexParts, cloud_index, exam_time
from server.model import Study
from tests.ingest.conftest import INSTITUTION, changed, ingest, put

PARTS = CloudIndexParts(
    person_code="10000000000000000708463177",
    exam_time="202411221430",
    storage_unit="123502004266007916",
)
EXAMPLE = "10000000000000000708463177-202411221430-000000000-0000000000000-123502004266007916"


def test_the_published_example() -> None:
    assert cloud_index("national-2025", PARTS) == EXAMPLE
    assert len(EXAMPLE) == 82


def test_further_examinations_of_the_same_minute_carry_a_serial() -> None:
    assert cloud_index("national-2025", PARTS, 2) == EXAMPLE + "-2"


def test_another_scheme_is_a_template_of_the_parts() -> None:
    assert cloud_index("{storage_unit}/{exam_time}", PARTS) == "123502004266007916/202411221430"


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("person_code", "11010519491231002X"),
        ("person_code", "1" * 25),
        ("exam_time", "2024-11-22"),
        ("storage_unit", "short"),
        ("storage_unit", "12350200426600791-"),
        ("body_part", "头部"),
        ("device", "0" * 13 + "\n"),
    ],
)
def test_a_part_that_is_not_valid_is_named(part: str, value: str) -> None:
    fields = {"person_code": PARTS.person_code, "exam_time": PARTS.exam_time,
              "storage_unit": PARTS.storage_unit, part: value}  # fmt: skip
    with pytest.raises(CloudIndexError, match=part):
        cloud_index("national-2025", CloudIndexParts(**fields))


@pytest.mark.parametrize(
    "scheme",
    ["", "no part", "{secret}", "{exam_time", "{exam_time.year}", "{exam_time:>300}", "{}"],
)
def test_a_scheme_that_is_none_is_refused(scheme: str) -> None:
    with pytest.raises(CloudIndexError, match="not a cloud index scheme"):
        cloud_index(scheme, PARTS)


def test_the_minute_is_chinas() -> None:
    assert exam_time(datetime(2024, 12, 31, 16, 5, tzinfo=UTC)) == "202501010005"


def test_studies_of_one_minute_have_indices_of_their_own(cloud: ImageCloud, tmp_path: Path) -> None:
    def another_study(dataset):  # type: ignore[no-untyped-def]
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()

    for number in range(3):
        put(tmp_path / "in", str(number), changed(another_study))
    ingest(cloud, tmp_path / "in")
    first = f"{'0' * 26}-200401192027-{'0' * 9}-{'0' * 13}-{INSTITUTION}"
    with cloud.database.session() as session:
        indices = set(session.scalars(select(Study.cloud_index)))
    assert indices == {first, f"{first}-2", f"{first}-3"}
