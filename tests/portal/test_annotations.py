"""Annotations over HTTP: fetched, saved, exported, taken in, through each door as it may."""

from __future__ import annotations

import io
import json
from typing import Any

import pydicom
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from server.cloud import ImageCloud
from server.model import Share, Study
from tests.factories import SignInFacts, make_account
from tests.portal.share_case import ShareCase
from tests.portal.test_study_data import events
from tests.services.annotation_case import AnnotationCase, make_annotation_case
from tests.visitor import Visitor
from viewer_py.measure.annotation import Annotation, AnnotationKind
from viewer_py.measure.annotation_json import from_document, to_json

DATA = {"Sec-Fetch-Dest": "empty"}


@pytest.fixture
def case(cloud: ImageCloud, patient: SignInFacts) -> AnnotationCase:
    return make_annotation_case(cloud, patient)


@pytest.fixture
def reader(app: Flask, case: AnnotationCase) -> Visitor:
    app.config["WTF_CSRF_ENABLED"] = False
    return Visitor(app).be(case.cloud, case.patient)


def marks(case: AnnotationCase) -> list[Annotation]:
    return [
        case.mark("a", AnnotationKind.LENGTH, (1.0, 2.0, 4.0), (5.0, 6.0, 4.0), text="病灶"),
        case.flat("b", AnnotationKind.CIRCLE, (40.0, 40.0), (50.0, 40.0)),
    ]


def document(annotations: list[Annotation]) -> Any:
    return json.loads(to_json(annotations))


def url(case: AnnotationCase, name: str) -> str:
    return f"/studies/{case.study_id}/{name}"


def put(reader: Visitor, case: AnnotationCase, revision: Any, body: Any) -> TestResponse:
    return reader.client.put(
        url(case, "annotations.json"),
        json={"revision": revision, "document": body},
        headers=DATA,
    )


def fetched(reader: Visitor, case: AnnotationCase) -> Any:
    answer = reader.client.get(url(case, "annotations.json"), headers=DATA)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    return answer.json


@pytest.mark.requirement("B-30", "C-15")
def test_marks_are_kept_from_one_visit_to_the_next(reader: Visitor, case: AnnotationCase) -> None:
    empty = {"kept": True, "revision": 0, "document": document([])}
    assert fetched(reader, case) == empty
    answer = put(reader, case, 0, document(marks(case)))
    assert (answer.status_code, answer.json) == (200, {"revision": 1})
    again = Visitor(reader.client.application).be(case.cloud, case.patient)
    assert fetched(again, case) == {
        "kept": True,
        "revision": 1,
        "document": document(marks(case)),
    }


def test_a_second_device_is_told_and_joins(reader: Visitor, case: AnnotationCase) -> None:
    first, second = marks(case)
    assert put(reader, case, 0, document([first])).status_code == 200
    stale = put(reader, case, 0, document([second]))
    assert stale.status_code == 409
    assert stale.json == {"kept": True, "revision": 1, "document": document([first])}
    joined = put(reader, case, stale.json["revision"], document([first, second]))
    assert joined.json == {"revision": 2}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"revision": 0}', 400),
        (b'{"revision": -1, "document": {}}', 400),
        (b'{"revision": true, "document": {}}', 400),
        (b'{"revision": 1e9, "document": {}}', 400),
        (b'{"revision": 0, "document": {}}', 422),
        (b'{"revision": 0, "document": {"version": 9, "annotations": []}}', 422),
        (b'{"revision": 0, "document": {"version": 1, "annotations": [1]}}', 422),
        (b" " * (1024 * 1024 + 1), 413),
    ],
)
def test_what_is_not_a_document_is_refused_in_words(
    reader: Visitor, case: AnnotationCase, body: bytes, status: int
) -> None:
    answer = reader.client.put(
        url(case, "annotations.json"), data=body, content_type="application/json", headers=DATA
    )
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.json["title"]
    assert fetched(reader, case)["revision"] == 0


def test_the_words_are_english_for_english_readers(reader: Visitor, case: AnnotationCase) -> None:
    wrong = {"version": 1, "annotations": [1]}
    assert put(reader, case, 0, wrong).json["detail"] == "第 1 个标注：含有不认识的内容"
    reader.client.post("/language", data={"language": "en"})
    assert put(reader, case, 0, wrong).json["detail"] == "no. 1: has something that is not known"


def test_a_change_needs_the_token_of_the_page(app: Flask, case: AnnotationCase) -> None:
    visitor = Visitor(app).be(case.cloud, case.patient)
    for method, name in (
        ("PUT", "annotations.json"),
        ("POST", "annotations.dcm"),
        ("POST", "annotations/import"),
    ):
        answer = visitor.client.open(url(case, name), method=method, json={}, headers=DATA)
        assert answer.status_code == 400
        assert answer.json["type"] == "urn:yingyun:form-expired"
    page = visitor.get(url(case, "report")).get_data(as_text=True)
    token = page.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]
    answer = visitor.client.put(
        url(case, "annotations.json"),
        json={"revision": 0, "document": document([])},
        headers=DATA | {"X-CSRFToken": token},
    )
    assert answer.json == {"revision": 1}


@pytest.mark.requirement("A-06", "F-07")
def test_nobody_else_reaches_them(app: Flask, reader: Visitor, case: AnnotationCase) -> None:
    put(reader, case, 0, document(marks(case)))
    stranger = Visitor(app).be(case.cloud, make_account(case.cloud, "lisi"))
    for method, name in (
        ("GET", "annotations.json"),
        ("PUT", "annotations.json"),
        ("GET", "annotations.dcm"),
        ("POST", "annotations.dcm"),
        ("POST", "annotations/import"),
    ):
        answer = stranger.client.open(url(case, name), method=method, json={}, headers=DATA)
        assert answer.status_code == 403


@pytest.mark.requirement("C-15", "F-10")
def test_marks_go_out_as_dicom_and_come_in_again(reader: Visitor, case: AnnotationCase) -> None:
    nothing = reader.client.get(url(case, "annotations.dcm"), headers=DATA)
    assert (nothing.status_code, nothing.json["type"]) == (404, "urn:yingyun:no-annotations")
    put(reader, case, 0, document(marks(case)))
    report = reader.client.get(url(case, "annotations.dcm"))
    assert report.content_type == "application/dicom"
    assert report.headers["Content-Disposition"] == 'attachment; filename="annotations.dcm"'
    assert pydicom.dcmread(io.BytesIO(report.data)).Modality == "SR"
    read = reader.client.post(
        url(case, "annotations/import"),
        data=report.data,
        content_type="application/dicom",
        headers=DATA,
    )
    assert read.status_code == 200
    assert read.json["left_out"] == []
    back = from_document(read.json["document"])
    assert [(one.annotation_id, one.kind, one.text) for one in back] == [
        (one.annotation_id, one.kind, one.text) for one in marks(case)
    ]
    assert fetched(reader, case)["revision"] == 1, "taking in changes nothing that is kept"
    assert len(events(case.cloud, "annotations.export")) == 1
    assert len(events(case.cloud, "annotations.import")) == 1


def test_what_is_on_the_page_only_can_be_exported_too(
    reader: Visitor, case: AnnotationCase
) -> None:
    answer = reader.client.post(
        url(case, "annotations.dcm"), json={"document": document(marks(case))}, headers=DATA
    )
    assert answer.content_type == "application/dicom"
    elsewhere = document(marks(case))
    elsewhere["annotations"][0]["image"]["series_id"] = "elsewhere"
    refused = reader.client.post(
        url(case, "annotations.dcm"), json={"document": elsewhere}, headers=DATA
    )
    assert (refused.status_code, refused.json["detail"]) == (422, "标注不属于此检查的序列")


def test_json_is_taken_in_and_other_files_are_refused(
    reader: Visitor, case: AnnotationCase
) -> None:
    def send(data: bytes, kind: str) -> TestResponse:
        return reader.client.post(
            url(case, "annotations/import"), data=data, content_type=kind, headers=DATA
        )

    taken = send(to_json(marks(case)).encode(), "application/json")
    assert taken.json == {"document": document(marks(case)), "left_out": []}
    assert send(b"{}", "application/json").json["detail"] == "不是标注文件"
    assert send(b"DICM", "application/dicom").json["detail"] == "不是 DICOM 结构化报告"
    assert send(b"hello", "text/plain").status_code == 415
    assert send(b"x" * (8 * 1024 * 1024 + 1), "application/dicom").status_code == 413


@pytest.mark.requirement("A-26")
def test_a_recipients_marks_are_not_kept_but_may_be_exported(
    app: Flask, reader: Visitor, case: AnnotationCase
) -> None:
    """They stay in his browser; he sees none of the giver's."""
    put(reader, case, 0, document(marks(case)))
    shared = ShareCase(
        app, case.cloud, reader, case.study_id, [case.series["CT"], case.series["DX"]]
    )
    app.config["WTF_CSRF_ENABLED"] = True
    given = shared.give(dicom="y")
    app.config["WTF_CSRF_ENABLED"] = False
    recipient = shared.recipient(given)
    base = f"/s/{given.share_id}"
    found = recipient.client.get(f"{base}/annotations.json", headers=DATA)
    assert found.json == {"kept": False, "revision": 0, "document": document([])}
    body = {"revision": 0, "document": document(marks(case))}
    refused = recipient.client.put(f"{base}/annotations.json", json=body, headers=DATA)
    assert refused.status_code == 403
    assert refused.json["type"] == "urn:yingyun:annotations-not-kept"
    assert refused.json["detail"] == "通过分享查看时，标注只保留在此浏览器窗口中。"
    report = recipient.client.post(
        f"{base}/annotations.dcm", json={"document": document(marks(case))}, headers=DATA
    )
    opened = pydicom.dcmread(io.BytesIO(report.data))
    with case.cloud.database.session() as session:
        study, share = session.get_one(Study, case.study_id), session.get_one(Share, given.share_id)
        assert not share.show_identity
        assert str(opened.PatientName) != study.patient_name
        assert study.patient_id not in str(opened)


@pytest.mark.requirement("A-26", "F-64")
def test_a_report_tells_nothing_of_a_series_that_is_not_shared(
    app: Flask, reader: Visitor, case: AnnotationCase
) -> None:
    shared = ShareCase(app, case.cloud, reader, case.study_id, list(case.series.values()))
    app.config["WTF_CSRF_ENABLED"] = True
    given = shared.give(dicom="y", series=case.series["CT"])
    recipient = shared.recipient(given)
    app.config["WTF_CSRF_ENABLED"] = False
    probe = case.flat("p", AnnotationKind.PROBE, (20.0, 20.0))
    open_, closed = document(marks(case)[:1]), document([probe])
    for name, wrap in (("annotations.dcm", True), ("annotations/import", False)):
        for sent, status in ((open_, 200), (closed, 403)):
            body = {"document": sent} if wrap else sent
            answer = recipient.client.post(f"/s/{given.share_id}/{name}", json=body, headers=DATA)
            assert answer.status_code == status, name
