"""The reminder in a hospital's frame (H-06, H-14)."""

from __future__ import annotations

import pytest

from server.launches import Opens
from server.model import Reminder, Study
from tests.factories import SignInFacts
from tests.launches.case import LaunchCase
from tests.reminders.test_api import order, past
from tests.visitor import Visitor


@pytest.mark.requirement("H-06")
def test_from_the_reminder_one_click_leads_to_the_hospitals_own_images(
    case: LaunchCase, patient: SignInFacts
) -> None:
    other = past(case, patient, "腹部CT平扫", 3, body_part="ABDOMEN")
    reminder = order(case, "腹部CT平扫")
    assert len(reminder["studies"]) == 2
    visitor = Visitor(case.app)
    base = case.open(visitor, opens=Opens.REMINDER)
    page = visitor.get(base).get_data(as_text=True)
    assert f'href="{base}/studies/{case.study_id}/dicom"' in page
    assert f"{base}/studies/{other.study_id}/" not in page, "the patient has to authorise first"
    assert f'href="{base}/authorisation"' in page


@pytest.mark.requirement("H-14")
def test_the_physician_recognises_or_says_why_not(case: LaunchCase) -> None:
    first = order(case, "腹部CT平扫")["reminder_id"]
    visitor = Visitor(case.app)
    base = case.open(visitor, opens=Opens.REMINDER)
    address = f"{base}/reminders"
    visitor.get(address)
    visitor.submit(address, outcome="accepted")
    assert "已记录互认" in visitor.text
    assert "没有待处理的提醒" in visitor.text
    second = order(case, "腹部CT平扫")["reminder_id"]
    visitor.get(address)
    form = visitor.forms()[-1]
    sent = form.fields | {"outcome": "reexamined", "reason": ""}
    again = visitor.client.post(address, data=sent, follow_redirects=True)
    assert "请选择重新检查的理由" in again.get_data(as_text=True)
    visitor.client.post(address, data=sent | {"reason": "disease_changed"})
    with case.cloud.database.session() as session:
        study = session.get_one(Study, case.study_id)
        accepted = session.get_one(Reminder, first)
        assert (accepted.outcome, accepted.cloud_index) == ("accepted", study.cloud_index)
        anew = session.get_one(Reminder, second)
        assert (anew.outcome, anew.reason) == ("reexamined", "disease_changed")


def test_a_reminder_of_another_visit_is_not_there(case: LaunchCase) -> None:
    reminder_id = order(case, "腹部CT平扫")["reminder_id"]
    visitor = Visitor(case.app)
    base = case.open(visitor, encounter="V2", opens=Opens.REMINDER)
    visitor.get(f"{base}/studies")
    fields = next(one for one in visitor.forms() if one.action.startswith(base)).fields
    sent = fields | {"reminder_id": reminder_id, "outcome": "reexamined", "reason": "emergency"}
    assert visitor.client.post(f"{base}/reminders", data=sent).status_code == 404
