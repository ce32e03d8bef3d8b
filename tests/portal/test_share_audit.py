"""What a recipient does is audited as other retrievals are: time, share, outcome, source (F-39)."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from server.cloud import ImageCloud
from server.model import AuditEvent
from tests.factories import SignInFacts
from tests.portal.share_case import data_addresses, knock, make_case
from tests.visitor import Visitor


@pytest.mark.requirement("F-39", "F-10")
def test_opening_reading_and_being_refused_are_on_record(
    app: Flask, cloud: ImageCloud, patient: SignInFacts
) -> None:
    case = make_case(app, cloud, patient)
    given = case.give(password="k7m4xq-laut")
    before = len(entries(cloud))
    reader = Visitor(app)
    assert knock(reader, given, password="falsch-falsch").status_code == 422
    assert knock(reader, given, password="k7m4xq-laut").status_code == 303
    base = f"/s/{given.share_id}"
    for address in (f"{base}/report", f"{base}/images"):
        assert reader.client.get(address).status_code == 200
    case.giver.get("/shares")
    case.giver.submit(f"/shares/{given.share_id}/revoke")
    assert reader.client.get(data_addresses(case, base)[0]).status_code == 410
    told = entries(cloud)[before:]
    mine = {f"share:{given.share_id}", given.share_id}
    of_share = [one for one in told if {one.actor, one.object_id} & mine]
    of_share = [one for one in of_share if one.actor_kind != "account"]
    found = {(one.event, one.result, one.reason) for one in of_share}
    assert ("share.open", "success", "") in found
    assert any(event == "share.open" and result == "failure" for event, result, _ in found)
    assert {"report.view", "pictures.view"} <= {event for event, _, _ in found}
    assert any(event == "access.denied" and result == "failure" for event, result, _ in found)
    assert all(one.time is not None and one.source for one in of_share)
    assert all(one.object_id in {given.share_id, case.study_id} for one in of_share)
    assert not any(given.secret in f"{one.detail} {one.reason}" for one in told)


def entries(cloud: ImageCloud) -> list[AuditEvent]:
    with cloud.database.session() as session:
        return list(session.scalars(select(AuditEvent).order_by(AuditEvent.sequence)))


def test_a_visitor_of_nothing_is_nobody(app: Flask, cloud: ImageCloud) -> None:
    Visitor(app).get("/privacy")
    assert entries(cloud) == []
