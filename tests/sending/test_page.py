"""The page of one-click send: nodes, choice, state in words; for doctors of the hospital alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from portal.app import create_app
from server.cloud import ImageCloud
from server.model import AuditEvent, Role, Sending
from tests.factories import make_account, make_institution
from tests.sending.case import NODE, SendingCase, free_port, make_sending_case, received, storescp
from tests.visitor import Visitor

needs_dcmtk = pytest.mark.skipif(not shutil.which("storescp"), reason="DCMTK is not installed")


def enter(case: SendingCase) -> tuple[Visitor, str]:
    app = create_app(case.cloud)
    return Visitor(app).be(case.cloud, case.doctor), f"/doctor/studies/{case.study_id}/sending"


@needs_dcmtk
@pytest.mark.requirement("C-26")
def test_a_doctor_sends_and_sees_that_it_is_done(cloud: ImageCloud, tmp_path: Path) -> None:
    port = free_port()
    case = make_sending_case(cloud, port)
    doctor, page = enter(case)
    assert doctor.get(page).status_code == 200
    assert NODE in doctor.text and f"127.0.0.1:{port}" in doctor.text
    assert "还没有发送过" in doctor.text
    with storescp(tmp_path / "in", port, "--accept-all") as folder:
        assert doctor.submit(page, node=NODE, purpose="care").status_code == 200
        assert received(folder) == case.hashes
    assert "已发送 6 个对象" in doctor.text and "整个检查" in doctor.text
    assert "every 2s" not in doctor.text
    with cloud.database.session() as session:
        events = [one.event for one in session.query(AuditEvent)]
    assert "dicom.send.order" in events and "dicom.send" in events


@pytest.mark.requirement("C-26")
def test_a_node_that_is_down_is_told_in_words(cloud: ImageCloud) -> None:
    case = make_sending_case(cloud, free_port())
    doctor, page = enter(case)
    doctor.get(page)
    doctor.submit(page, node=NODE, what="series", series=case.series_ids[0], purpose="care")
    assert "连接不上该节点" in doctor.text and "已发送 0 / 4" in doctor.text
    part = doctor.client.get(page, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "连接不上该节点" in part and "<form" not in part


def test_while_it_goes_the_page_follows(cloud: ImageCloud) -> None:
    case = make_sending_case(cloud, free_port())
    case.order()
    doctor, page = enter(case)
    doctor.get(page)
    assert "排队中" in doctor.text
    assert 'hx-trigger="every 2s"' in doctor.text and 'http-equiv="refresh"' in doctor.text


def test_what_cannot_be_sent_is_refused_in_words(cloud: ImageCloud) -> None:
    case = make_sending_case(cloud, free_port())
    doctor, page = enter(case)
    for fields, words in (
        ({"node": "another"}, "请选择要发送到的节点"),
        ({"node": NODE, "what": "series"}, "请至少选择一个序列"),
        ({"node": NODE, "what": "series", "series": "0" * 22}, "序列不属于此检查"),
    ):
        doctor.get(page)
        doctor.submit(page, **({"purpose": "care"} | fields))
        assert words in doctor.text
    with cloud.database.session() as session:
        assert session.query(Sending).count() == 0


def test_without_nodes_or_with_a_bad_file_the_page_says_so(cloud: ImageCloud) -> None:
    case = make_sending_case(cloud, free_port())
    path = case.cloud.settings.dicom_nodes_file
    assert path is not None
    doctor, page = enter(case)
    path.write_text("[]")
    assert "还没有可发送的节点" in doctor.get(page).get_data(as_text=True)
    path.write_text("{")
    assert "配置文件有误" in doctor.get(page).get_data(as_text=True)


@pytest.mark.requirement("F-07")
def test_nobody_else_sends(cloud: ImageCloud) -> None:
    case = make_sending_case(cloud, free_port())
    app: Flask = create_app(replace(case.cloud), {"WTF_CSRF_ENABLED": False})
    other = make_institution(cloud)
    page = f"/doctor/studies/{case.study_id}/sending"
    stranger = make_account(cloud, "dr.other", role=Role.DOCTOR, institution=other)
    for one in (stranger, make_account(cloud, "someone")):
        visitor = Visitor(app).be(cloud, one)
        assert visitor.client.get(page).status_code in {403, 404}
        assert visitor.client.post(page, data={"node": NODE}).status_code in {403, 404}
        own = visitor.client.post(f"/studies/{case.study_id}/sending", data={"node": NODE})
        assert own.status_code == 404
    with cloud.database.session() as session:
        assert session.query(Sending).count() == 0


def test_a_form_without_a_token_is_refused(cloud: ImageCloud) -> None:
    case = make_sending_case(cloud, free_port())
    doctor, page = enter(case)
    assert doctor.client.post(page, data={"node": NODE}).status_code == 400
