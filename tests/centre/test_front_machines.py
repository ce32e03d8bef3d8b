"""What the console says of uploads that are not complete, and of upgrades of front machines."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from server import gateway_releases, gateways
from server.clients import Scope, keeping
from server.collection import uploads
from tests.centre.conftest import Console

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


@pytest.mark.requirement("E-09", "E-47")
def test_what_is_not_complete_is_listed_with_what_it_lacks(console: Console) -> None:
    with (
        time_machine.travel(NOON, tick=False),
        console.cloud.database.session() as session,
    ):
        uploads.note_settled(session, console.hospital.id, "A9", NOON)
        uploads.open_upload(session, console.elsewhere.id, "B9")
    page = "/admin/uploads?since=2026-02-28&until=2026-03-02"
    text = console["administrator"].get(page).get_data(as_text=True)
    assert all(word in text for word in ("A9", "B9", "结算逾期"))
    own = console["own"].get(page).get_data(as_text=True)
    assert "A9" in own
    assert "B9" not in own


@pytest.mark.requirement("E-18")
def test_an_upgrade_is_offered_and_its_state_is_shown(console: Console, tmp_path: Path) -> None:
    wheel = tmp_path / "yingyun-9.9.9-py3-none-any.whl"
    wheel.write_bytes(b"new")
    with console.cloud.database.session() as session:
        made = keeping.register(
            session, institution=console.hospital, name="前置机一", origins=[],
            scopes=[Scope.GATEWAY],
        )  # fmt: skip
        number = made.client.client_id
        gateways.hear(session, number, version="1.0", state={})
        gateway_releases.add(console.cloud, session, "9.9.9", wheel)
    visitor, address = console["administrator"], f"/admin/gateways/{number}"
    assert "没有升级任务" in visitor.get(address).get_data(as_text=True)
    visitor.submit(f"{address}/upgrade", version="9.9.9")
    assert "9.9.9 已下发，待前置机处理" in visitor.text
    with console.cloud.database.session() as session:
        offered = gateway_releases.offered(session, number)
        assert offered is not None
        told = {"offer_id": gateway_releases.offer_id(offered), "state": "refused_digest"}
        gateway_releases.hear(session, number, {"upgrade": told})
    assert "文件与摘要不符" in visitor.get(address).get_data(as_text=True)
    visitor.submit(f"{address}/upgrade", version="")
    assert "没有升级任务" in visitor.text
    assert "升级任务</h2>" not in console["own"].get(address).get_data(as_text=True)
