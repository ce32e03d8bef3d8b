"""The recipient: opening, what is behind the door, and when it closes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from structlog.testing import capture_logs

from server.cloud import ImageCloud
from tests.factories import SignInFacts
from tests.portal.share_case import Given, ShareCase, data_addresses, knock, make_case
from tests.visitor import Visitor

ROBOTS = [
    f"{name}/{version}.0"
    for name in (
        "facebookexternalhit",
        "Slackbot",
        "WeChatShareExtensionUtilities bot",
        "Bytespider",
        "curl",
    )
    for version in range(1, 5)
]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 5, 1, 1, 0, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def case(
    clock: time_machine.Traveller, app: Flask, cloud: ImageCloud, patient: SignInFacts
) -> ShareCase:
    return make_case(app, cloud, patient)


def base(given: Given) -> str:
    return f"/s/{given.share_id}"


def statuses(case: ShareCase, visitor: Visitor, address: str) -> dict[str, int]:
    return {found: visitor.client.get(found).status_code for found in data_addresses(case, address)}


# The series of these tests has no overlay planes, and nobody drew or marked anything on it.
NOTHING_THERE = ("/overlays", "/annotations.dcm", "/key-images.dcm")
# Not to be had unless the giver says so.
NOT_TAKEN = ("/study.zip", "/report.pdf")


def all_open(found: dict[str, int]) -> bool:
    """Whether each address answers, with 404 where there is nothing to give."""

    def expected(address: str) -> int:
        if address.endswith(NOT_TAKEN):
            return 403
        return 404 if address.endswith(NOTHING_THERE) else 200

    return all(status == expected(address) for address, status in found.items())


def parts(case: ShareCase, given: Given) -> dict[str, bool]:
    """Which of report, pictures and DICOM a recipient of the share reaches."""
    visitor, series = case.recipient(given), case.series_ids[0]
    addresses = {
        "report": ["report"],
        "images": ["images", f"series/{series}/pictures/0/full", f"series/{series}/captions.json"],
        "dicom": [
            "dicom",
            "viewer.json",
            f"series/{series}/manifest.json",
            f"series/{series}/frames",
            f"series/{series}/frames/0/rendered.png",
        ],
    }
    reached = {}
    for name, paths in addresses.items():
        codes = {visitor.client.get(f"{base(given)}/{path}").status_code for path in paths}
        assert codes in ({200}, {403}), f"{name} {codes}"
        reached[name] = codes == {200}
    return reached


@pytest.mark.requirement("A-26", "A-31")
@pytest.mark.parametrize(
    ("without", "extra", "expected"),
    [
        (("images",), {}, {"report": True, "images": False, "dicom": False}),
        (("report",), {}, {"report": False, "images": True, "dicom": False}),
        ((), {}, {"report": True, "images": True, "dicom": False}),
        (("report",), {"dicom": "y"}, {"report": False, "images": True, "dicom": True}),
    ],
)
def test_what_is_shared_opens_and_nothing_else(
    case: ShareCase, without: tuple[str, ...], extra: dict[str, str], expected: dict[str, bool]
) -> None:
    assert parts(case, case.give(without=without, **extra)) == expected


def test_series_that_are_not_shared_stay_closed(case: ShareCase) -> None:
    given = case.give(series=case.series_ids[1])
    client = case.recipient(given).client
    codes = [
        client.get(f"{base(given)}/series/{series}/pictures/0/full").status_code
        for series in case.series_ids
    ]
    assert codes == [403, 200]


@pytest.mark.requirement("A-31")
def test_the_recipient_sees_what_it_is_and_how_long_and_no_way_elsewhere(case: ShareCase) -> None:
    given = case.give(views="3", lifetime="60")
    visitor = case.recipient(given)
    visitor.get(base(given))
    for words in ("胸部CT平扫", "第一示范医院", "张*", "1 小时 0 分钟", "2026-05-01 10:00", "2 次"):
        assert words in visitor.text, words
    assert "张三丰" not in visitor.text
    assert f'href="{base(given)}/images"' in visitor.text
    assert f'href="{base(given)}/report"' in visitor.text
    for elsewhere in ('href="/studies', 'href="/shares', 'href="/account', case.study_id):
        assert elsewhere not in visitor.text
    assert visitor.client.get(f"/studies/{case.study_id}").status_code == 303


def test_the_full_name_is_shown_when_the_giver_says_so(case: ShareCase) -> None:
    given = case.give(show_identity="y")
    visitor = case.recipient(given)
    visitor.get(base(given))
    assert "张三丰" in visitor.text


def test_robots_that_look_at_the_door_use_no_view(case: ShareCase) -> None:
    given = case.give(views="1")
    assert len(ROBOTS) == 20
    for agent in ROBOTS:
        client = case.app.test_client()
        assert client.get(base(given), headers={"User-Agent": agent}).status_code == 200
        assert client.get(f"{base(given)}/open").status_code in {404, 405}
    assert case.share(given.share_id).views == 0
    case.recipient(given)
    assert case.share(given.share_id).views == 1


@pytest.mark.requirement("A-24")
def test_the_third_opening_of_two_is_refused_and_reading_on_is_not(case: ShareCase) -> None:
    given = case.give(views="custom", custom_views="2")
    first, _second = case.recipient(given), case.recipient(given)
    third = case.stranger()
    answer = knock(third, given)
    assert answer.status_code == 410
    assert "无法打开这个分享" in answer.get_data(as_text=True)
    series = case.series_ids[0]
    for _ in range(5):
        assert first.get(base(given)).status_code == 200
        assert first.get(f"{base(given)}/series/{series}/pictures/0/full").status_code == 200
    assert case.share(given.share_id).views == 2


@pytest.mark.requirement("A-22")
def test_a_password_is_asked_for_counted_and_opens(case: ShareCase) -> None:
    given = case.give(password="k7m4xq")
    visitor = case.stranger()
    asked = knock(visitor, given)
    assert asked.status_code == 200
    assert "请输入分享密码" in visitor.text
    wrong = visitor.submit(f"{base(given)}/open", password="falsch", follow_redirects=False)
    assert wrong.status_code == 422
    assert "密码不正确" in visitor.text
    assert case.share(given.share_id).failed_tries == 1
    assert set(statuses(case, visitor, base(given)).values()) <= {303, 401}
    right = visitor.submit(f"{base(given)}/open", password="k7m4xq", follow_redirects=False)
    assert right.status_code == 303
    assert visitor.get(f"{base(given)}/images").status_code == 200
    assert case.share(given.share_id).views == 1


@pytest.mark.requirement("A-22", "A-30")
def test_too_many_wrong_passwords_lock_for_a_while(
    case: ShareCase, clock: time_machine.Traveller
) -> None:
    given = case.give(password="k7m4xq", lifetime="60")
    visitor = case.stranger()
    tries = case.cloud.settings.share_tries
    codes = [knock(visitor, given, password="falsch").status_code for _ in range(tries)]
    assert codes == [422] * tries
    locked = knock(visitor, given, password="k7m4xq")
    assert locked.status_code == 429
    assert 0 < int(locked.headers["Retry-After"]) <= case.cloud.settings.lock_minutes * 60
    assert "05-01 09:15 后再试" in visitor.text
    case.giver.get("/shares")
    assert "已锁定" in case.giver.text
    clock.shift(timedelta(minutes=case.cloud.settings.lock_minutes, seconds=1))
    assert knock(visitor, given, password="k7m4xq").status_code == 303


@pytest.mark.requirement("A-30")
def test_guessing_short_codes_ends_with_429(case: ShareCase) -> None:
    given = case.give()
    visitor = case.stranger()
    tries = case.cloud.settings.share_tries
    codes = [
        knock(visitor, given, secret="", code=f"AAAAA-{number:05d}").status_code
        for number in range(tries + 1)
    ]
    assert codes == [410] * tries + [429]


@pytest.mark.requirement("A-30")
def test_one_address_may_not_knock_at_one_share_for_ever(case: ShareCase) -> None:
    case.app.config["WTF_CSRF_ENABLED"] = False
    client = case.app.test_client()
    codes = [client.post(f"/s/{'0' * 22}/open").status_code for _ in range(21)]
    assert codes == [422] * 20 + [429]
    assert client.post(f"/s/{'1' * 22}/open").status_code == 422


def test_the_short_code_opens_without_a_script(case: ShareCase) -> None:
    given = case.give(password="k7m4xq")
    visitor = case.stranger()
    visitor.get(base(given))
    typed = given.short_code.lower().replace("-", " ")
    visitor.submit(f"{base(given)}/open", code=typed)
    assert "请输入分享密码" in visitor.text
    visitor.submit(f"{base(given)}/open", password="k7m4xq")
    assert visitor.path == base(given)
    assert "查看影像" in visitor.text
    assert visitor.get(f"{base(given)}/images").status_code == 200


def test_an_empty_form_opens_nothing(case: ShareCase) -> None:
    given = case.give()
    answer = knock(case.stranger(), given, secret="")
    assert answer.status_code == 422


def _plain(page: str, share_id: str) -> str:
    """A page without what differs from request to request."""
    lines = page.replace(share_id, "SHARE").splitlines()
    changing = ("csrf", "nonce=", "CSRFToken")
    return "\n".join(line for line in lines if not any(word in line for word in changing))


def test_strangers_cannot_tell_one_closed_door_from_another(case: ShareCase) -> None:
    revoked, live = case.give(), case.give()
    case.giver.get(f"/shares/{revoked.share_id}/revoke")
    case.giver.submit(f"/shares/{revoked.share_id}/revoke")
    used_up = case.give(views="1")
    case.recipient(used_up)
    unknown = Given("0" * 22, "", "x" * 43, "", "")
    wrong = Given(live.share_id, "", "x" * 43, "", "")
    doors, answers = set(), set()
    for given in (unknown, wrong, revoked, used_up):
        visitor = case.stranger()
        doors.add(_plain(visitor.get(base(given)).get_data(as_text=True), given.share_id))
        closed = knock(visitor, given)
        assert closed.status_code == 410
        answers.add(_plain(closed.get_data(as_text=True), given.share_id))
    assert len(doors) == 1
    assert len(answers) == 1


@pytest.mark.requirement("A-23", "F-64")
def test_expiry_closes_every_address_of_an_open_visit(
    case: ShareCase, clock: time_machine.Traveller
) -> None:
    given = case.give(dicom="y", lifetime="5")
    visitor = case.recipient(given)
    before = statuses(case, visitor, base(given))
    assert len(before) > 8
    assert all_open(before)
    clock.shift(timedelta(minutes=5, seconds=1))
    assert set(statuses(case, visitor, base(given)).values()) == {410}
    assert knock(case.stranger(), given).status_code == 410


@pytest.mark.requirement("A-28", "F-64")
def test_revocation_closes_every_address_at_the_next_request(case: ShareCase) -> None:
    given = case.give(dicom="y")
    visitor = case.recipient(given)
    assert all_open(statuses(case, visitor, base(given)))
    case.giver.get(f"/shares/{given.share_id}/revoke")
    case.giver.submit(f"/shares/{given.share_id}/revoke")
    for address in data_addresses(case, base(given)):
        answer = visitor.client.get(address, headers={"Sec-Fetch-Dest": "empty"})
        assert answer.status_code == 410, address
        assert answer.content_type == "application/problem+json"
        assert json.loads(answer.data)["title"] == "内容已失效"


@pytest.mark.requirement("A-29")
def test_revocation_leaves_the_patient_and_other_shares_alone(case: ShareCase) -> None:
    revoked, other = case.give(dicom="y"), case.give(dicom="y")
    reader = case.recipient(other)
    case.giver.get(f"/shares/{revoked.share_id}/revoke")
    case.giver.submit(f"/shares/{revoked.share_id}/revoke")
    assert all_open(statuses(case, reader, base(other)))
    case.recipient(other)
    own = f"/studies/{case.study_id}"
    for path in (own, f"{own}/report", f"{own}/viewer.json"):
        assert case.giver.get(path).status_code == 200


def test_an_ended_visit_is_told_so_and_forgotten(
    case: ShareCase, clock: time_machine.Traveller
) -> None:
    given = case.give()
    visitor = case.recipient(given)
    clock.shift(timedelta(minutes=case.cloud.settings.idle_minutes, seconds=1))
    visitor.get(base(given))
    assert "上次访问已结束" in visitor.text
    visitor.get(base(given))
    assert "上次访问已结束" not in visitor.text


def test_a_visit_to_one_share_opens_no_other(case: ShareCase) -> None:
    first, second = case.give(), case.give()
    visitor = case.recipient(first)
    assert visitor.client.get(f"{base(second)}/images").status_code == 303


@pytest.mark.requirement("A-30")
def test_the_secret_is_in_no_address_and_no_log(case: ShareCase) -> None:
    with capture_logs() as logs:
        given = case.give(password="k7m4xq")
        visitor = case.stranger()
        asked = knock(visitor, given)
        opened = visitor.submit(f"{base(given)}/open", password="k7m4xq", follow_redirects=False)
        overview = visitor.get(base(given))
    assert opened.headers["Location"] == base(given)
    assert any(entry.get("route") == "/s/<share_id>/open" for entry in logs)
    for secret in (given.secret, given.short_code, "k7m4xq"):
        assert secret not in str(logs)
        assert secret not in str(asked.headers) + str(opened.headers)
        assert secret not in overview.get_data(as_text=True)
