"""One way in for all: the same codes, one version of the API, three forms of one service."""

from __future__ import annotations

import enum
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from examples.yingyun_client import ClientSecret, CloudRefusedError, Patient, YingyunClient
from portal.index import create_index_app
from server import model
from server.clients import Scope
from server.cloud import ImageCloud
from server.code_list import CODE_LISTS
from server.external_data import Measure
from server.gateway import cache_client
from server.launches import Opens
from server.master_index import delivery as platform_delivery
from server.outbox import delivery
from server.provinces import elsewhere, fetching
from server.quality.dimensions import Grade
from tests.factories import SignInFacts
from tests.launches.case import PATIENT_ID, LaunchCase, make_launch_case

VERSION = "/api/v1/"
README = Path(__file__).resolve().parents[2] / "README.md"
# What several modules write into their tables and tell each other.
SHARED: dict[str, type[enum.StrEnum]] = {
    "purpose": model.CarePurpose,
    "opens": Opens,
    "authorisation_method": model.AuthorisationMethod,
    "authorisation_state": model.AuthorisationState,
    "cache_application_state": model.ApplicationState,
    "exam_stage": model.ExamStage,
    "quality_grade": Grade,
    "quality_outcome": model.QualityOutcome,
    "recognition_outcome": model.RecognitionOutcome,
    "report_status": model.ReportStatus,
    "health_measure": Measure,
}


@pytest.mark.requirement("D-04")
def test_all_modules_share_one_list_of_codes_and_one_version(app: Flask, cloud: ImageCloud) -> None:
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    assert document["info"]["version"] == "1"
    assert document["x-code-lists"] == CODE_LISTS
    assert all(path.startswith(VERSION) for path in document["paths"])
    lists = [set(one) for one in CODE_LISTS.values()]
    for name, schema in document["components"]["schemas"].items():
        if "enum" in schema:  # a code of ours, not a switch of one address
            assert set(schema["enum"]) in lists, f"{name} is in no list of codes"
    for name, kind in SHARED.items():
        assert {one.value for one in kind} - {""} == set(CODE_LISTS[name]), name
    index = {one.rule for one in create_index_app(cloud).url_map.iter_rules()}
    assert all(one.startswith(VERSION) for one in index if "/api/" in one)
    assert {one.rule for one in app.url_map.iter_rules() if one.rule.startswith("/api/")} >= {
        elsewhere.CENTRE_QUERY_PATH,
        fetching.RELEASE_PATH,
    }
    assert {elsewhere.INDEX_QUERY_PATH, delivery.ENTRIES_PATH} <= index
    for path in (cache_client.PATH, platform_delivery.IMAGES_PATH):
        assert path.startswith(VERSION)


@pytest.fixture
def served(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> Iterator[tuple[LaunchCase, str]]:
    """A hospital's case and the address at which the product is served."""
    case = make_launch_case(app, cloud, patient)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield case, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.requirement("D-03")
def test_the_same_study_by_rest_by_the_sdk_and_on_a_web_page(
    served: tuple[LaunchCase, str],
) -> None:
    case, address = served
    document = case.app.test_client().get("/api/v1/openapi.json").get_json()
    operation = document["paths"]["/api/v1/studies/search"]["post"]
    assert operation["security"] == [{"client": ["index.read"]}]
    fields = document["components"]["schemas"]["IndexedStudy"]["properties"]
    system = YingyunClient(address, ClientSecret(case.client_id, case.secret))
    (found,) = system.studies(Patient(PATIENT_ID))
    assert set(found) == set(fields)
    with case.cloud.database.session() as session:
        client = session.get_one(model.InstitutionClient, case.client_id)
        client.scopes = [str(Scope.RECORDS_WRITE), str(Scope.DATA_SETS_READ)]
    system = YingyunClient(address, ClientSecret(case.client_id, case.secret))
    exam = {
        "accession_number": found["accession_number"],
        "patient_id": PATIENT_ID,
        "patient_name": "张三丰",
        "modality": "CT",
    }
    assert system.tell_exam(exam)["studies"] == 1
    report = {
        "study_uid": found["study_uid"],
        "patient_id": PATIENT_ID,
        "status": "reviewed",
        "findings": "双肺纹理清晰。",
        "impression": "未见异常。",
        "reported_at": "2026-03-01T11:00:00+08:00",
        "reporting_physician": "王医生",
        "reviewing_physician": "赵医生",
    }
    assert system.upload_report(report) == 2
    data_set = system.data_set(cloud_index=found["cloud_index"])
    assert data_set["reports"][0]["findings"] == "双肺纹理清晰。"
    with pytest.raises(CloudRefusedError) as refusal:
        system.images_by_master_index("QY1")
    assert refusal.value.status == 403, "another scope"
    page = case.shared.giver.get(f"/studies/{case.study_id}").get_data(as_text=True)
    assert found["cloud_index"] in page
    assert found["description"] in page


@pytest.mark.requirement("D-51")
def test_the_readme_maps_every_layer_to_modules_that_are_there() -> None:
    part = README.read_text(encoding="utf-8").split("\n## 平台的层次")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    layers = [[cell.strip() for cell in row] for row in rows[2:]]
    told = {name.split(" / ")[0] for name, _what, _modules in layers if name.strip()}
    assert told == {"数据层", "服务层", "应用层", "采集服务"}
    parts = {what.split(" / ")[0] for _name, what, _modules in layers}
    assert parts >= {
        "影像", "患者", "检查", "报告", "日志", "图片服务", "WEB 服务", "访问服务", "音视频服务",
        "监控日志服务", "医生端", "患者端", "医院端",
    }  # fmt: skip
    for _name, what, modules in layers:
        named = re.findall(r"`([^`]+)`", modules)
        assert named, what
        assert [one for one in named if not (README.parent / one).exists()] == []
