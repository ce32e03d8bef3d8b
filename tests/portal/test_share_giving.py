"""The giver's form and the page that shows link, QR code and short code this once."""

from __future__ import annotations

import base64
import io
import re
from datetime import timedelta

import pytest
import zxingcpp
from flask import Flask
from PIL import Image

from server.cloud import ImageCloud
from server.model import AuditEvent, Share
from tests.factories import SignInFacts, make_account, make_person
from tests.portal.share_case import Given, ShareCase, make_case
from tests.visitor import Visitor


@pytest.fixture
def case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> ShareCase:
    return make_case(app, cloud, patient)


def shares(case: ShareCase) -> list[Share]:
    with case.cloud.database.session() as session:
        return session.query(Share).all()


def lifetime(case: ShareCase, given: Given) -> timedelta:
    share = case.share(given.share_id)
    return share.expires_at - share.created_at


@pytest.mark.requirement("A-20")
def test_the_qr_code_reads_as_the_link(case: ShareCase) -> None:
    given = case.give()
    found = re.search(r'src="data:image/png;base64,([^"]+)"', given.page)
    assert found
    picture = Image.open(io.BytesIO(base64.b64decode(found[1])))
    read = zxingcpp.read_barcodes(picture)
    assert [one.text for one in read] == [given.link]


@pytest.mark.requirement("A-21")
def test_the_link_opens_in_a_fresh_browser(case: ShareCase, cloud: ImageCloud) -> None:
    given = case.give()
    assert given.link.startswith(f"{cloud.settings.base_url}/s/{given.share_id}#")
    recipient = case.recipient(given)
    assert recipient.get(f"/s/{given.share_id}").status_code == 200
    assert "胸部CT平扫" in recipient.text


@pytest.mark.requirement("A-25")
def test_exactly_the_four_periods_and_a_custom_one_are_offered(case: ShareCase) -> None:
    case.giver.get(case.form_address)
    labels = re.findall(r'<label for="lifetime-\d">([^<]+)</label>', case.giver.text)
    assert labels == ["5分钟", "0.5小时", "1小时", "24小时", "自定义"]


@pytest.mark.requirement("A-23", "A-25")
@pytest.mark.parametrize("minutes", [5, 30, 60, 1440])
def test_an_offered_period_is_kept(case: ShareCase, minutes: int) -> None:
    assert lifetime(case, case.give(lifetime=str(minutes))) == timedelta(minutes=minutes)


@pytest.mark.requirement("A-23")
@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [("90", "minutes", timedelta(minutes=90)), ("3", "days", timedelta(days=3))],
)
def test_a_period_of_ones_own_is_kept(
    case: ShareCase, amount: str, unit: str, expected: timedelta
) -> None:
    given = case.give(lifetime="custom", custom_amount=amount, custom_unit=unit)
    assert lifetime(case, given) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"lifetime": "custom", "custom_amount": ""},
        {"lifetime": "custom", "custom_amount": "zehn"},
        {"lifetime": "custom", "custom_amount": "4", "custom_unit": "minutes"},
        {"lifetime": "custom", "custom_amount": "31", "custom_unit": "days"},
        {"lifetime": "7"},
        {"views": "custom", "custom_views": "0"},
        {"views": "custom", "custom_views": "1001"},
        {"password": "abc"},
        {"recipient": "王" * 101},
        {"series": "0" * 22},
        {"token": "short"},
    ],
)
def test_terms_that_cannot_be_had_are_refused_in_words(
    case: ShareCase, fields: dict[str, str]
) -> None:
    answer = case.send(**fields)
    assert answer.status_code == 422
    assert 'class="field-error"' in answer.get_data(as_text=True)
    assert shares(case) == []


def test_nothing_to_share_is_refused(case: ShareCase) -> None:
    answer = case.send(without=("report", "images"))
    assert answer.status_code == 422
    assert "请至少选择一项分享内容" in answer.get_data(as_text=True)
    assert shares(case) == []


@pytest.mark.requirement("A-22", "A-24")
def test_the_terms_chosen_are_kept(case: ShareCase) -> None:
    given = case.give(
        password="k7m4xq", views="3", recipient="王医生", show_identity="y", dicom="y"
    )
    share = case.share(given.share_id)
    assert (share.max_views, share.recipient, share.show_identity) == (3, "王医生", True)
    assert share.password_hash is not None
    assert "k7m4xq" not in share.password_hash
    assert share.scope == {
        "report": True,
        "images": True,
        "dicom": True,
        "download": False,
        "series": [],
    }
    for words in ("k7m4xq", "3 次", "王医生", "报告、影像、DICOM"):
        assert words in given.page


def test_dicom_brings_the_pictures_that_are_shown_first(case: ShareCase) -> None:
    given = case.give(without=("report", "images"), dicom="y")
    scope = case.share(given.share_id).scope
    assert (scope["report"], scope["images"], scope["dicom"]) == (False, True, True)


def test_sending_the_form_again_makes_no_second_share(case: ShareCase) -> None:
    case.giver.get(case.form_address)
    form = next(one for one in case.giver.forms() if one.action == case.form_address)
    first = case.giver.client.post(case.form_address, data=form.fields)
    again = case.giver.client.post(case.form_address, data=form.fields)
    assert (first.status_code, again.status_code) == (200, 409)
    assert "链接只显示一次" in again.get_data(as_text=True)
    assert len(shares(case)) == 1
    case.give()
    assert len(shares(case)) == 2


def test_a_refused_form_may_be_sent_again(case: ShareCase) -> None:
    case.giver.get(case.form_address)
    form = next(one for one in case.giver.forms() if one.action == case.form_address)
    wrong = case.giver.client.post(case.form_address, data=form.fields | {"password": "abc"})
    right = case.giver.client.post(case.form_address, data=form.fields)
    assert (wrong.status_code, right.status_code) == (422, 200)


@pytest.mark.requirement("A-30")
def test_the_secrets_are_in_no_table_in_clear(case: ShareCase) -> None:
    given = case.give(password="k7m4xq-laut")
    home = case.cloud.settings.home
    kept = b"".join(path.read_bytes() for path in home.glob("yingyun.db*"))
    assert given.share_id.encode() in kept
    for secret in (given.secret, given.short_code, given.short_code.replace("-", "")):
        assert secret.encode() not in kept
    assert b"k7m4xq-laut" not in kept


def test_the_page_with_the_secrets_is_kept_by_nobody(case: ShareCase) -> None:
    answer = case.send()
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_making_a_share_is_in_the_audit(case: ShareCase) -> None:
    given = case.give()
    with case.cloud.database.session() as session:
        event = session.query(AuditEvent).filter_by(event="share.create").one()
    assert event.object_id == given.share_id


def test_nobody_else_gets_the_form(case: ShareCase, app: Flask, cloud: ImageCloud) -> None:
    other = Visitor(app).be(cloud, make_account(cloud, "lisi", person=make_person(cloud, "李四")))
    assert other.get(case.form_address).status_code == 403
