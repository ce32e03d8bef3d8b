"""What the giver sees of his shares, and how he takes them back."""

from __future__ import annotations

import json
import re

import pytest
from flask import Flask

from server.cloud import ImageCloud
from tests.factories import SignInFacts, make_account, make_person
from tests.portal.share_case import ShareCase, knock, make_case
from tests.visitor import Visitor


@pytest.fixture
def case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> ShareCase:
    return make_case(app, cloud, patient)


@pytest.fixture
def other(app: Flask, cloud: ImageCloud) -> Visitor:
    return Visitor(app).be(cloud, make_account(cloud, "lisi", person=make_person(cloud, "李四")))


def rows(case: ShareCase) -> list[tuple[str, str]]:
    """Outcome and device of each opening on the page of a share."""
    found = (
        r"<tr><td><time[^>]*>[^<]+</time></td><td><span[^>]*>([^<]+)</span></td><td>([^<]+)</td>"
    )
    return re.findall(found, case.giver.text)


def test_without_shares_the_list_says_what_to_do(case: ShareCase) -> None:
    assert case.giver.get("/shares").status_code == 200
    assert "还没有分享" in case.giver.text


@pytest.mark.requirement("A-27")
def test_the_row_is_brought_up_to_date_by_an_opening(case: ShareCase) -> None:
    given = case.give(views="5", recipient="王医生", lifetime="60")
    share = case.share(given.share_id)
    case.giver.get("/shares")
    for words in ("胸部CT平扫", "王医生", "0 / 5 次", "未打开", "有效"):
        assert words in case.giver.text, words
    for moment in (share.created_at, share.expires_at):
        assert f'datetime="{moment.isoformat()}"' in case.giver.text
    case.recipient(given)
    case.giver.get("/shares")
    assert "1 / 5 次" in case.giver.text
    assert "未打开" not in case.giver.text


@pytest.mark.requirement("A-27")
def test_the_detail_shows_each_opening_with_time_and_device(case: ShareCase) -> None:
    given = case.give(password="k7m4xq")
    case.giver.get(f"/shares/{given.share_id}")
    assert "还没有人打开过" in case.giver.text
    for _ in range(2):
        case.recipient(given, password="k7m4xq")
    case.giver.get(f"/shares/{given.share_id}")
    knock(case.stranger(), given, password="falsch")
    case.giver.get(f"/shares/{given.share_id}")
    assert rows(case) == [("密码错误", "手机"), ("已打开", "手机"), ("已打开", "手机")]


def test_the_newest_share_stands_first(case: ShareCase) -> None:
    given = [case.give().share_id for _ in range(3)]
    case.giver.get("/shares")
    assert re.findall(r'id="share-([^"]+)"', case.giver.text) == given[::-1]


@pytest.mark.requirement("A-28")
def test_revoking_without_a_script_asks_first(case: ShareCase) -> None:
    given = case.give()
    address = f"/shares/{given.share_id}/revoke"
    case.giver.get("/shares")
    assert f'href="{address}"' in case.giver.text
    case.giver.get(address)
    assert case.share(given.share_id).revoked_at is None
    case.giver.submit(address)
    assert case.giver.path == "/shares"
    assert "已撤销，链接立即失效，不能恢复" in case.giver.text
    assert case.share(given.share_id).revoked_at is not None
    assert case.giver.get(address).request.path == f"/shares/{given.share_id}"
    assert knock(case.stranger(), given).status_code == 410


@pytest.mark.requirement("A-28")
def test_htmx_gets_the_row_as_it_is_now(case: ShareCase) -> None:
    given = case.give()
    case.giver.get("/shares")
    action = f"/shares/{given.share_id}/revoke"
    form = next(one for one in case.giver.forms() if one.action == action)
    answer = case.giver.client.post(action, data=form.fields, headers={"HX-Request": "true"})
    fragment = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert fragment.strip().startswith("<article")
    assert f'id="share-{given.share_id}"' in fragment
    assert "已撤销" in fragment
    assert "data-dialog" not in fragment
    assert json.loads(answer.headers["HX-Trigger-After-Settle"]) == {
        "share:revoked": {
            "text": "已撤销，链接立即失效，不能恢复。",
            "row": f"share-{given.share_id}",
        }
    }


def test_all_open_shares_end_at_once(case: ShareCase) -> None:
    given = [case.give(), case.give(views="1"), case.give()]
    readers = [case.recipient(one) for one in given]
    case.giver.get("/shares/revoke-all")
    assert case.share(given[0].share_id).revoked_at is None
    case.giver.submit("/shares/revoke-all")
    assert "已撤销 3 个分享" in case.giver.text
    for one, reader in zip(given, readers, strict=True):
        assert reader.client.get(f"/s/{one.share_id}/images").status_code == 410
    assert case.giver.get("/shares/revoke-all").request.path == "/shares"


def test_nobody_else_sees_or_revokes_a_share(case: ShareCase, other: Visitor) -> None:
    given = case.give()
    other.get("/shares")
    assert given.share_id not in other.text
    case.app.config["WTF_CSRF_ENABLED"] = False
    for path in ("", "/revoke"):
        assert other.client.get(f"/shares/{given.share_id}{path}").status_code == 404
    assert other.client.post(f"/shares/{given.share_id}/revoke").status_code == 404
    other.client.post("/shares/revoke-all")
    assert case.share(given.share_id).revoked_at is None


def test_revoking_needs_the_pages_own_token(case: ShareCase) -> None:
    given = case.give()
    answer = case.giver.client.post(f"/shares/{given.share_id}/revoke")
    assert answer.status_code == 400
    assert case.share(given.share_id).revoked_at is None
