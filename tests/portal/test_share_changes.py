"""The giver changes, pauses and prints a share; others behind one address are not shut out."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from server import clock
from server.cloud import ImageCloud
from tests.factories import SignInFacts, make_account, make_person
from tests.portal.share_case import Given, ShareCase, knock, make_case
from tests.visitor import Visitor

MINI_PROGRAM = "Mozilla/5.0 (iPhone) MicroMessenger/8.0 miniProgram/wx0"


@pytest.fixture
def case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> ShareCase:
    return make_case(app, cloud, patient)


def change(case: ShareCase, given: Given, what: str, **fields: str) -> str:
    case.giver.get(f"/shares/{given.share_id}")
    case.giver.submit(f"/shares/{given.share_id}/{what}", **fields)
    return case.giver.text


def card(case: ShareCase, given: Given, **fields: str) -> str:
    case.app.config["WTF_CSRF_ENABLED"] = False
    sent = {"secret": given.secret, "short_code": given.short_code, "size": "a4"} | fields
    answer = case.giver.client.post(f"/shares/{given.share_id}/card", data=sent)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


@pytest.mark.requirement("A-23", "A-24")
def test_period_and_views_of_a_live_share_are_changed(case: ShareCase) -> None:
    given = case.give(views="1", lifetime="5")
    reader = case.recipient(given)
    assert knock(case.stranger(), given).status_code == 410
    assert "可打开次数已更改" in change(case, given, "views", views="custom", custom_views="2")
    assert "有效期已更改" in change(case, given, "period", lifetime="1440")
    share = case.share(given.share_id)
    assert share.max_views == 2
    assert share.expires_at - share.created_at > timedelta(hours=23)
    case.recipient(given)
    assert "已打开 2 次" in change(case, given, "views", views="1")
    assert reader.client.get(f"/s/{given.share_id}/images").status_code == 200


def test_a_change_that_cannot_be_had_is_refused_in_words(case: ShareCase) -> None:
    given = case.give()
    page = change(case, given, "period", lifetime="custom", custom_amount="zehn")
    assert 'class="field-error"' in page
    page = change(case, given, "views", views="custom", custom_views="0")
    assert 'class="field-error"' in page


@pytest.mark.requirement("F-64")
def test_a_pause_closes_and_resume_opens_the_same_link(case: ShareCase) -> None:
    given = case.give()
    reader = case.recipient(given)
    assert "已暂停" in change(case, given, "pause")
    assert reader.client.get(f"/s/{given.share_id}/images").status_code == 410
    assert knock(case.stranger(), given).status_code == 410
    assert "已恢复" in change(case, given, "resume")
    case.recipient(given)


UNDO = re.compile(
    r'<form class="notice-undo" method="post" action="([^"]+)">(.*?)</form>', re.DOTALL
)
FIELD = re.compile(r'name="(\w+)" value="([^"]*)"')


def undo(case: ShareCase) -> str:
    """Post the form of the notice on the page, as a browser without scripts does."""
    found = UNDO.search(case.giver.text)
    assert found is not None, "nothing to undo"
    fields = {name: value for name, value in FIELD.findall(found[2]) if name != "csrf_token"}
    case.giver.submit(found[1], **fields)
    return case.giver.text


@pytest.mark.requirement("F-64")
def test_a_change_is_undone_from_its_notice(case: ShareCase) -> None:
    given = case.give(views="3", lifetime="60")
    before = case.share(given.share_id)
    reader = case.recipient(given)
    change(case, given, "pause")
    assert reader.client.get(f"/s/{given.share_id}/images").status_code == 410
    page = undo(case)
    assert "已恢复" in page and UNDO.search(page) is None
    case.recipient(given)
    change(case, given, "period", lifetime="1440")
    assert "已恢复原来的有效期" in undo(case)
    change(case, given, "views", views="unlimited")
    assert "可打开次数已更改" in undo(case)
    after = case.share(given.share_id)
    assert (after.expires_at, after.max_views) == (before.expires_at, before.max_views)


def test_a_period_that_has_passed_is_not_put_back(case: ShareCase) -> None:
    given = case.give(lifetime="5")
    change(case, given, "period", lifetime="60")
    with time_machine.travel(clock.now() + timedelta(minutes=6), tick=False):
        assert "原来的有效期已过" in undo(case)
    later = case.share(given.share_id).expires_at
    assert later - case.share(given.share_id).created_at > timedelta(minutes=59)
    case.app.config["WTF_CSRF_ENABLED"] = False
    wrong = case.giver.client.post(f"/shares/{given.share_id}/expiry", data={"until": "gestern"})
    assert wrong.status_code == 400
    nobody_s = case.giver.client.post("/shares/none/period", data={"lifetime": "60"})
    assert nobody_s.status_code == 404


def test_revoking_offers_the_pause_before_and_no_way_back_after(case: ShareCase) -> None:
    given = case.give()
    case.giver.get(f"/shares/{given.share_id}/revoke")
    assert f'action="/shares/{given.share_id}/pause"' in case.giver.text
    case.giver.submit(f"/shares/{given.share_id}/revoke")
    assert "不能恢复" in case.giver.text and UNDO.search(case.giver.text) is None


def test_what_was_revoked_offers_no_change(case: ShareCase) -> None:
    given = case.give()
    case.giver.get(f"/shares/{given.share_id}/revoke")
    case.giver.submit(f"/shares/{given.share_id}/revoke")
    case.giver.get(f"/shares/{given.share_id}")
    assert "/pause" not in case.giver.text and "/period" not in case.giver.text


def test_nobody_else_changes_or_prints(case: ShareCase, app: Flask, cloud: ImageCloud) -> None:
    given = case.give()
    other = Visitor(app).be(cloud, make_account(cloud, "lisi", person=make_person(cloud, "李四")))
    app.config["WTF_CSRF_ENABLED"] = False
    sent = {"lifetime": "5", "views": "1", "secret": given.secret, "size": "a4",
            "short_code": given.short_code}  # fmt: skip
    for what in ("pause", "resume", "period", "views", "card"):
        answer = other.client.post(f"/shares/{given.share_id}/{what}", data=sent)
        assert answer.status_code == 404, what
    assert case.share(given.share_id).paused_at is None


@pytest.mark.requirement("A-30", "F-37")
def test_wrong_passwords_lock_the_share_and_not_the_network(case: ShareCase) -> None:
    locked, other = case.give(password="k7m4xq"), case.give(password="p9r2wz")
    for _ in range(12):  # all visitors of this test come from one address
        knock(case.stranger(), locked, password="falsch")
    assert knock(case.stranger(), locked, password="k7m4xq").status_code == 429
    for _ in range(3):
        case.recipient(other, password="p9r2wz")


@pytest.mark.requirement("A-20")
@pytest.mark.parametrize("size", ["a4", "card"])
def test_a_card_has_what_opens_the_share_but_neither_password_nor_name(
    case: ShareCase, size: str
) -> None:
    given = case.give(password="k7m4xq-laut", recipient="王医生")
    page = card(case, given, size=size)
    for words in (
        "第一示范医院",
        "王医生",
        given.short_code,
        f"/s/{given.share_id}",
        f"paper-{size}",
    ):
        assert words in page, words
    assert "k7m4xq-laut" not in page
    article = page[page.index("<article") : page.index("</article>")]
    assert "张三丰" not in article
    assert "张三丰" in card(case, given, size=size, show_name="y")


def test_a_card_needs_both_secrets(case: ShareCase) -> None:
    given = case.give()
    case.app.config["WTF_CSRF_ENABLED"] = False
    for secret, code in (("x" * 43, given.short_code), (given.secret, "AAAAA-AAAAA")):
        sent = {"secret": secret, "short_code": code, "size": "a4"}
        answer = case.giver.client.post(f"/shares/{given.share_id}/card", data=sent)
        assert answer.status_code == 404


def test_the_code_can_be_kept_as_png_and_svg_but_not_in_a_mini_program(case: ShareCase) -> None:
    page = case.give().page
    png, svg = (re.search(f'href="data:image/{kind};base64,([^"]+)" download', page) for kind in
                ("png", r"svg\+xml"))  # fmt: skip
    assert png and svg
    assert base64.b64decode(png[1]).startswith(b"\x89PNG")
    assert b"<svg" in base64.b64decode(svg[1])
    case.giver.client.environ_base["HTTP_USER_AGENT"] = MINI_PROGRAM
    page = case.give().page
    assert " download=" not in page and "/card" not in page


@pytest.mark.requirement("A-26", "F-64")
def test_taking_away_is_off_and_can_be_allowed_for_the_shared_series(case: ShareCase) -> None:
    plain = case.give(dicom="y", show_identity="y")
    assert case.recipient(plain).client.get(f"/s/{plain.share_id}/study.zip").status_code == 403
    given = case.give(dicom="y", show_identity="y", download="y", series=case.series_ids[1])
    reader = case.recipient(given)
    assert f"/s/{given.share_id}/study.zip" in reader.get(f"/s/{given.share_id}").get_data(True)
    packed = zipfile.ZipFile(io.BytesIO(reader.client.get(f"/s/{given.share_id}/study.zip").data))
    assert len([one for one in packed.namelist() if one != "DICOMDIR"]) == 2
    change(case, given, "pause")
    assert reader.client.get(f"/s/{given.share_id}/study.zip").status_code == 410


@pytest.mark.parametrize(
    ("without", "extra"),
    [
        (("report",), {}),
        ((), {"dicom": "y"}),
        ((), {"dicom": "y", "show_identity": "y", "watermark": "y"}),
    ],
)
def test_taking_away_what_does_not_fit_is_refused(
    case: ShareCase, without: tuple[str, ...], extra: dict[str, str]
) -> None:
    assert case.send(without=without, download="y", **extra).status_code == 422


@pytest.mark.requirement("A-22")
def test_the_recipients_code_is_asked_for_after_the_password(case: ShareCase) -> None:
    given = case.give(password="k7m4xq", recipient_phone="13900139000")
    visitor = case.stranger()
    assert knock(visitor, given, password="k7m4xq").status_code == 200
    assert "139****9000" in visitor.text and "k7m4xq" not in visitor.text
    action = f"/s/{given.share_id}/open"
    assert visitor.submit(action, sent_code="", again="1").status_code == 429
    code = re.search(r"验证码 (\d{6})", Visitor(case.app).get("/dev/mailbox").get_data(True))
    assert code
    wrong = visitor.submit(action, sent_code="000000" if code[1] != "000000" else "111111")
    assert wrong.status_code == 422
    assert visitor.submit(action, sent_code=code[1], follow_redirects=False).status_code == 303
    assert visitor.get(f"/s/{given.share_id}/images").status_code == 200
