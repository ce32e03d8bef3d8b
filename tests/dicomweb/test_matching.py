"""Matching rules (PS3.4 C.2.2.2), as the database carries them out."""

from __future__ import annotations

import pytest
from sqlalchemy import literal, select

from server.cloud import ImageCloud
from server.dicom_index.attributes import Attribute, Level, Matching, QueryError
from server.dicom_index.matching import Matcher

TEXT, NAME, UID = Matching.TEXT, Matching.NAME, Matching.UID
DATE, TIME, NUMBER = Matching.DATE, Matching.TIME, Matching.NUMBER


def matches(cloud: ImageCloud, kind: Matching, key: str, value: object) -> bool:
    attribute = Attribute("SeriesDescription", Level.SERIES, kind, literal(value))
    with cloud.database.session() as session:
        matcher = Matcher(session.get_bind().dialect.name)
        return bool(session.scalar(select(literal(1)).where(matcher.condition(attribute, key))))


@pytest.mark.parametrize(
    ("kind", "key", "value", "fits"),
    [
        (TEXT, "A*", "ABC", True),
        (TEXT, "a*", "ABC", False),
        (TEXT, "A?C", "ABC", True),
        (TEXT, "A?", "ABC", False),
        (TEXT, "50%_", "50%_", True),
        (TEXT, "[A]*", "[A]B", True),
        (TEXT, "*" * 40 + "x", "A" * 60, False),
        (TEXT, "*", "", True),
        (NAME, "zhang^san", "Zhang^San=张^三", True),
        (NAME, "=张^三", "Zhang^San=张^三", True),
        (NAME, "张*", "Zhang^San=张^三", True),
        (NAME, "Zhang", "Zhang^San", False),
        (NAME, "zhang^san^^", "Zhang^San^^^=张^三", True),
        (NAME, "Zhang^S_n", "Zhang^San", False),
        (UID, "1.2\\1.3", "1.3", True),
        (UID, "1.2*", "1.23", False),
        (DATE, "20260101-", "20251231", False),
        (DATE, "-20260101", "20260101", True),
        (DATE, "20260101", "", False),
        (TIME, "09-10", "105959", True),
        (TIME, "09-10", "105959.5", True),
        (TIME, "0930-", "092959", False),
        (NUMBER, "007", 7, True),
        (NUMBER, "99999999999", 7, False),
    ],
)
def test_matching_rules(
    centre: ImageCloud, kind: Matching, key: str, value: object, fits: bool
) -> None:
    assert matches(centre, kind, key, value) is fits


@pytest.mark.parametrize(
    ("kind", "key"),
    [(DATE, "yesterday"), (TIME, "noon"), (NUMBER, "one"), (TEXT, "x" * 2000), (DATE, "20260230")],
)
def test_keys_that_make_no_sense_are_refused(centre: ImageCloud, kind: Matching, key: str) -> None:
    with pytest.raises(QueryError):
        matches(centre, kind, key, "1")
