"""Images leave in bulk for a named purpose; other purposes than care need an approval (F-30)."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.app import create_app
from server import clock, data_use
from server.cloud import ImageCloud
from server.data_use import ApprovalsFileError
from server.model import AuditEvent, Sending
from tests.sending.case import NODE, SendingCase, free_port, make_sending_case
from tests.visitor import Visitor

NUMBER = "示医保函〔2026〕7号"


def approved(cloud: ImageCloud, until_days: int = 30) -> SendingCase:
    """A study to take away, where one approval of research is registered."""
    until = (clock.now() + timedelta(days=until_days)).astimezone(clock.CHINA).date()
    path = cloud.settings.home / "approvals.json"
    row = {"name": NUMBER, "uses": ["research"], "authority": "示范省医疗保障局"}
    path.write_text(json.dumps([row | {"until": until.isoformat()}]))
    settings = dataclasses.replace(cloud.settings, data_use_approvals_file=path)
    return make_sending_case(dataclasses.replace(cloud, settings=settings), free_port())


def doctor_of(case: SendingCase) -> Visitor:
    return Visitor(create_app(case.cloud)).be(case.cloud, case.doctor)


ALLOWED = [
    ({"purpose": "care"}, True),
    ({"purpose": "referral"}, True),
    ({"purpose": "research", "approval": f" {NUMBER} "}, True),
    ({}, False),
    ({"purpose": "curiosity"}, False),
    ({"purpose": "research"}, False),
    ({"purpose": "research", "approval": "示医保函〔2026〕8号"}, False),
    ({"purpose": "teaching", "approval": NUMBER}, False),
]


@pytest.mark.requirement("F-30")
def test_an_archive_leaves_for_care_or_what_is_approved(cloud: ImageCloud) -> None:
    case = approved(cloud)
    visitor = doctor_of(case)
    base = f"/doctor/studies/{case.study_id}"
    for fields, allowed in ALLOWED:
        answer = visitor.client.get(f"{base}/study.zip", query_string=fields)
        assert answer.status_code == (200 if allowed else 303), fields
        assert (answer.get_data()[:2] == b"PK") is allowed
    with cloud.database.session() as session:
        taken = session.scalars(
            select(AuditEvent)
            .where(AuditEvent.event == "dicom.download")
            .order_by(AuditEvent.sequence)
        ).all()
        refused = session.scalars(
            select(AuditEvent.reason).where(AuditEvent.event == "access.denied")
        ).all()
    assert [one.detail for one in taken] == [
        {"purpose": "care", "approval": ""},
        {"purpose": "referral", "approval": ""},
        {"purpose": "research", "approval": NUMBER},
    ]
    assert refused == ["purpose missing"] * 2 + ["approval missing"] * 3


@pytest.mark.requirement("F-30")
def test_a_sending_too(cloud: ImageCloud) -> None:
    case = approved(cloud)
    visitor = doctor_of(case)
    page = f"/doctor/studies/{case.study_id}/sending"
    for number, (fields, _allowed) in enumerate(ALLOWED):
        visitor.get(page)
        visitor.submit(page, node=NODE, **fields)
        allowed_yet = sum(allowed for _, allowed in ALLOWED[: number + 1])
        with cloud.database.session() as session:
            assert session.query(Sending).count() == allowed_yet, fields


def test_an_approval_ends_with_its_last_day(cloud: ImageCloud) -> None:
    case = approved(cloud, until_days=0)
    assert data_use.check(case.cloud, "research", NUMBER).approval == NUMBER
    with (
        time_machine.travel(clock.now() + timedelta(days=1)),
        pytest.raises(data_use.DataUseRefused),
    ):
        data_use.check(case.cloud, "research", NUMBER)


def test_a_file_with_a_fault_approves_nothing(cloud: ImageCloud) -> None:
    case = approved(cloud)
    path = case.cloud.settings.data_use_approvals_file
    assert path is not None
    for text in ("{", '[{"name": "1"}]', '[{"name": "1", "uses": ["care"], "authority": "a"}]'):
        path.write_text(text)
        with pytest.raises(ApprovalsFileError):
            data_use.check(case.cloud, "research", "1")
    answer = doctor_of(case).client.get(
        f"/doctor/studies/{case.study_id}/study.zip?purpose=research&approval=1"
    )
    assert answer.status_code == 303
