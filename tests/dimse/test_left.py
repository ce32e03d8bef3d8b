"""An institution that left calls in vain, over an open association too; erased studies are gone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import select

from server import clock
from server.archive import erasure
from server.cloud import ImageCloud
from server.dimse.calling import Callers, NotAuthorisedError
from server.finding import Level, Query, find, instances
from server.model import Institution, Study
from tests.dimse.case import Patient, chest, peer, prepare
from tests.ingest.conftest import INSTITUTION, ingest


@pytest.mark.requirement("F-07")
def test_who_left_finds_and_fetches_no_more(cloud: ImageCloud) -> None:
    prepare(cloud)
    callers = Callers(cloud, [peer("PACS")])
    requestor = SimpleNamespace(ae_title="PACS", address="127.0.0.1")
    association = cast(Any, SimpleNamespace(requestor=requestor))
    assert callers.caller(association, "find").institution_id
    with cloud.database.session() as session:
        chosen = select(Institution).where(Institution.code == INSTITUTION)
        session.scalars(chosen).one().ended_at = clock.now()
    for service in ("find", "retrieve", "commit", "store"):
        with pytest.raises(NotAuthorisedError):
            callers.caller(association, service)


@pytest.mark.requirement("F-32")
def test_an_erased_study_is_neither_found_nor_fetched(cloud: ImageCloud, tmp_path: Path) -> None:
    prepare(cloud)
    patient = Patient()
    assert ingest(cloud, *chest(tmp_path, patient)[:1]).stored == 1
    requestor = SimpleNamespace(ae_title="PACS", address="127.0.0.1")
    association = cast(Any, SimpleNamespace(requestor=requestor))
    caller = Callers(cloud, [peer("PACS")]).caller(association, "find")
    wanted = {"PatientID": patient.patient_id, "StudyInstanceUID": patient.study_uid}

    def counts() -> list[int]:
        with cloud.database.session() as session:
            found = [
                len(list(find(session, Query(level, wanted), caller.sees()))) for level in Level
            ]
            return [*found, len(instances(session, Query(Level.IMAGE, wanted), caller.sees()))]

    assert counts() == [1] * 5
    with cloud.database.session() as session:
        study = session.scalars(select(Study)).one()
        erasure.erase_study(session, study, actor_kind="system", actor="test", reason="test")
    assert counts() == [0] * 5
