"""The pages and data of a study, as a patient without scripts and as a program gets them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydicom.uid import generate_uid
from werkzeug.test import TestResponse

from server import people, sharing
from server.cloud import ImageCloud
from server.imaging import prepare
from server.model import Account, Person, ProcessingState, Report, ReportStatus, Series, Study
from server.sharing import ShareScope
from server.sharing.terms import LIFETIMES
from tests.factories import SignInFacts, make_institution, make_person, make_study
from tests.imaging.conftest import add_instance, as_file, ct_slice, phantom
from tests.portal.share_case import Given, knock
from tests.visitor import Visitor
from viewer_py.dicom.pack import HEAD, read_head

PATIENT_ID = "P20260001"
REPORT_LABELS = {
    "医院名称", "患者姓名", "年龄/性别", "检查号", "检查类型", "检查部位", "检查项目名称",
    "申请日期", "检查日期", "报告日期", "影像表现", "诊断意见", "报告/审核医师",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A cloud with one prepared CT of a signed-in patient."""

    app: Flask
    cloud: ImageCloud
    account_id: int
    client: FlaskClient
    study_id: str
    series_id: str

    @property
    def base(self) -> str:
        return f"/studies/{self.study_id}"

    @property
    def series(self) -> str:
        return f"{self.base}/series/{self.series_id}"

    def page(self, path: str = "") -> str:
        answer = self.client.get(f"{self.base}{path}")
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    def share(self, *, show_identity: bool) -> tuple[str, FlaskClient]:
        """Share all of the study; returns share id and a browser that opened it."""
        with self.cloud.database.session() as session:
            new = sharing.create(
                self.cloud,
                session,
                account=session.get_one(Account, self.account_id),
                study=session.get_one(Study, self.study_id),
                lifetime=LIFETIMES[0],
                scope=ShareScope(dicom=True),
                show_identity=show_identity,
            )
            share_id, secret = new.share.share_id, new.secret
        visitor = Visitor(self.app)
        assert knock(visitor, Given(share_id, "", secret, "", "")).status_code == 303
        return share_id, visitor.client

    def revoke(self, share_id: str) -> None:
        with self.cloud.database.session() as session:
            sharing.revoke(session, session.get_one(Account, self.account_id), share_id)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data.strip())


def texts(page: str) -> list[str]:
    """Return the words of a page, piece by piece."""
    parser = _Text()
    parser.feed(page)
    return [part for part in parser.parts if part]


@pytest.fixture
def make(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> Callable[..., Case]:
    """Stores a CT of so many slices, with its report, and prepares it."""

    def make_it(frames: int = 5, *, prepared: bool = True) -> Case:
        study = make_study(
            cloud,
            person_id=patient.person_id,
            series=0,
            description="胸部CT平扫",
            patient_id=PATIENT_ID,
            patient_name=patient.name,
            state=ProcessingState.PENDING,
        )
        with cloud.database.session() as session:
            uid = generate_uid()
            series = Series(series_uid=uid, modality="CT", series_number=2, description="胸部平扫")
            stored = session.get_one(Study, study.study_id)
            stored.series.append(series)
            session.flush()
            for number in range(1, frames + 1):
                # Each slice says whose it is, as hospitals' objects do.
                dataset = ct_slice(
                    phantom(number, 16, 16),
                    number,
                    uid,
                    SpecificCharacterSet="GB18030",
                    PatientName=patient.name,
                    PatientID=PATIENT_ID,
                )
                add_instance(cloud, series, as_file(dataset))
            session.flush()
            series_id = series.series_id
        if prepared:
            prepare.prepare_study(cloud, study.study_id)
        client = Visitor(app).be(cloud, patient).client
        return Case(app, cloud, patient.account_id, client, study.study_id, series_id)

    return make_it


def frame_numbers(answer: TestResponse) -> list[int]:
    """Return the frames of a pack in the order in which they came."""
    data, found = answer.get_data(), []
    while data:
        head = read_head(data)
        found.append(head.frame_index)
        data = data[HEAD.size + head.payload_length :]
    return found


@pytest.mark.requirement("B-01", "B-02", "B-04", "A-51")
def test_the_jpg_page_is_whole_without_scripts(make: Callable[..., Case]) -> None:
    case = make()
    page = case.page()
    assert re.search(r'<img [^>]*width="328" height="233"\s+alt="中国医疗保障"', page)
    with case.cloud.database.session() as session:
        index = session.get_one(Study, case.study_id).cloud_index
    assert index in texts(page)
    assert f'src="{case.series}/pictures/2/full"' in page
    words = texts(page)
    for known in ("胸部平扫", "CT", "张三丰", PATIENT_ID):
        assert any(known in one for one in words), known
    following = re.search(r'data-step="1" href="([^"]+)"', page)
    assert following and "frame=4" in following[1]
    asked = re.findall(r'(?:src|data-captions|data-address)="([^"]+)"', page)
    assert not any("/frames" in one or "manifest" in one for one in asked)


@pytest.mark.requirement("B-05", "A-51")
def test_dicom_asks_first_and_opens_at_the_picture_shown(make: Callable[..., Case]) -> None:
    case = make()
    page = case.page("?frame=2")
    assert "DICOM 格式影像需消耗较多流量，是否继续调阅？" in page
    question = case.page(f"/dicom?series={case.series_id}&frame=2")
    assert "DICOM 格式影像需消耗较多流量，是否继续调阅？" in question
    assert re.search(r"本序列约 \d+\.\d MB，整次检查约 \d+\.\d MB", question)
    assert "data-viewer" not in question
    for found in (page, question):
        confirmed = re.search(r'href="([^"]*confirmed=1[^"]*)"', found)
        assert confirmed and confirmed[1].endswith("frame=2")
        assert f"series={case.series_id}" in confirmed[1]


@pytest.mark.requirement("A-12", "A-19")
def test_the_report_has_the_thirteen_labels(make: Callable[..., Case]) -> None:
    case = make()
    page = case.page("/report")
    labels = re.findall(r"<dt>([^<]+)</dt>", page)
    assert len(labels) == 13 and set(labels) == REPORT_LABELS
    words = texts(page)
    for known in ("第一示范医院", "张三丰", "CT", "2026-03-01", "肺纹理清晰"):
        assert any(known in one for one in words), known


@pytest.mark.requirement("A-16")
@pytest.mark.parametrize(
    ("status", "code"),
    [(ReportStatus.DRAFT, 403), (ReportStatus.WITHDRAWN, 403), (ReportStatus.REVIEWED, 200)],
)
def test_nothing_opens_before_the_review(
    make: Callable[..., Case], status: ReportStatus, code: int
) -> None:
    case = make()
    with case.cloud.database.session() as session:
        session.query(Report).one().status = status
    paths = ["", "/report", "/dicom", "/viewer.json", f"/series/{case.series_id}/frames"]
    paths += [f"/series/{case.series_id}/pictures/0/{kind}" for kind in ("full", "thumbnail")]
    codes = {case.client.get(f"{case.base}{path}").status_code for path in paths}
    assert codes == {code}
    if code == 403:
        refusal = case.client.get(case.base).get_data(as_text=True)
        assert "诊断报告审核完成后即可查看影像" in refusal
        line = case.client.get("/studies").get_data(as_text=True)
        assert "报告审核通过后即可查看" in line and f'href="{case.base}"' not in line


@pytest.mark.requirement("A-09")
def test_family_studies_open_and_those_of_others_do_not(
    make: Callable[..., Case], cloud: ImageCloud, patient: SignInFacts
) -> None:
    case = make()
    other = make_person(cloud, "李四光")
    with cloud.database.session() as session:
        session.get_one(Study, case.study_id).person_id = other.id
    assert case.client.get(case.base).status_code == 403
    assert "李四光" not in case.client.get("/studies").get_data(as_text=True)
    with cloud.database.session() as session:
        link = people.link_family(
            session,
            guardian=session.get_one(Person, patient.person_id),
            member=session.get_one(Person, other.id),
            relation="父母",
        )
        link_id = link.id
    assert case.client.get(case.base).status_code == 200
    line = case.client.get(f"/studies?person={other.id}").get_data(as_text=True)
    assert "李四光" in line and "父母" in line and f'href="{case.base}"' in line
    with cloud.database.session() as session:
        session.delete(session.get_one(type(link), link_id))
    assert case.client.get(f"{case.series}/pictures/0/full").status_code == 403


@pytest.mark.requirement("A-10", "A-14", "A-36")
def test_the_time_line_is_newest_first_with_the_province_of_elsewhere(
    app: Flask, cloud: ImageCloud, patient: SignInFacts
) -> None:
    here = make_institution(cloud)
    there = make_institution(
        cloud, name="样例大学附属医院", province_code="980000", province_name="样例省"
    )
    for institution, month, name in ((here, 2, "甲"), (there, 5, "乙"), (here, 9, "丙")):
        make_study(
            cloud,
            person_id=patient.person_id,
            institution=institution,
            description=name,
            study_datetime=datetime(2025, month, 3, tzinfo=UTC),
        )
    page = Visitor(app).be(cloud, patient).get("/studies").get_data(as_text=True)
    titles = re.findall(r'class="exam-title">\s*<a[^>]*>([^<]+)</a>', page)
    assert titles == ["丙", "乙", "甲"]
    cards = page.split("<article")[1:]
    badges = ["样例省" in card and "badge-province" in card for card in cards]
    assert badges == [False, True, False]


def test_frames_come_nearest_first(make: Callable[..., Case]) -> None:
    case = make()
    wanted = {
        "": [0, 1, 2, 3, 4],
        "?around=1": [1, 0, 2, 3, 4],
        "?around=4&wanted=0-1,3": [3, 1, 0],
        "?around=99&wanted=2": [2],
    }
    for query, order in wanted.items():
        answer = case.client.get(f"{case.series}/frames{query}")
        assert answer.status_code == 200 and answer.mimetype == "application/octet-stream"
        assert answer.headers["Cache-Control"] == "private, no-store"
        found = frame_numbers(answer)
        assert sorted(found) == sorted(order), query
        around = min(int(query[8:].partition("&")[0] or 0), 4)
        distances = [abs(index - around) for index in found]
        assert distances == sorted(distances), query


def test_frames_that_cannot_be_meant_are_refused(make: Callable[..., Case]) -> None:
    case = make()
    for query in ("wanted=3-1", "wanted=5", "wanted=0-", "wanted=a", "wanted=-1", "wanted=0,,1",
                  "around=x", "around=1.5"):  # fmt: skip
        answer = case.client.get(f"{case.series}/frames?{query}")
        assert answer.status_code == 400, query
        assert answer.mimetype == "application/problem+json"
        assert json.loads(answer.get_data())["title"] == "请求无法识别"


@pytest.mark.requirement("A-28", "F-64")
def test_a_revocation_ends_a_stream_that_runs(make: Callable[..., Case]) -> None:
    case = make(20)
    share_id, client = case.share(show_identity=False)
    answer = client.get(f"/s/{share_id}/series/{case.series_id}/frames", buffered=False)
    stream = answer.iter_encoded()
    came = 1 if next(stream) else 0
    case.revoke(share_id)
    came += sum(1 for record in stream if record)
    assert 1 <= came <= 8
    again = client.get(f"/s/{share_id}/series/{case.series_id}/frames?wanted=0")
    assert again.status_code == 410
    assert case.client.get(f"{case.series}/frames?wanted=0").status_code == 200


@pytest.mark.requirement("A-29")
def test_without_revocation_the_same_stream_is_whole(make: Callable[..., Case]) -> None:
    case = make(20)
    share_id, client = case.share(show_identity=False)
    other_id, _ = case.share(show_identity=False)
    case.revoke(other_id)
    answer = client.get(f"/s/{share_id}/series/{case.series_id}/frames")
    assert frame_numbers(answer) == list(range(20))


@pytest.mark.parametrize("show_identity", [False, True])
def test_a_recipient_reads_the_name_only_when_the_giver_says_so(
    make: Callable[..., Case], show_identity: bool
) -> None:
    case = make()
    share_id, client = case.share(show_identity=show_identity)
    base = f"/s/{share_id}"
    paths = [
        "images", "report", "dicom?confirmed=1", "viewer.json",
        f"series/{case.series_id}/manifest.json", f"series/{case.series_id}/captions.json",
    ]  # fmt: skip
    named = {}
    for path in paths:
        answer = client.get(f"{base}/{path}")
        if path.startswith("dicom") and answer.status_code == 503:
            continue  # the browser's runtime is no part of these tests
        assert answer.status_code == 200, path
        words = answer.get_data(as_text=True)
        known = json.dumps(json.loads(words), ensure_ascii=False) if "json" in path else words
        named[path] = ("张三丰" in known, PATIENT_ID in known)
    assert named.pop("viewer.json") == (False, False)
    assert named.pop("report")[0] is show_identity
    assert set(named.values()) == {(show_identity, show_identity)}


@pytest.mark.requirement("A-38")
def test_a_study_being_prepared_says_so_and_asks_again(make: Callable[..., Case]) -> None:
    case = make(prepared=False)
    for path in ("", "/dicom"):
        page = case.page(path)
        assert "影像正在准备" in page and 'http-equiv="refresh"' in page
    assert json.loads(case.page("/viewer.json")) == {"series": []}
    assert case.client.get(f"{case.series}/manifest.json").status_code == 404


@pytest.mark.requirement("A-38", "A-49")
def test_a_study_that_cannot_be_shown_says_so_and_stops_asking(make: Callable[..., Case]) -> None:
    case = make(prepared=False)
    with case.cloud.database.session() as session:
        series = session.get_one(Series, case.series_id)
        series.state, series.failure = ProcessingState.FAILED, "undecodable"
        session.get_one(Study, case.study_id).state = ProcessingState.FAILED
    page = case.page()
    assert "影像暂时无法显示" in page and "undecodable" not in page
    assert 'http-equiv="refresh"' not in page
    assert f'href="{case.base}/report"' in page


@pytest.mark.requirement("A-06")
def test_nobody_sees_anything_before_signing_in(make: Callable[..., Case]) -> None:
    case = make()
    stranger = case.app.test_client()
    values: dict[str, Any] = {
        "study_id": case.study_id,
        "series_id": case.series_id,
        "frame_index": 0,
        "sop_instance_uid": "1.2.3",
        "kind": "full",
    }
    seen = 0
    for rule in case.app.url_map.iter_rules():
        if rule.rule.startswith("/studies") and "GET" in (rule.methods or ()):
            built = rule.build(values, append_unknown=False)
            assert built is not None
            answer = stranger.get(built[1])
            assert answer.status_code in {303, 401}, built[1]
            assert answer.status_code == 401 or answer.headers["Location"].startswith("/login")
            seen += 1
    assert seen >= 9
