"""The people: right check letters, evidently invented numbers, passwords that nobody knows."""

from __future__ import annotations

from pathlib import Path

from server import people as services
from server.accounts.passwords import check_strength
from server.demo import credentials, people
from server.demo.credentials import Credential


def test_id_numbers_are_valid_and_of_no_region() -> None:
    for person in people.PERSONS:
        number = services.normalize_id_number(person.id_number)
        assert number.startswith("999901")
        assert services.birth_date_of(number) == person.birth_date
        assert services.sex_of(number) == person.sex


def test_numbers_are_told_apart() -> None:
    assert len({person.id_number for person in people.PERSONS}) == len(people.PERSONS)
    assert len({person.phone for person in people.PERSONS}) == len(people.PERSONS)
    assert all(len(person.person_code) == 26 for person in people.PERSONS)
    assert all(len(hospital.code) == 18 for hospital in people.HOSPITALS)
    assert len({hospital.code for hospital in people.HOSPITALS}) == 3


def test_unit_code_has_the_check_letter_of_gb_32100() -> None:
    # A published example: the code of the Ministry of Finance.
    assert people.unit_code("11100000000013186") == "11100000000013186G"


def test_passwords_are_random_and_strong() -> None:
    made = {credentials.new_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        check_strength(password, login="zhang.shifan")


def test_credentials_are_kept_for_the_owner_alone(tmp_path: Path) -> None:
    one = Credential("patient", "a.b", "secret", "TOTP")
    credentials.write(tmp_path / "secrets", {"a.b": one})
    path = tmp_path / "secrets" / credentials.FILE_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    assert credentials.read(tmp_path / "secrets") == {"a.b": one}
    assert credentials.read(tmp_path) == {}
