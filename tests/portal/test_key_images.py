"""Key images: marked by one reader, seen by him alone, exported as Key Object Selection."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import pydicom
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from server.cloud import ImageCloud
from server.model import Instance, Series, Study
from tests.factories import SignInFacts, make_account
from tests.portal.share_case import ShareCase, make_case
from tests.visitor import Visitor

DATA = {"Sec-Fetch-Dest": "empty"}


@pytest.fixture
def case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> ShareCase:
    app.config["WTF_CSRF_ENABLED"] = False
    made = make_case(app, cloud, patient)
    with cloud.database.session() as session:
        # The factory's objects have no identity of their own in the index.
        for instance in session.query(Instance):
            data = cloud.vault.read(instance.series.study.data_key, instance.object_key)
            dataset = pydicom.dcmread(io.BytesIO(data))
            instance.sop_instance_uid = dataset.SOPInstanceUID
            instance.sop_class_uid = dataset.SOPClassUID
    return made


def instances(case: ShareCase) -> list[str]:
    with case.cloud.database.session() as session:
        series = session.get_one(Series, case.series_ids[0])
        found = sorted(series.instances, key=lambda one: one.instance_number or 0)
        return [one.sop_instance_uid for one in found]


def send(visitor: Visitor, door: str, **body: Any) -> TestResponse:
    return visitor.client.post(f"{door}/key-images.json", json=body, headers=DATA)


def image(case: ShareCase, place: int = 0) -> dict[str, Any]:
    uid = instances(case)[place]
    return {"series_id": case.series_ids[0], "sop_instance_uid": uid, "frame_number": 1}


def kept(visitor: Visitor, door: str) -> list[dict[str, Any]]:
    answer = visitor.get(f"{door}/key-images.json", headers=DATA)
    assert answer.status_code == 200
    return list(answer.json["images"])


def test_images_are_marked_and_unmarked_and_come_in_reading_order(case: ShareCase) -> None:
    door = f"/studies/{case.study_id}"
    assert kept(case.giver, door) == []
    for place in (1, 0, 1):
        assert send(case.giver, door, **image(case, place), marked=True).status_code == 200
    found = kept(case.giver, door)
    assert [one["sop_instance_uid"] for one in found] == instances(case)
    assert sorted(one["frame_index"] for one in found) == [0, 1]
    send(case.giver, door, **image(case, 0), marked=False)
    assert [one["sop_instance_uid"] for one in kept(case.giver, door)] == instances(case)[1:]


def test_what_is_not_of_the_study_or_no_image_is_refused(case: ShareCase) -> None:
    door, one = f"/studies/{case.study_id}", image(case)
    for wrong in (
        {"sop_instance_uid": "1.2.3"}, {"series_id": case.series_ids[1]}, {"frame_number": 2},
        {"frame_number": True}, {"marked": "yes"}, {"series_id": None},
    ):  # fmt: skip
        assert send(case.giver, door, **{**one, "marked": True, **wrong}).status_code == 400
    assert kept(case.giver, door) == []


@pytest.mark.requirement("F-07")
def test_another_reader_does_not_see_them_and_a_recipient_cannot_mark(
    case: ShareCase, app: Flask, cloud: ImageCloud
) -> None:
    door = f"/studies/{case.study_id}"
    send(case.giver, door, **image(case), marked=True)
    spouse = make_account(cloud, "spouse")
    stranger = Visitor(app).be(cloud, spouse)
    assert send(stranger, door, **image(case), marked=False).status_code == 403
    given = case.give(dicom="y")
    recipient = case.recipient(given)
    shared = f"/s/{given.share_id}"
    assert kept(recipient, shared) == []
    assert send(recipient, shared, **image(case), marked=True).status_code == 403
    assert len(kept(case.giver, door)) == 1


def test_they_are_exported_as_key_object_selection(case: ShareCase, tmp_path: Path) -> None:
    door = f"/studies/{case.study_id}"
    assert case.giver.get(f"{door}/key-images.dcm", headers=DATA).status_code == 404
    send(case.giver, door, **image(case, 1), marked=True)
    answer = case.giver.get(f"{door}/key-images.dcm", headers=DATA)
    assert (answer.status_code, answer.content_type) == (200, "application/dicom")
    document = pydicom.dcmread(io.BytesIO(answer.data))
    assert document.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.59"
    assert document.Modality == "KO"
    assert document.ConceptNameCodeSequence[0].CodeValue == "113000"
    with case.cloud.database.session() as session:
        assert document.StudyInstanceUID == session.get_one(Study, case.study_id).study_uid
    references = [
        item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        for item in document.ContentSequence
        if "ReferencedSOPSequence" in item
    ]
    assert references == [instances(case)[1]]
    path = tmp_path / "ko.dcm"
    path.write_bytes(answer.data)
    judged = subprocess.run(["dsrdump", str(path)], capture_output=True, text=True, check=False)
    assert judged.returncode == 0 and "Key Object Selection Document" in judged.stdout
    assert "Of Interest" in judged.stdout
