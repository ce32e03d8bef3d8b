"""Attack strings in names, tags and addresses are shown as text; what is no image is refused; a
change needs its token; pages allow no script but ours (F-40)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from pydicom.uid import generate_uid
from sqlalchemy import select

from server.cloud import ImageCloud
from server.ingest import ingest_paths
from server.model import Account, Institution, Person, Report, ReportStatus, Study
from tests.factories import SignInFacts, make_institution, make_study
from tests.imaging.conftest import as_file, ct_slice, phantom
from tests.visitor import Visitor

SCRIPT = "<script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(2)>"
TEMPLATE = "{{ 7 * 191 }}"
QUERY = "' OR '1'='1'; DROP TABLE study; --"


def raw(visitor: Visitor) -> bool:
    """Whether an attack string stands in the page as markup, or was computed."""
    return SCRIPT in visitor.text or IMAGE in visitor.text or "1337" in visitor.text


@pytest.mark.requirement("F-40")
def test_what_others_wrote_is_text(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> None:
    hospital = make_institution(cloud, name=f"示范{SCRIPT}医院")
    study = make_study(
        cloud, person_id=patient.person_id, institution=hospital, report=None,
        description=f"胸部{IMAGE}", accession_number=QUERY, body_part=TEMPLATE,
    )  # fmt: skip
    with cloud.database.session() as session:
        session.get_one(Person, patient.person_id).name = f"张{SCRIPT}"
        session.add(
            Report(
                study_id=study.study_id, status=ReportStatus.REVIEWED, exam_item=IMAGE,
                findings=f"{SCRIPT}{TEMPLATE}", impression=IMAGE, reporting_physician=SCRIPT,
            )
        )  # fmt: skip
    visitor = Visitor(app).be(cloud, patient)
    for address in ("/studies", f"/studies/{study.study_id}/report", "/account", "/shares"):
        visitor.get(address)
        assert not raw(visitor), address
    visitor.get(f"/studies/{study.study_id}/report")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in visitor.text
    assert "{{ 7 * 191 }}" in visitor.text


@pytest.mark.requirement("F-40")
def test_what_is_asked_for_is_text(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> None:
    study = make_study(cloud, person_id=patient.person_id)
    visitor = Visitor(app).be(cloud, patient)
    for attack in (SCRIPT, IMAGE, TEMPLATE, QUERY):
        found = visitor.client.get("/studies", query_string={"text": attack, "modality": attack})
        assert found.status_code in {200, 422}
        page = found.get_data(as_text=True)
        assert SCRIPT not in page and IMAGE not in page and "1337" not in page
        assert study.study_id not in page, "nothing fits, and no condition was widened"
        assert visitor.client.get(f"/studies/{quote(attack, safe='')}").status_code == 404
        refused = Visitor(app)
        refused.get("/login")
        refused.submit("/login", login=attack, password=attack)
        assert refused.path == "/login" and not raw(refused)
    with cloud.database.session() as session:
        assert session.scalars(select(Study.study_id)).all() == [study.study_id]
        assert session.get(Account, patient.account_id) is not None


@pytest.mark.requirement("F-40")
def test_tags_of_an_image_are_text_and_what_is_none_is_refused(
    app: Flask, cloud: ImageCloud, patient: SignInFacts, tmp_path: Path
) -> None:
    hospital, folder = make_institution(cloud), tmp_path / "delivery"
    folder.mkdir()
    dataset = ct_slice(
        phantom(1), 1, generate_uid(), PatientName=SCRIPT, StudyDescription=IMAGE,
        SeriesDescription=TEMPLATE, PatientID="P1", StudyInstanceUID=generate_uid(),
        StudyDate="20260504", StudyTime="101500",
    )  # fmt: skip
    (folder / "image.dcm").write_bytes(as_file(dataset))
    (folder / "page.dcm").write_bytes(f"<html>{SCRIPT}</html>".encode())
    (folder / "program.dcm").write_bytes(b"\x7fELF" + bytes(500))
    (folder / "archive.zip").write_bytes(b"PK\x03\x04" + bytes(40))
    summary = ingest_paths(
        cloud, [folder], institution_code=hospital.code, person_id=patient.person_id
    )
    assert (summary.stored, len(summary.rejected)) == (1, 3)
    visitor = Visitor(app).be(cloud, patient)
    with cloud.database.session() as session:
        study = session.scalars(select(Study)).one()
        session.add(Report(study_id=study.study_id, status=ReportStatus.REVIEWED))
        assert session.get(Institution, hospital.id) is not None
    for address in ("/studies", f"/studies/{study.study_id}", f"/studies/{study.study_id}/report"):
        visitor.get(address)
        assert not raw(visitor), address


@pytest.mark.requirement("F-40")
def test_a_change_needs_its_token_and_pages_take_no_other_scripts(
    app: Flask, cloud: ImageCloud, patient: SignInFacts
) -> None:
    visitor = Visitor(app).be(cloud, patient)
    assert visitor.client.post("/account/devices/sign-out-others").status_code == 400
    policy = visitor.client.get("/studies").headers["Content-Security-Policy"]
    rules = dict(one.strip().partition(" ")[::2] for one in policy.split(";") if one.strip())
    assert "unsafe-inline" not in policy and rules["object-src"] == "'none'"
    assert rules["base-uri"] == "'none'" and "form-action" in rules
    assert rules["script-src"].startswith("'nonce-") or "'self'" in rules["script-src"]
