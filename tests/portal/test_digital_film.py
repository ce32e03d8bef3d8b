"""The command that notes whether digital film was chosen."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from portal.cli import cli
from server.cloud import ImageCloud
from server.model import AuditEvent, Study
from tests.factories import SignInFacts, make_institution, make_study


@pytest.mark.requirement("A-17")
def test_declined_and_chosen_again(cloud: ImageCloud, patient: SignInFacts) -> None:
    hospital = make_institution(cloud)
    study = make_study(
        cloud, person_id=patient.person_id, institution=hospital, accession_number="A1"
    )
    make_study(cloud, person_id=patient.person_id, accession_number="A1")

    def run(*arguments: str) -> int:
        environ = {"YINGYUN_HOME": str(cloud.settings.home), "YINGYUN_REGION_CODE": "500000"}
        return CliRunner().invoke(cli, ["digital-film", *arguments], env=environ).exit_code

    def state() -> list[bool]:
        with cloud.database.session() as session:
            return list(session.scalars(select(Study.digital_film).order_by(Study.study_uid)))

    assert state() == [True, True]
    assert run(hospital.code, "A1", "--declined") == 0
    with cloud.database.session() as session:
        assert session.get_one(Study, study.study_id).digital_film is False
    assert sorted(state()) == [False, True], "the other hospital's is another study"
    assert run(hospital.code, "A1", "--chosen") == 0 and state() == [True, True]
    assert run(hospital.code, "A2", "--declined") == 1 and run(hospital.code, "A1") == 2
    with cloud.database.session() as session:
        events = session.scalars(select(AuditEvent.event).order_by(AuditEvent.sequence)).all()
    assert [one for one in events if "film" in one] == [
        "digital_film.declined",
        "digital_film.chosen",
    ]
