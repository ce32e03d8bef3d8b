"""What the console shows of front machines, retention, recalls, backups, keys, nodes, duties."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.app import create_app
from server import alarms, backup, clock, gateways, transfers
from server.archive import recalls
from server.backup.drilling import DrillResult
from server.centre import quality_duties
from server.clients import keeping
from server.clients.scopes import Scope
from server.model import (
    ArchiveDecision,
    AuditEvent,
    DataKey,
    Duty,
    QualityResult,
    Role,
    Study,
    StudyArchive,
    Tier,
)
from server.quality import manual
from tests.centre.conftest import Console
from tests.factories import make_account, make_study
from tests.visitor import Visitor


@pytest.mark.requirement("E-18")
def test_rules_are_checked_and_given_to_a_front_machine(console: Console) -> None:
    with console.cloud.database.session() as session:
        made = keeping.register(
            session, institution=console.hospital, name="前置机一", origins=[],
            scopes=[Scope.GATEWAY],
        )  # fmt: skip
        number = made.client.client_id
        state = {"spool": {"waiting": {"objects": 7, "bytes": 70}}, "free_megabytes": 9000}
        gateways.hear(session, number, version="1.2.3", state=state)
    visitor = console["administrator"]
    page = visitor.get("/admin/gateways").get_data(as_text=True)
    assert all(word in page for word in ("前置机一", "在线", "1.2.3", "9,000 MB"))
    address = f"/admin/gateways/{number}"
    visitor.get(address)
    visitor.submit(f"{address}/rules", keep_days="0")
    assert "请核对" in visitor.text
    visitor.get(address)
    chosen = {"compression": "jpeg-ls", "fetch_by": "get"}
    visitor.submit(f"{address}/rules", **chosen, emergency_sources="CT1， DR2")
    assert "第 1 版" in visitor.text
    with console.cloud.database.session() as session:
        answer = gateways.hear(session, number, version="1.2.3", state=state)
        assert answer.rules["compression"] == "jpeg-ls"
        assert answer.rules["emergency_sources"] == ["CT1", "DR2"]
        assert answer.rules["stop_blank"] is True
        (noted,) = session.scalars(select(AuditEvent).where(AuditEvent.event == "gateway.rules"))
        assert noted.actor == f"account:{console.facts['administrator'].account_id}"
        session.get_one(type(answer), number).last_seen_at = clock.now() - timedelta(minutes=6)
    assert "失联" in visitor.get("/admin/gateways").get_data(as_text=True)
    assert "下发规则" not in console["own"].get(address).get_data(as_text=True)
    form = next(one for one in visitor.forms() if one.fields.get("csrf_token"))
    assert console["own"].client.post(f"{address}/rules", data=form.fields).status_code in {
        400,
        403,
    }


@pytest.mark.requirement("D-33")
def test_two_administrators_decide_about_keeping(console: Console) -> None:
    study = make_study(console.cloud, person_id=None, institution=console.hospital)
    first, second = console["administrator"], console["other"]
    first.get("/admin/retention")
    first.submit("/admin/retention", study=study.cloud_index, kind="hold", reason="诉讼保全")
    assert "等待另一位管理员决定" in first.text and "须由另一位管理员决定" in first.text
    with console.cloud.database.session() as session:
        number = session.scalars(select(ArchiveDecision)).one().decision_id
    assert "等待您决定的处置" in second.get("/admin").get_data(as_text=True)
    second.get("/admin/retention")
    second.submit(f"/admin/retention/{number}", verdict="approve")
    assert "已批准，立即生效" in second.text
    with console.cloud.database.session() as session:
        assert session.get_one(StudyArchive, study.study_id).legal_hold
    first.submit("/admin/retention", study="no-such-study", kind="erase", reason="x")
    assert "没有这次检查" in first.text
    first.submit("/admin/retention", study=study.cloud_index, kind="delete", reason="x")
    assert "保全状态" in first.text


def test_what_is_past_its_retention_is_deleted_by_two(console: Console) -> None:
    long_ago = clock.now() - timedelta(days=31 * 366)
    study = make_study(
        console.cloud, person_id=None, institution=console.hospital,
        study_datetime=long_ago, received_at=long_ago,
    )  # fmt: skip
    first, second = console["administrator"], console["other"]
    first.get("/admin/retention")
    assert f'value="{study.study_id}"' in first.text
    first.submit("/admin/retention", study=study.study_id, kind="delete", reason="保存期满")
    with console.cloud.database.session() as session:
        number = session.scalars(select(ArchiveDecision)).one().decision_id
    assert not any(one.action.endswith(number) for one in first.forms()), "not by oneself"
    second.get("/admin/retention")
    second.submit(f"/admin/retention/{number}", verdict="approve")
    assert "影像不可恢复" in second.text
    with console.cloud.database.session() as session:
        data_key = session.get_one(Study, study.study_id).data_key_id
        assert session.get_one(DataKey, data_key).wrapped_key is None


@pytest.mark.requirement("D-43", "D-44", "G-07")
def test_recalls_are_listed_with_their_deadline(console: Console) -> None:
    study = make_study(console.cloud, person_id=None, institution=console.hospital)
    with console.cloud.database.session() as session:
        session.add(StudyArchive(study_id=study.study_id, tier=Tier.COLD))
        session.flush()
        recall = recalls.order(session, study.study_id, None)
    page = console["own"].get("/admin/recalls").get_data(as_text=True)
    assert "排队中" in page and "冷存储" in page
    with console.cloud.database.session() as session:
        session.get_one(type(recall), recall.recall_id).due_at = clock.now()
    assert "超时" in console["own"].get("/admin/recalls").get_data(as_text=True)


@pytest.mark.requirement("F-31", "F-32")
def test_backups_drills_keys_and_nodes_are_told_and_no_key_is(
    console: Console, tmp_path: Path
) -> None:
    peers, nodes = tmp_path / "peers.json", tmp_path / "nodes.json"
    peers.write_text(
        json.dumps([{"name": "PACS", "ae_title": "PACS1", "institution": console.hospital.code,
                     "may": ["store"]}])
    )  # fmt: skip
    nodes.write_text("not json")
    settings = dataclasses.replace(
        console.cloud.settings,
        backup_dir=tmp_path / "backup", dicom_peers_file=peers, dicom_nodes_file=nodes,
    )  # fmt: skip
    cloud = dataclasses.replace(console.cloud, settings=settings)
    visitor = Visitor(create_app(cloud)).be(cloud, console.facts["administrator"])
    assert "还没有演练" in visitor.get("/admin/backups").get_data(as_text=True)
    backup.back_up(cloud, tmp_path / "backup")
    backup.note(cloud, DrillResult(600.0, 90.0, 12, ("a",), 5, ""))
    page = visitor.get("/admin/backups").get_data(as_text=True)
    assert all(word in page for word in ("最近一次备份", "未通过", "10.0", "1.5", "只有一份"))
    with cloud.database.session() as session:
        key = transfers.new_key(cloud, session, console.hospital)
        plain = transfers.export_key(cloud, session, key.key_id).hex()
    page = visitor.get("/admin/keys").get_data(as_text=True)
    assert cloud.master_key.key_id in page and key.key_id in page and "当前封装" in page
    secret = settings.master_key_file.read_text().split()[0]
    assert secret not in page and plain not in page
    page = visitor.get("/admin/nodes").get_data(as_text=True)
    assert "PACS1" in page and "YINGYUN_DICOM_NODES_FILE 无法读取" in page


@pytest.mark.requirement("I-13")
def test_duties_are_given_sampled_and_late_ones_are_an_alarm(console: Console) -> None:
    cloud, visitor = console.cloud, console["own"]
    study = make_study(cloud, person_id=None, institution=console.hospital)
    with cloud.database.session() as session:
        session.add(
            QualityResult(
                study_id=study.study_id, version=1, input_sha256="1", rules_version="1",
                outcome="passed", grade="A", grade_rule="no_defects", completeness=100,
                findings=[], judged_at=clock.now() - timedelta(days=3),
            )
        )  # fmt: skip
    doctor = console.facts["doctor"].account_id
    visitor.get("/admin/duties")
    visitor.submit(f"/admin/duties/{doctor}", duty="technologist")
    assert "已保存" in visitor.text

    def waiting() -> int:
        with cloud.database.session() as session:
            return len(manual.waiting(session, console.hospital.id, Duty.TECHNOLOGIST))

    assert waiting() == 0, "what passed is left alone without a sample"
    plan = {"institution": str(console.hospital.id), "duty": "technologist"}
    visitor.submit("/admin/duties/plan", **plan, sample_percent="101", within_days="7")
    assert "0 到 100" in visitor.text
    visitor.submit("/admin/duties/plan", **plan, sample_percent="100", within_days="7")
    assert waiting() == 1
    assert quality_duties.watch(cloud) == 0
    visitor.submit("/admin/duties/plan", **plan, sample_percent="100", within_days="2")
    assert quality_duties.watch(cloud) == 1
    assert "有超期" in visitor.get("/admin/duties").get_data(as_text=True)
    with cloud.database.session() as session:
        (alarm,) = alarms.open_alarms(session, quality_duties.OVERDUE)
        assert "超过 2 天" in alarm.words
        manual.judge_by_eye(
            session, session.get_one(Study, study.study_id), doctor, Duty.TECHNOLOGIST,
            items=dict.fromkeys(manual.ITEMS, "met"), grade="A", comment="", source="",
        )  # fmt: skip
    assert waiting() == 0 and quality_duties.watch(cloud) == 0
    with cloud.database.session() as session:
        assert alarms.open_alarms(session, quality_duties.OVERDUE) == []
    stranger = make_account(cloud, role=Role.DOCTOR, institution=console.elsewhere)
    token = next(one for one in visitor.forms() if "csrf_token" in one.fields).fields
    answer = visitor.client.post(f"/admin/duties/{stranger.account_id}", data=token)
    assert answer.status_code == 404
