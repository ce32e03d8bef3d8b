"""A launched physician binds his first authenticator inside, and needs it outside (C-46)."""

from __future__ import annotations

import re

import pyotp
import pytest
from sqlalchemy import select

from server.model import AuditEvent
from tests.launches.case import LaunchCase
from tests.visitor import Visitor


def secret_on(visitor: Visitor) -> str:
    found = re.search(r"<code[^>]*>([A-Z2-7 ]+)</code>", visitor.text)
    assert found
    return found[1].replace(" ", "")


@pytest.mark.requirement("C-46", "F-03")
def test_bound_inside_once_and_asked_for_outside(case: LaunchCase) -> None:
    frame = Visitor(case.app)
    inside = case.open(frame)
    assert f'href="{inside}/authenticator"' in frame.get(f"{inside}/studies").get_data(as_text=True)
    frame.get(f"{inside}/authenticator")
    secret = secret_on(frame)
    wrong = frame.submit(f"{inside}/authenticator", code="000000")
    assert wrong.status_code == 422
    assert secret_on(frame) == secret, "the same one is still offered"
    frame.submit(f"{inside}/authenticator", code=pyotp.TOTP(secret).now())
    assert "身份验证器已绑定" in frame.text
    assert "/authenticator" not in frame.text
    assert frame.get(f"{inside}/authenticator").status_code == 403, "no second one by a launch"
    outside = case.open(Visitor(case.app), outside=True)
    asked = Visitor(case.app)
    outside = case.open(asked, outside=True)
    assert asked.get(f"{outside}/authenticator").request.path == f"{outside}/code"
    later = pyotp.TOTP(secret)
    step = later.interval
    from server import clock

    asked.get(f"{outside}/code")
    code = later.at(int(clock.now().timestamp()) + step)
    asked.submit(f"{outside}/code", code=code)
    assert asked.path == f"{outside}/studies"
    with case.cloud.database.session() as session:
        events = session.scalars(select(AuditEvent.event)).all()
        assert "factor.add" in events and "launch.confirm" in events


@pytest.mark.requirement("C-46")
def test_outside_nobody_binds_one(case: LaunchCase) -> None:
    frame = Visitor(case.app)
    base = case.open(frame, outside=True)
    assert "在院内网络打开" in frame.get(base).get_data(as_text=True)
    assert frame.get(f"{base}/authenticator").request.path == f"{base}/code"
