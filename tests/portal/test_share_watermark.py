"""A watermark that the giver asks for is in every picture that leaves; others are as they were."""

from __future__ import annotations

import io

import numpy as np
import pytest
from flask import Flask
from PIL import Image

from server.cloud import ImageCloud
from tests.factories import SignInFacts
from tests.portal.share_case import Given, ShareCase, make_case
from tests.visitor import Visitor
from viewer_py.dicom import manifest

KINDS = ("full", "fast", "thumbnail")


@pytest.fixture
def case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> ShareCase:
    return make_case(app, cloud, patient)


def picture(visitor: Visitor, base: str, series_id: str, kind: str) -> np.ndarray:  # type: ignore[type-arg]
    path = f"series/{series_id}/frames/0/rendered.png"
    if kind != "rendered":
        path = f"series/{series_id}/pictures/0/{kind}"
    answer = visitor.client.get(f"{base}/{path}")
    assert answer.status_code == 200
    return np.asarray(Image.open(io.BytesIO(answer.data)).convert("L")).astype(int)


def reader(case: ShareCase, **terms: str) -> tuple[Visitor, str]:
    given: Given = case.give(dicom="y", recipient="王医生", **terms)
    return case.recipient(given), f"/s/{given.share_id}"


def test_each_picture_of_a_marked_share_differs_from_the_patients_own(case: ShareCase) -> None:
    series_id, own = case.series_ids[0], f"/studies/{case.study_id}"
    visitor, base = reader(case, watermark="y")
    for kind in (*KINDS, "rendered"):
        plain, marked = (picture(who, where, series_id, kind) for who, where in (
            (case.giver, own), (visitor, base)))  # fmt: skip
        assert plain.shape == marked.shape
        changed = np.abs(plain - marked) > 20
        assert 0.01 < changed.mean() < 0.9, kind


def test_the_page_lays_nothing_more_over_a_marked_picture(case: ShareCase) -> None:
    visitor, base = reader(case, watermark="y")
    assert "study-watermark" not in visitor.get(f"{base}/images").get_data(as_text=True)
    visitor, base = reader(case)
    assert "study-watermark" in visitor.get(f"{base}/images").get_data(as_text=True)


def test_pictures_of_other_shares_are_left_alone(case: ShareCase) -> None:
    series_id, own = case.series_ids[0], f"/studies/{case.study_id}"
    visitor, base = reader(case)
    for kind in KINDS:
        same = picture(case.giver, own, series_id, kind) == picture(visitor, base, series_id, kind)
        assert same.all()


def test_the_viewer_is_told_the_words_too(case: ShareCase) -> None:
    visitor, base = reader(case, watermark="y")
    answer = visitor.client.get(f"{base}/series/{case.series_ids[0]}/manifest.json")
    assert "王医生" in manifest.from_json(answer.get_data(as_text=True)).watermark


def test_without_dicom_no_byte_of_it_leaves(case: ShareCase) -> None:
    given = case.give(watermark="y")
    client, base = case.recipient(given).client, f"/s/{given.share_id}"
    series = f"{base}/series/{case.series_ids[0]}"
    for path in ("frames", "manifest.json", "frames/0/rendered.png", "overlays"):
        assert client.get(f"{series}/{path}").status_code == 403
    assert client.get(f"{base}/study.zip").status_code == 403
