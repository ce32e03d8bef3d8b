"""ID numbers are checked and sealed, and shown masked."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from server import people
from server.cloud import ImageCloud
from tests.services.conftest import ID_NUMBERS, make_person


# The example of GB 11643-1999 itself.
@pytest.mark.parametrize("text", ["11010519491231002X", " 11010519491231002x\n"])
def test_a_right_id_number_is_read(text: str) -> None:
    number = people.normalize_id_number(text)
    assert number == "11010519491231002X"
    assert people.birth_date_of(number) == date(1949, 12, 31)
    assert people.sex_of(number) == "F"


@pytest.mark.parametrize(
    "text",
    ["", "110105194912310021", "110105194902300022", "11010519491231002", "1101051949123100２X",
     "010105194912310028", "110105491231002"],
)  # fmt: skip
def test_a_wrong_id_number_is_refused(text: str) -> None:
    with pytest.raises(people.IdNumberError):
        people.normalize_id_number(text)


def test_every_single_wrong_digit_is_noticed() -> None:
    number = ID_NUMBERS[0]
    for place in range(17):
        for digit in "0123456789":
            if digit != number[place]:
                with pytest.raises(people.IdNumberError):
                    people.normalize_id_number(number[:place] + digit + number[place + 1 :])


@pytest.mark.requirement("F-22")
def test_a_person_is_found_by_a_sealed_id_number(cloud: ImageCloud) -> None:
    person = make_person(cloud, id_number=ID_NUMBERS[1], phone="13800138000")
    assert (person.sex, person.birth_date) == ("M", date(1990, 3, 7))
    assert ID_NUMBERS[1].encode() not in (person.id_number_sealed or b"")
    assert people.id_number(cloud, person) == ID_NUMBERS[1]
    assert people.phone(cloud, person) == "13800138000"
    with cloud.database.session() as session:
        found = people.find_by_id_number(cloud, session, ID_NUMBERS[1])
        assert found is not None and found.id == person.id
        assert people.find_by_id_number(cloud, session, ID_NUMBERS[0]) is None
        assert people.find_by_id_number(cloud, session, "zhang") is None
    with pytest.raises(IntegrityError):
        make_person(cloud, id_number=ID_NUMBERS[1])


@pytest.mark.requirement("F-22")
@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("11010519491231002X", "110***********002X"),
        ("P0012345", "P00***45"),
        ("12345", "1***5"),
        ("1234", "****"),
        ("", ""),
    ],
)
def test_identifiers_are_masked(number: str, masked: str) -> None:
    assert people.mask_id_number(number) == masked


def test_names_are_masked() -> None:
    assert [people.mask_name(name) for name in ("张三丰", "张", "")] == ["张**", "张", ""]


def test_nobody_is_his_own_family(cloud: ImageCloud) -> None:
    person = make_person(cloud)
    with cloud.database.session() as session, pytest.raises(ValueError, match="family"):
        people.link_family(session, guardian=person, member=person, relation="本人")
