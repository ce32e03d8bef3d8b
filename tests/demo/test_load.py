"""Loading the demo: everything there once, nothing changed by a second run."""

from __future__ import annotations

import pyotp
import pytest
from sqlalchemy import func, select

from portal.app import create_app
from server import accounts, people
from server.cloud import ImageCloud
from server.demo import credentials, samples
from server.demo import people as cast
from server.demo.load import load_demo
from server.demo.shipped import shipped_files, shipped_images
from server.ingest import ingest_paths
from server.model import Account, AuditEvent, Instance, Person, Report, Series, Study, Upload
from server.reports import served_report
from tests.demo.small import small_studies
from tests.visitor import Visitor

TABLES = (Account, AuditEvent, Instance, Person, Report, Series, Study, Upload)


def counts(cloud: ImageCloud) -> list[int | None]:
    with cloud.database.session() as session:
        return [session.scalar(select(func.count()).select_from(table)) for table in TABLES]


def test_loads_once_and_then_changes_nothing(cloud: ImageCloud) -> None:
    studies = small_studies()
    seen: list[tuple[str, int, int]] = []
    first = load_demo(cloud, lambda *step: seen.append(step), studies=studies, shipped=False)
    assert {study.modality for study in first.studies} >= {"CT", "MR", "DX", "US"}
    assert len(first.studies) == len(studies)
    assert seen and all(0 <= done <= total for _, done, total in seen)
    before = counts(cloud)
    second = load_demo(cloud, studies=studies, shipped=False)
    assert second == first
    assert counts(cloud) == before
    assert not list(cloud.settings.home.glob("demo-files-*"))


def test_the_hospital_administrator_reaches_the_reviews(cloud: ImageCloud) -> None:
    summary = load_demo(cloud, studies=(samples.small_draft(),), shipped=False)
    one = next(account for account in summary.accounts if account.login == "admin.shiyi")
    visitor = Visitor(create_app(cloud))
    visitor.get("/login")
    visitor.submit("/login", login=one.login, password=one.password)
    visitor.submit("/login/code", code=pyotp.TOTP(one.totp_secret).now())
    visitor.submit("/consent", decision="agree")
    assert visitor.get("/reviews").status_code == 200 and visitor.path == "/reviews"
    assert "授权复核" in visitor.text


def test_accounts_work_and_the_draft_stays_shut(cloud: ImageCloud) -> None:
    summary = load_demo(
        cloud, studies=(samples.small_draft(), samples.small_stranger()), shipped=False
    )
    one = next(account for account in summary.accounts if account.login == "zhang.shifan")
    with cloud.database.session() as session:
        challenge = accounts.start_sign_in(
            cloud, session, login=one.login, password=one.password, source="test"
        )
    with cloud.database.session() as session:
        code = pyotp.TOTP(one.totp_secret).now()
        signed_in = accounts.finish_sign_in(
            cloud, session, token=challenge.token, code=code, source="test",
            device="test", entry_kind=accounts.EntryKind.of("web"),
        )  # fmt: skip
        guardian = signed_in.account.person_id
        visible = people.visible_persons(session, guardian)
        rows = {study.person_id: study for study in session.scalars(select(Study))}
        stranger = session.scalar(
            select(Person).where(Person.person_code == cast.STRANGER.person_code)
        )
        assert stranger is not None
        assert guardian is not None
        assert len(visible) == 3
        assert stranger.id not in visible
        assert served_report(session, rows[guardian]) is None
        assert served_report(session, rows[stranger.id]) is not None
        assert rows[stranger.id].patient_name == "阿卜杜热合曼·示例"


def test_a_lost_password_file_gives_new_passwords(cloud: ImageCloud) -> None:
    first = load_demo(cloud, studies=(), shipped=False)
    (cloud.settings.home / "secrets" / credentials.FILE_NAME).unlink()
    second = load_demo(cloud, studies=(), shipped=False)
    assert [one.login for one in second.accounts] == [one.login for one in first.accounts]
    old, new = first.accounts[0], second.accounts[0]
    assert old.password != new.password
    with cloud.database.session() as session:
        assert accounts.start_sign_in(
            cloud, session, login=new.login, password=new.password, source="test"
        )
    with cloud.database.session() as session, pytest.raises(accounts.SignInRefused):
        accounts.start_sign_in(
            cloud, session, login=old.login, password=old.password, source="test"
        )


def test_names_in_iso_2022_arrive_as_chinese(cloud: ImageCloud) -> None:
    load_demo(cloud, studies=(samples.small_mr(slices=1, size=32),), shipped=False)
    with cloud.database.session() as session:
        study = session.scalars(select(Study)).one()
        assert (study.patient_name, study.description) == ("李样例", "头颅MRI平扫")


def test_files_of_pydicom_are_taken_or_refused_by_name(cloud: ImageCloud) -> None:
    assert {"CT_small.dcm", "rtplan.dcm", "chrH32.dcm"} <= {path.name for path in shipped_files()}
    images = shipped_images()
    assert "CT_small.dcm" in {path.name for path in images}
    assert "rtplan.dcm" not in {path.name for path in images}
    chosen = [path for path in images if path.name in {"CT_small.dcm", "liver_1frame.dcm"}]
    summary = ingest_paths(cloud, chosen, institution_code=_institution(cloud))
    assert (summary.stored, len(summary.rejected)) == (2, 0)


def _institution(cloud: ImageCloud) -> str:
    load_demo(cloud, studies=(), shipped=False)
    return cast.PROVINCIAL.code
