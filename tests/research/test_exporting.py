"""Images for research leave after two people and an authority agreed, and nobody is in them."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from flask import Flask

from portal.app import create_app
from server.cloud import ImageCloud
from server.ingest import ingest_paths
from server.model import AuditEvent, ExportRequest, Person, Role, Study
from tests.factories import make_account, make_institution, make_person
from tests.imaging.conftest import as_file, ct_slice, phantom
from tests.visitor import Visitor

NUMBER = "渝医保科〔2026〕7号"
NAME, PHONE = "欧阳某某", "13800138000"


@pytest.fixture
def approving(cloud: ImageCloud, tmp_path: Path) -> ImageCloud:
    """A cloud whose authority approved of one research project."""
    path = tmp_path / "approvals.json"
    row = {"name": NUMBER, "uses": ["research"], "authority": "市医保局", "until": "2099-01-01"}
    path.write_text(json.dumps([row]), encoding="utf-8")
    return replace(cloud, settings=replace(cloud.settings, data_use_approvals_file=path))


def store(cloud: ImageCloud, folder: Path) -> None:
    """Two studies of one person: slices that may leave, one of unknown kind that may not."""
    hospital = make_institution(cloud, name="机密示范医院")
    folder.mkdir()
    series = pydicom.uid.generate_uid()
    study_uid = pydicom.uid.generate_uid()
    for number in (1, 2, 3):
        dataset = ct_slice(
            phantom(number), number, series, SpecificCharacterSet="ISO_IR 192",
            StudyInstanceUID=study_uid, PatientName=f"Ouyang^Moumou={NAME}", PatientID="GEHEIM-77",
            AccessionNumber="ACC-998877", StudyDate="20260301", InstitutionName="机密示范医院",
            ReferringPhysicianName="Li^Yisheng=李医生", PatientBirthDate="19770317",
        )  # fmt: skip
        if number == 3:
            dataset.BurnedInAnnotation = "YES"
        (folder / f"{number}.dcm").write_bytes(as_file(dataset))
    assert ingest_paths(cloud, [folder], institution_code=hospital.code).stored == 3
    person = make_person(cloud, name=NAME, phone=PHONE)
    with cloud.database.session() as session:
        session.query(Study).one().person_id = person.id


@pytest.mark.requirement("F-23", "F-26", "J-56")
def test_images_leave_after_two_people_and_nobody_is_in_them(
    approving: ImageCloud, tmp_path: Path
) -> None:
    cloud = approving
    store(cloud, tmp_path / "delivery")
    app = create_app(cloud)
    people = {
        name: Visitor(app).be(cloud, make_account(cloud, name, role=Role.ADMINISTRATOR))
        for name in ("r.asking", "r.approving")
    }
    asking, approver = people.values()
    address = "/admin/exports/research"
    assert asking.get(address).status_code == 200
    wrong = asking.submit(address, approval="none", reason="肺结节筛查算法研究")
    assert wrong.status_code == 422
    asking.get(address)
    asking.submit(address, approval=NUMBER, reason="肺结节筛查算法研究",
        since="2026-01-01", until="2026-12-31", modality="CT")  # fmt: skip
    with cloud.database.session() as session:
        export_id = session.query(ExportRequest).one().export_id
    file = f"/admin/exports/{export_id}/file"
    assert asking.client.get(file).status_code == 303  # not yet
    asking.get("/admin/exports")
    assert NUMBER in asking.text
    asking.client.post(f"/admin/exports/{export_id}", data={"verdict": "approve"})
    approver.get("/admin/exports")
    approver.submit(f"/admin/exports/{export_id}", verdict="approve")
    assert approver.client.get(file).status_code == 404  # who approved does not get it
    answer = asking.client.get(file)
    assert answer.status_code == 200
    data = answer.get_data()
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        names = packed.namelist()
        objects = [packed.read(one) for one in names if one.endswith(".dcm")]
        readme = packed.read("README.txt").decode()
    assert len(objects) == 2
    assert "packed: 2" in readme and "burnt in: 1" in readme and "over: 0" in readme
    with cloud.database.session() as session:
        study = session.query(Study).one()
        traces = {
            NAME, PHONE, "Ouyang", "GEHEIM-77", "ACC-998877", "机密示范医院", "李医生", "Yisheng",
            "19770317", "20260301", study.study_uid, study.study_id, study.cloud_index,
            session.query(Person).filter_by(name=NAME).one().person_code,
        }  # fmt: skip
        events = [one.event for one in session.query(AuditEvent) if one.object_id == export_id]
    for trace in traces:
        for encoding in ("utf-8", "gb18030"):
            assert trace.encode(encoding) not in data, trace
    assert events == ["export.request", "export.approve", "export.download"]
    first, second = (pydicom.dcmread(io.BytesIO(one)) for one in objects)
    assert first.StudyInstanceUID == second.StudyInstanceUID
    assert (
        first.pixel_array == phantom(1)
    ).all() or first.pixel_array.shape == second.pixel_array.shape


def test_others_may_not_ask(app: Flask, cloud: ImageCloud) -> None:
    for role in (Role.AUDITOR, Role.INSTITUTION_ADMINISTRATOR, Role.DOCTOR, Role.PATIENT):
        hospital = make_institution(cloud) if role is Role.INSTITUTION_ADMINISTRATOR else None
        facts = make_account(cloud, f"r.{role}", role=role, institution=hospital)
        visitor = Visitor(app).be(cloud, facts)
        assert visitor.client.get("/admin/exports/research").status_code == 403, role
