"""A patient takes a study away: proven, packed, behind a password, counted, recorded, cleared."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from pydicom import dcmread
from structlog.testing import capture_logs

from server import downloads
from server.cloud import ImageCloud
from server.model import (
    Download,
    DownloadState,
    Instance,
    Report,
    ReportStatus,
    Series,
    Study,
)
from tests.factories import SignInFacts, make_account, make_person
from tests.portal.download_case import PASSWORD, ask, enter, events, knock, row, send
from tests.portal.share_case import ShareCase, make_case
from tests.visitor import Visitor

MINI_PROGRAM = "Mozilla/5.0 (iPhone) MicroMessenger/8.0 miniProgram/wx0"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 5, 1, 1, 0, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def case(
    clock: time_machine.Traveller, app: Flask, cloud: ImageCloud, patient: SignInFacts
) -> ShareCase:
    return make_case(app, cloud, patient)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def asked_for(case: ShareCase) -> int:
    with case.cloud.database.session() as session:
        return session.query(Download).count()


@pytest.mark.requirement("A-33", "A-34")
def test_one_study_comes_whole_with_its_directory_a_read_me_and_the_report(case: ShareCase) -> None:
    asked = ask(case)
    assert PASSWORD in asked.page
    visitor = enter(case, asked)
    assert "README.HTM" in visitor.get(asked.base).get_data(as_text=True)
    answer = visitor.client.get(asked.archive)
    assert answer.status_code == 200
    packed = zipfile.ZipFile(io.BytesIO(answer.data))
    assert packed.testzip() is None
    assert packed.read("REPORT.PDF").startswith(b"%PDF-")
    readme = packed.read("README.HTM").decode()
    assert "DICOMDIR" in readme and "How to open" in readme and "//" not in readme
    with case.cloud.database.session() as session:
        data_key = session.get_one(Study, case.study_id).data_key
        wanted = session.query(Instance.object_key).join(Series).filter_by(study_id=case.study_id)
        stored = sorted(digest(case.cloud.vault.read(data_key, one[0])) for one in wanted)
    directory = dcmread(io.BytesIO(packed.read("DICOMDIR")))
    listed = [
        "/".join(one.ReferencedFileID)
        for one in directory.DirectoryRecordSequence
        if "ReferencedFileID" in one
    ]
    assert sorted(digest(packed.read(one)) for one in listed) == stored
    assert set(packed.namelist()) == {*listed, "DICOMDIR", "README.HTM", "REPORT.PDF"}


@pytest.mark.requirement("A-16", "F-64")
def test_a_withdrawn_report_leaves_in_no_archive(
    case: ShareCase, clock: time_machine.Traveller
) -> None:
    asked = ask(case)
    visitor = enter(case, asked)
    assert visitor.client.get(asked.archive).status_code == 200
    with case.cloud.database.session() as session:
        report = session.query(Report).filter_by(study_id=case.study_id).one()
        report.status = ReportStatus.WITHDRAWN
        version = report.version
    assert visitor.client.get(asked.archive).status_code == 410
    assert knock(case, asked)[1].status_code == 410
    clock.shift(timedelta(minutes=1))
    with case.cloud.database.session() as session:
        mended = Report(study_id=case.study_id, version=version + 1, status=ReportStatus.REVIEWED)
        session.add(mended)
    assert visitor.client.get(asked.archive).status_code == 410, "the old one still lies in it"
    anew = ask(case)
    assert enter(case, anew).client.get(anew.archive).status_code == 200


@pytest.mark.requirement("A-34", "A-50")
def test_an_amended_report_leaves_no_old_one_in_an_archive(
    case: ShareCase, clock: time_machine.Traveller
) -> None:
    with case.cloud.database.session() as session:
        first = session.query(Report).filter_by(study_id=case.study_id).one().version
        draft = Report(study_id=case.study_id, version=first + 1, status=ReportStatus.DRAFT)
        session.add(draft)
    clock.shift(timedelta(minutes=1))
    asked = ask(case)
    visitor = enter(case, asked)
    assert visitor.client.get(asked.archive).status_code == 200, "a draft changes nothing"
    with case.cloud.database.session() as session:
        session.query(Report).filter_by(version=first + 1).one().status = ReportStatus.REVIEWED
    assert visitor.client.get(asked.archive).status_code == 410
    assert "报告已更正" in case.giver.get("/downloads").text
    anew = ask(case)
    assert enter(case, anew).client.get(anew.archive).status_code == 200


@pytest.mark.requirement("A-33")
def test_who_signed_in_long_ago_proves_himself_again(
    case: ShareCase, clock: time_machine.Traveller
) -> None:
    clock.shift(downloads.FRESH + timedelta(seconds=1))
    answer = case.giver.client.get(f"/studies/{case.study_id}/download")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login?again=1")
    case.app.config["WTF_CSRF_ENABLED"] = False
    fields = {"password": PASSWORD, "agreed": "y", "token": "x" * 22, "lifetime": "1"}
    posted = case.giver.client.post(f"/studies/{case.study_id}/download", data=fields)
    assert posted.status_code == 303
    assert asked_for(case) == 0


@pytest.mark.requirement("A-34")
@pytest.mark.parametrize("fields", [{"password": ""}, {"password": "12345"}, {"agreed": ""}])
def test_there_is_none_without_password_or_consent(case: ShareCase, fields: dict[str, str]) -> None:
    assert send(case, **fields).status_code == 422
    assert asked_for(case) == 0


@pytest.mark.requirement("A-34")
def test_the_link_asks_for_the_password_and_locks(
    case: ShareCase, clock: time_machine.Traveller
) -> None:
    asked = ask(case, lifetime="24")
    assert case.stranger().client.get(asked.archive).status_code == 410
    tries = case.cloud.settings.share_tries
    codes = [knock(case, asked, "falsch-1")[1].status_code for _ in range(tries)]
    assert codes == [422] * tries
    locked = knock(case, asked)[1]
    assert locked.status_code == 429
    assert int(locked.headers["Retry-After"]) > 0
    other = ask(case)  # another link, opened from behind the same address
    assert enter(case, other).client.get(other.archive).status_code == 200
    clock.shift(timedelta(minutes=case.cloud.settings.lock_minutes, seconds=1))
    assert enter(case, asked).client.get(asked.archive).status_code == 200


@pytest.mark.requirement("A-34")
def test_expiry_ends_the_link_and_clears_the_bytes(
    case: ShareCase, clock: time_machine.Traveller
) -> None:
    asked = ask(case, lifetime="1")
    visitor = enter(case, asked)
    assert list(case.cloud.vault.store.keys(row(case, asked).object_prefix))
    clock.shift(timedelta(hours=1))
    assert visitor.client.get(asked.archive).status_code == 410
    assert knock(case, asked)[1].status_code == 410
    assert downloads.remove_ended(case.cloud) == 1
    assert list(case.cloud.vault.store.keys("downloads")) == []
    assert row(case, asked).removed_at is not None
    assert downloads.remove_ended(case.cloud) == 0


@pytest.mark.requirement("A-34")
def test_the_patient_sees_each_opening_and_whether_it_was_fetched_whole(case: ShareCase) -> None:
    asked = ask(case)
    visitor = enter(case, asked)
    assert len(visitor.client.get(asked.archive, headers={"Range": "bytes=0-99"}).data) == 100
    case.giver.get(f"/downloads/{asked.download_id}")
    assert "1 / 5" in case.giver.text and "未完成" in case.giver.text
    assert len(visitor.client.get(asked.archive).data) == row(case, asked).size
    case.giver.get(f"/downloads/{asked.download_id}")
    assert "未完成" not in case.giver.text and "手机" in case.giver.text
    case.giver.get("/downloads")
    assert "胸部CT平扫" in case.giver.text
    assert events(case, asked) == ["download.create", "download.open", "download.complete"]


def test_it_opens_five_times_and_no_more(case: ShareCase) -> None:
    asked = ask(case)
    codes = [knock(case, asked)[1].status_code for _ in range(6)]
    assert codes == [303] * 5 + [410]


def test_the_archive_lies_encrypted_and_the_password_hashed(case: ShareCase) -> None:
    asked = ask(case)
    store = case.cloud.vault.store
    stored = b"".join(store.get(key) for key in store.keys(row(case, asked).object_prefix))
    assert len(stored) > row(case, asked).size
    assert b"DICM" not in stored and b"README" not in stored
    home = case.cloud.settings.home
    kept = b"".join(path.read_bytes() for path in home.glob("yingyun.db*"))
    assert asked.download_id.encode() in kept and PASSWORD.encode() not in kept


def test_the_password_is_in_no_log_and_no_header(case: ShareCase) -> None:
    with capture_logs() as logs:
        asked = ask(case)
        visitor, answer = knock(case, asked)
        visitor.client.get(asked.archive)
    assert PASSWORD not in str(logs) + str(answer.headers)
    assert asked.download_id not in str([one for one in logs if one["event"] == "request"])


def test_a_mini_program_says_what_to_do_instead(case: ShareCase) -> None:
    asked = ask(case)
    visitor = enter(case, asked)
    for one in (visitor, case.giver):
        one.client.environ_base["HTTP_USER_AGENT"] = MINI_PROGRAM
    visitor.get(asked.base)
    assert "小程序内不能下载文件" in visitor.text and "study.zip" not in visitor.text
    assert visitor.client.get(asked.archive).status_code == 303
    case.giver.get(f"/studies/{case.study_id}/download")
    assert "小程序内不能下载文件" in case.giver.text


def test_sending_the_form_again_packs_nothing_twice(case: ShareCase) -> None:
    address = f"/studies/{case.study_id}/download"
    case.giver.get(address)
    form = next(one for one in case.giver.forms() if one.action == "")
    data = form.fields | {"password": PASSWORD, "agreed": "y"}
    codes = [case.giver.client.post(address, data=data).status_code for _ in range(2)]
    assert codes == [200, 303]
    assert asked_for(case) == 1


def test_nobody_else_asks_sees_or_deletes(case: ShareCase, app: Flask, cloud: ImageCloud) -> None:
    asked = ask(case)
    other = Visitor(app).be(cloud, make_account(cloud, "lisi", person=make_person(cloud, "李四")))
    app.config["WTF_CSRF_ENABLED"] = False
    assert other.client.get(f"/studies/{case.study_id}/download").status_code == 403
    for path in (f"/downloads/{asked.download_id}", f"/downloads/{asked.download_id}/progress"):
        assert other.client.get(path).status_code == 404
    assert other.client.post(f"/downloads/{asked.download_id}/revoke").status_code == 404
    assert asked.download_id not in other.get("/downloads").get_data(as_text=True)
    assert row(case, asked).revoked_at is None


def test_a_study_that_cannot_be_packed_says_so(case: ShareCase) -> None:
    with case.cloud.database.session() as session:
        for series in session.get_one(Study, case.study_id).series:
            for instance in list(series.instances):
                session.delete(instance)
    asked = ask(case)
    assert row(case, asked).state == DownloadState.FAILED
    case.giver.get(f"/downloads/{asked.download_id}")
    assert "打包失败" in case.giver.text
    assert knock(case, asked)[1].status_code == 410
