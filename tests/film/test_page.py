"""The page of film print: a form without scripts, one PDF, for doctors of the hospital alone."""

from __future__ import annotations

import io
import re

import pypdf
import pytest
from flask import Flask

from server.cloud import ImageCloud
from server.film import fonts
from server.model import AuditEvent
from tests.factories import SignInFacts
from tests.portal.doctor_case import DoctorCase, make_doctor_case


@pytest.fixture
def case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> DoctorCase:
    return make_doctor_case(app, cloud, patient)


def chosen(case: DoctorCase, **more: str) -> dict[str, str]:
    return {
        "series": case.shared.series_ids[1], "sheet": "a4", "orientation": "landscape",
        "layout": "1x2", "first": "1", "last": "2", "step": "1", "center": "40", "width": "350",
    } | more  # fmt: skip


@pytest.mark.requirement("C-39", "C-40")
def test_a_doctor_prints_what_the_form_says(case: DoctorCase) -> None:
    page = case.doctor.get(f"{case.base}/film")
    form = next(one for one in case.doctor.forms() if one.action == f"{case.base}/film.pdf")
    assert page.status_code == 200 and form.method == "get"
    answer = case.doctor.client.get(form.action, query_string=chosen(case))
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    (sheet,) = pypdf.PdfReader(io.BytesIO(answer.data)).pages
    assert len(sheet.images) == 2 and sheet.mediabox.width > sheet.mediabox.height
    if fonts.system_font() is not None:
        text = sheet.extract_text()
        assert case.facts.login in text and "W 350 L 40" in text.replace("  ", " ")
    with case.cloud.database.session() as session:
        (event,) = session.query(AuditEvent).filter_by(event="film.print").all()
    assert event.object_id == case.shared.series_ids[1]
    assert event.actor == f"account:{case.facts.account_id}"


@pytest.mark.requirement("C-39")
def test_the_form_begins_as_the_viewer_shows_the_images(case: DoctorCase) -> None:
    asked = {"width": "1500", "center": "-600", "rotation": "90", "inverted": "1"}
    query = {"series": case.shared.series_ids[1], **asked}
    page = case.doctor.client.get(f"{case.base}/film", query_string=query).get_data(as_text=True)
    for words in ('value="1500"', 'value="-600"', '<option value="90" selected>'):
        assert words in page, words
    assert re.search(r'name="inverted" value="1" checked', page)
    assert not re.search(r'name="flip_horizontal" value="1" checked', page)


@pytest.mark.requirement("C-40")
def test_no_parameter_takes_the_watermark_away(case: DoctorCase) -> None:
    if fonts.system_font() is None:
        pytest.skip("no Chinese font is installed")
    query = chosen(case, watermark="0", foot="")
    answer = case.doctor.client.get(f"{case.base}/film.pdf", query_string=query)
    assert case.facts.login in pypdf.PdfReader(io.BytesIO(answer.data)).pages[0].extract_text()


def test_what_makes_no_film_comes_back_to_the_form_in_words(case: DoctorCase) -> None:
    for more, words in (
        ({"first": "3", "last": "3"}, "没有选中影像"),
        ({"layout": "7x7"}, "没有这种分格"),
        ({"width": "0"}, "窗宽至少为 1"),
    ):
        query = chosen(case, **more)
        answer = case.doctor.client.get(
            f"{case.base}/film.pdf", query_string=query, follow_redirects=True
        )
        text = answer.get_data(as_text=True)
        assert words in text and answer.request.path == f"{case.base}/film"
        assert f'value="{query["last"]}"' in text


@pytest.mark.requirement("F-07")
def test_nobody_else_prints(case: DoctorCase) -> None:
    query = chosen(case)
    for address in (f"{case.base}/film", f"{case.base}/film.pdf"):
        assert case.stranger.client.get(address, query_string=query).status_code in {403, 404}
        assert case.shared.giver.client.get(address, query_string=query).status_code in {403, 404}
    own = f"/studies/{case.shared.study_id}/film.pdf"
    assert case.shared.giver.client.get(own, query_string=query).status_code == 404
    wrong = chosen(case, series="0" * 22)
    assert case.doctor.client.get(f"{case.base}/film.pdf", query_string=wrong).status_code == 404
