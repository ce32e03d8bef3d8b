"""Names in every character set, dates of every shape."""

from __future__ import annotations

from datetime import UTC, datetime

import pydicom.data
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ingest.limits import IngestLimits
from server.ingest.moment import study_moment
from server.ingest.parse import parse
from server.ingest.text import decode_text, person_name
from tests.ingest.conftest import changed


@pytest.mark.parametrize(
    ("sets", "encoded"),
    [
        (["GB18030"], "张三丰".encode("gb18030")),
        (["GBK"], "张三丰".encode("gbk")),
        (["ISO_IR 192"], "张三丰".encode()),
        (["", "ISO 2022 IR 58"], b"\x1b$)A" + "张三丰".encode("gb2312")),
        ([""], "张三丰".encode("gbk")),
        ([""], "张三丰".encode()),
        (["", "ISO 2022 IR 58"], "张三丰".encode("gb2312")),
        (["ISO_IR 100"], "张三丰".encode("gbk")),
        (["NO SUCH SET"], "张三丰".encode("gbk")),
        (["ISO_IR 192"], "张三丰".encode("gbk")),
    ],
)
def test_a_chinese_name_is_read_however_it_was_declared(sets: list[str], encoded: bytes) -> None:
    assert decode_text(encoded, sets) == "张三丰"


def test_how_urgent_a_study_is_is_read_where_an_object_says_it() -> None:
    limits = IngestLimits()
    urgent = changed(lambda dataset: setattr(dataset, "RequestedProcedurePriority", "STAT"))
    assert parse(urgent, limits).priority == "STAT"
    assert parse(changed(), limits).priority == ""


def test_latin_names_stay_latin_where_latin_is_declared() -> None:
    for name in ("Müller^Jürgen", "Bjørn", "José^María", "Åström", "Gößmann"):
        assert decode_text(name.encode("latin-1"), ["ISO_IR 100"]) == name


def test_chinese_beside_latin_letters_under_a_latin_declaration() -> None:
    assert decode_text("CT头部平扫".encode("gbk"), ["ISO_IR 100"]) == "CT头部平扫"


def test_rare_letters_of_chinese_names() -> None:
    for name in ("陶喆", "朱镕基", "王堃", "𬱖"):
        assert decode_text(name.encode("gb18030"), [""]) == name


@given(st.binary(max_size=64), st.sampled_from([[""], ["ISO_IR 100"], ["GB18030"],
       ["", "ISO 2022 IR 58"], ["\\", "x"], ["ISO_IR 192"], ["ISO 2022 IR 87"]]))  # fmt: skip
def test_any_bytes_become_text_that_a_database_holds(value: bytes, sets: list[str]) -> None:
    text = decode_text(value, sets)
    assert text.isprintable()
    text.encode()


def test_the_ideographic_group_of_a_name_is_shown() -> None:
    assert person_name("Zhang^SanFeng=张^三丰=") == "张三丰"
    assert person_name("Doe^John^^Dr.") == "Doe John Dr."
    assert person_name("张^三") == "张三"
    assert person_name("Buc^Jérôme") == "Buc Jérôme"
    assert person_name("=张三") == "张三"
    assert person_name("") == ""


def test_the_wheels_own_character_set_files() -> None:
    folder = pydicom.data.get_charset_files("chrX1.dcm")[0]
    name = pydicom.dcmread(folder).get_item(0x00100010).value
    groups = [decode_text(group, ["ISO_IR 192"]) for group in name.split(b"=")]
    assert person_name("=".join(groups)) == "王小東"


@pytest.mark.parametrize(
    ("pairs", "offset", "expected"),
    [
        ([("20260301", "103000")], "", datetime(2026, 3, 1, 2, 30, tzinfo=UTC)),
        ([("20260301", "103000.123456")], "+0900", datetime(2026, 3, 1, 1, 30, tzinfo=UTC)),
        ([("20260301", "10")], "-0330", datetime(2026, 3, 1, 13, 30, tzinfo=UTC)),
        ([("2026.03.01", "10:30:00")], "nonsense", datetime(2026, 3, 1, 2, 30, tzinfo=UTC)),
        ([("20260301", "")], "", datetime(2026, 2, 28, 16, 0, tzinfo=UTC)),
        ([("20260301", "9999")], "", datetime(2026, 2, 28, 16, 0, tzinfo=UTC)),
        ([("20260301", "235960")], "", datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC)),
        ([("", "1030"), ("20260302", "08")], "", datetime(2026, 3, 2, 0, 0, tzinfo=UTC)),
        ([("20261301", "10"), ("00010101", "00")], "", None),
        ([("99999999", "10")], "", None),
    ],
)
def test_dates_and_times_are_instants(
    pairs: list[tuple[str, str]], offset: str, expected: datetime | None
) -> None:
    assert study_moment(pairs, offset) == expected


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=6))
def test_no_date_is_an_error(date: str, time: str, offset: str) -> None:
    moment = study_moment([(date, time)], offset)
    assert moment is None or moment.astimezone(UTC).tzinfo is UTC


def test_long_and_strange_values_fit_their_columns() -> None:
    def spoil(dataset: pydicom.Dataset) -> None:
        dataset.PatientID = "x" * 500
        dataset.StudyDescription = "<script>alert(1)</script>" * 20
        dataset.SeriesNumber = None
        dataset.InstanceNumber = 2_147_483_647

    received = parse(changed(spoil), IngestLimits())
    assert len(received.patient_id) == 64
    assert len(received.study_description) == 200
    assert received.series_number is None
    assert received.instance_number == 2_147_483_647
