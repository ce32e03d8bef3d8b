"""Institutions and lines: kept, ended, tried, with the log of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from pynetdicom import AE, evt
from sqlalchemy import select

from server.centre import links
from server.centre.links import LinkFacts
from server.clients import keeping
from server.clients.scopes import Scope
from server.model import (
    Account,
    Alarm,
    AuditEvent,
    Institution,
    InstitutionClient,
    LinkKind,
    LinkState,
    TransferLink,
)
from tests.centre.conftest import Console

FACTS = {
    "name": "第三示范医院",
    "code": "12990300MB00000030",
    "level": "二级",
    "province_code": "500000",
    "province_name": "重庆市",
}


def events(console: Console, event: str) -> list[AuditEvent]:
    with console.cloud.database.session() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.event == event)))


@pytest.mark.requirement("D-06")
def test_an_institution_is_added_changed_and_ended_with_audit(console: Console) -> None:
    visitor = console["administrator"]
    visitor.get("/admin/institutions")
    visitor.submit("/admin/institutions", **FACTS | {"code": "12"})
    assert "机构代码应为 18 位" in visitor.text
    assert "第三示范医院" in visitor.text  # what was typed stays
    visitor.submit("/admin/institutions", **FACTS)
    place = visitor.path
    assert FACTS["code"] in visitor.text
    visitor.submit(place, name="第三示范医院（新院区）", level="三级乙等")
    assert "三级乙等" in visitor.text
    (changed,) = events(console, "institution.change")
    assert changed.detail["level"] == ["二级", "三级乙等"]
    visitor.get("/admin/institutions")
    visitor.submit("/admin/institutions", **FACTS)
    assert "已经登记过" in visitor.text
    visitor.get(place)
    visitor.submit(f"{place}/end", name="错")
    assert events(console, "institution.end") == []
    visitor.submit(f"{place}/end", name="第三示范医院（新院区）")
    assert len(events(console, "institution.add")) == len(events(console, "institution.end")) == 1
    with console.cloud.database.session() as session:
        found = session.scalars(select(Institution).where(Institution.code == FACTS["code"])).one()
        assert found.ended_at is not None


@pytest.mark.requirement("D-01")
def test_institutions_belong_to_the_province_of_the_centre(console: Console) -> None:
    assert console.cloud.settings.region_code == "500000"
    visitor = console["administrator"]
    visitor.get("/admin/institutions")
    assert 'value="500000"' in visitor.text  # it is there already
    visitor.submit("/admin/institutions", **FACTS | {"province_code": "310000"})
    assert "不属于本中心服务的省份" in visitor.text
    assert events(console, "institution.add") == []
    visitor.submit("/admin/institutions", **FACTS | {"province_code": "500103"})
    (added,) = events(console, "institution.add")
    visitor.submit(visitor.path, province_code="310000")
    assert "不属于本中心服务的省份" in visitor.text
    with console.cloud.database.session() as session:
        assert session.get_one(Institution, int(added.object_id)).province_code == "500103"


@pytest.mark.requirement("D-06")
def test_an_ended_institution_calls_and_signs_in_no_more(console: Console) -> None:
    with console.cloud.database.session() as session:
        hospital = session.get_one(Institution, console.hospital.id)
        keeping.register(
            session, institution=hospital, name="HIS", origins=[], scopes=[next(iter(Scope))]
        )
    visitor = console["administrator"]
    page = f"/admin/institutions/{console.hospital.id}"
    visitor.get(page)
    assert "HIS" in visitor.text
    visitor.submit(f"{page}/end", name=console.hospital.name)
    with console.cloud.database.session() as session:
        assert session.scalars(select(InstitutionClient)).one().disabled_at is not None
        doctor = session.get_one(Account, console.facts["doctor"].account_id)
        assert not doctor.active
    assert console["doctor"].client.get("/doctor/studies").status_code in {303, 401}


@pytest.mark.requirement("F-07")
def test_an_institutions_administrator_stays_with_his_own(console: Console) -> None:
    page = console["own"].get("/admin/institutions")
    assert "第一示范医院" in page.get_data(as_text=True)
    assert "第二示范医院" not in page.get_data(as_text=True)
    client = console["own"].client
    assert client.get(f"/admin/institutions/{console.elsewhere.id}").status_code == 404
    assert client.get(f"/admin/institutions/{console.hospital.id}").status_code == 200


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@pytest.mark.requirement("D-08", "D-49")
def test_a_line_to_a_dead_address_raises_an_alarm_that_closes_by_itself(
    console: Console, closed_port: int, listener: int
) -> None:
    visitor = console["administrator"]
    visitor.get("/admin/links")
    visitor.submit(
        "/admin/links",
        institution=str(console.hospital.id),
        name="主用专线",
        kind="tcp",
        host="127.0.0.1",
        port=str(closed_port),
    )
    visitor.submit("/admin/links/check")
    assert "1 条不通" in visitor.text
    alarms = visitor.get("/admin/alarms").get_data(as_text=True)
    assert "主用专线" in alarms
    assert "第一示范医院" in alarms
    assert visitor.get("/admin").get_data(as_text=True).count("未关闭的告警") == 1
    with console.cloud.database.session() as session:
        link = session.scalars(select(TransferLink)).one()
        assert (link.state, link.failure) == (LinkState.DOWN, "refused")
    links.check_all(console.cloud)
    with console.cloud.database.session() as session:
        assert session.scalars(select(Alarm)).one().count == 2
    visitor.get(f"/admin/links/{link.link_id}")
    visitor.submit(f"/admin/links/{link.link_id}", kind="tcp", port=str(listener))
    assert links.check_all(console.cloud) == 0
    with console.cloud.database.session() as session:
        assert session.scalars(select(TransferLink)).one().state == LinkState.UP
        assert session.scalars(select(Alarm)).one().closed_at is not None
    visitor.get(f"/admin/links/{link.link_id}")
    visitor.submit(f"/admin/links/{link.link_id}/remove")
    with console.cloud.database.session() as session:
        assert session.scalars(select(TransferLink)).all() == []
    assert [len(events(console, f"link.{one}")) for one in ("add", "change", "remove")] == [1, 1, 1]


@pytest.mark.requirement("D-08")
def test_a_dicom_line_is_tried_with_an_echo(console: Console, closed_port: int) -> None:
    entity = AE(ae_title="PEER")
    entity.add_supported_context(links.VERIFICATION)
    server = entity.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_ECHO, lambda _event: 0)]
    )
    try:
        with console.cloud.database.session() as session:
            for port in (server.server_address[1], closed_port):
                facts = LinkFacts(str(port), LinkKind.DICOM, "127.0.0.1", port, "PEER")
                links.add(session, console.actor("administrator"), console.hospital.id, facts)
        assert links.check_all(console.cloud) == 1
    finally:
        server.shutdown()
    with console.cloud.database.session() as session:
        found = {one.port: one.failure for one in session.scalars(select(TransferLink))}
    assert found == {server.server_address[1]: "", closed_port: "no_association"}
