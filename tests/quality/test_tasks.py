"""A missing image: the hospital is told and asked for it, and the task ends once it came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from pydicom.uid import generate_uid
from sqlalchemy import select

from server import clients, messages
from server.clients import Scope
from server.cloud import ImageCloud
from server.model import AuditEvent, Institution, QualityResult, Role, SupplementTask
from server.quality import judging
from tests.factories import make_account, make_institution, make_person
from tests.imaging.conftest import phantom


def told(app: Flask, cloud: ImageCloud, institution: Institution) -> list[dict[str, Any]]:
    """Return the tasks as a client of the institution is told them; the heartbeat says the same."""
    with cloud.database.session() as session:
        made = clients.register(
            session, institution=institution, name="PACS", origins=[],
            scopes=[Scope.DICOMWEB_STORE, Scope.GATEWAY],
        )  # fmt: skip
        credentials = (made.client.client_id, made.secret)
    client = app.test_client(use_cookies=False)
    token = client.post(
        "/oauth/token", auth=credentials,
        data={"grant_type": "client_credentials", "scope": "dicomweb.store gateway"},
    ).get_json()["access_token"]  # fmt: skip
    bearer = {"Authorization": f"Bearer {token}"}
    tasks: list[dict[str, Any]] = client.get("/api/v1/quality/tasks", headers=bearer).json["tasks"]
    beat = client.post(
        "/api/v1/gateway/heartbeat", headers=bearer, json={"version": "1", "state": {}}
    )
    assert beat.json["supplement"] == tasks
    return tasks


@pytest.mark.requirement("D-30", "I-03", "I-16")
def test_a_missing_instance_opens_a_task_that_its_arrival_closes(
    app: Flask,
    cloud: ImageCloud,
    hospital: Institution,
    deliver: Callable[..., str],
    result_of: Callable[[str], QualityResult],
) -> None:
    keeper = make_account(
        cloud, "keeper", role=Role.INSTITUTION_ADMINISTRATOR, institution=hospital,
        person=make_person(cloud, phone="13900139000"),
    )  # fmt: skip
    series = {"study_uid": generate_uid(), "series_uid": generate_uid()}
    study_id = deliver({number: phantom(number) for number in (1, 2, 4)}, **series)
    (task,) = told(app, cloud, hospital)
    assert (task["study_uid"], task["accession_number"]) == (series["study_uid"], "A-77")
    (why,) = task["shortcomings"]
    assert why["rule"] == "complete"
    assert any("缺少影像号 3（共 1 个）" in words for words in why["evidence"])
    assert "张三丰" not in str(task)
    assert told(app, cloud, make_institution(cloud, name="第二示范医院")) == []
    with cloud.database.session() as session:
        (letter,) = messages.mailbox(cloud, session, keeper.account_id)
        assert "需要补传：原始完整" in letter.body

    judging.give_up(cloud, study_id, "OSError")
    assert told(app, cloud, hospital), "nobody judged: nothing is made good"
    assert deliver({3: phantom(3)}, **series) == study_id
    assert result_of(study_id).findings == []
    assert told(app, cloud, hospital) == []
    with cloud.database.session() as session:
        (kept,) = session.scalars(select(SupplementTask)).all()
        assert kept.closed_at is not None
        events = session.scalars(select(AuditEvent.event).order_by(AuditEvent.sequence)).all()
    assert [one for one in events if one.startswith("quality.task.")] == [
        "quality.task.open",
        "quality.task.close",
    ]
