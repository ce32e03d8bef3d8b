"""What a patient sees of another province's study, from the button to the pictures."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
import time_machine

from server import clock
from server.demo.people import id_number
from server.jobs import regular
from server.model import CacheRequest, CacheState
from server.provinces import client, elsewhere
from server.provinces.client import PeerUnavailableError
from tests.factories import make_account, make_person
from tests.provinces.case import Country
from tests.visitor import Visitor


def visitor_of(country: Country) -> Visitor:
    assert country.east.patient is not None
    return Visitor(country.east.app).be(country.east.cloud, country.east.patient)


@pytest.mark.requirement("A-10", "A-11", "G-04")
def test_from_the_button_to_the_pictures(country: Country, tmp_path: Path) -> None:
    country.east.take_study(tmp_path / "own", description="腹部CT")
    country.west.take_study(tmp_path / "ct")
    country.west.empty_outbox()
    visitor = visitor_of(country)
    visitor.get("/studies")
    cards = re.findall(r'<article class="exam".*?</article>', visitor.text, re.S)
    (own,) = [one for one in cards if "腹部CT" in one]
    (other,) = [one for one in cards if "胸部CT" in one]
    assert "badge-province" not in own and 'class="badge badge-province">西山省<' in other
    assert "申请调取" in other and "<img" not in other and "/studies/" not in other
    assert "胸部CT" not in visitor.get("/studies?show=images").get_data(as_text=True)
    address = re.search(r'href="(/elsewhere/[^"]+)"', other)
    assert address
    visitor.get(address[1])
    assert "尚未申请" in visitor.text and "/studies/" not in visitor.text
    visitor.submit(f"{address[1]}/apply")
    assert "已调取" in visitor.text
    href = re.search(r'href="(/studies/[^"]+)"[^>]*>.*?查看影像', visitor.text)
    assert href
    page = visitor.get(href[1])
    assert page.status_code == 200 and "data-picture" in visitor.text
    report = visitor.get(f"{href[1]}/report")
    assert "双肺纹理清晰" in report.get_data(as_text=True)
    visitor.get("/studies")
    cards = re.findall(r'<article class="exam".*?</article>', visitor.text, re.S)
    (copy,) = [one for one in cards if "胸部CT" in one]
    assert 'class="badge badge-province">西山省<' in copy and "申请调取" not in copy


def test_each_state_is_said_in_words(country: Country, tmp_path: Path) -> None:
    country.west.take_study(tmp_path / "ct")
    country.west.empty_outbox()
    (remote,) = country.east.ask_elsewhere()
    country.east.apply(remote.remote_study_id)
    visitor = visitor_of(country)
    address = f"/elsewhere/{remote.remote_study_id}"
    for state, failure, words in (
        (CacheState.APPLIED, "", "已申请，等待调取"),
        (CacheState.FETCHING, "timeout", "系统会自动重试"),
        (CacheState.FAILED, "not_reviewed", "报告尚未审核通过"),
        (CacheState.EXPIRED, "", "副本已删除"),
    ):
        with country.east.cloud.database.session() as session:
            request = session.get_one(CacheRequest, remote.remote_study_id)
            request.state, request.failure = state, failure
        visitor.get(address)
        assert words in visitor.text, words
        waiting = state in {CacheState.APPLIED, CacheState.FETCHING}
        assert ("hx-trigger" in visitor.text) is waiting
        assert (f'action="{address}/apply"' in visitor.text) is not waiting


def test_nobody_else_reaches_it(country: Country, tmp_path: Path) -> None:
    country.west.take_study(tmp_path / "ct")
    country.west.empty_outbox()
    (remote,) = country.east.ask_elsewhere()
    stranger = make_account(country.east.cloud, "lisi")
    visitor = Visitor(country.east.app).be(country.east.cloud, stranger)
    assert visitor.get(f"/elsewhere/{remote.remote_study_id}").status_code == 404
    assert "胸部CT" not in visitor.get("/studies").get_data(as_text=True)


def test_the_list_stands_when_the_index_is_silent(country: Country, tmp_path: Path) -> None:
    country.west.take_study(tmp_path / "ct")
    country.west.empty_outbox()
    assert len(country.east.ask_elsewhere()) == 1
    file = country.east.cloud.settings.provinces_file
    assert file is not None
    file.write_text(
        re.sub(r'("url": "http://127.0.0.1:)\d+(", "public_key_file": "index)', r"\g<1>9\2",
               file.read_text()),
    )  # fmt: skip
    with time_machine.travel(clock.now() + elsewhere.FRESH + timedelta(seconds=1)):
        visitor = visitor_of(country)
        visitor.get("/studies")
        assert "暂时查询不到外省影像" in visitor.text
        assert "胸部CT" in visitor.text and "申请调取" in visitor.text


@pytest.mark.requirement("F-24")
def test_a_consent_is_taken_back_on_the_account_page(country: Country, tmp_path: Path) -> None:
    country.west.take_study(tmp_path / "ct")
    country.west.empty_outbox()
    (remote,) = country.east.ask_elsewhere()
    visitor = visitor_of(country)
    visitor.get(f"/elsewhere/{remote.remote_study_id}")
    visitor.submit(f"/elsewhere/{remote.remote_study_id}/apply")
    visitor.get("/account")
    assert "调取外省影像" in visitor.text
    with country.east.cloud.database.session() as session:
        given = session.get_one(CacheRequest, remote.remote_study_id).consent_id
    visitor.submit(f"/account/consents/{given}/withdraw")
    assert "副本将在几分钟内删除" in visitor.text
    regular.tend_provinces(country.east.cloud)
    visitor.get(f"/elsewhere/{remote.remote_study_id}")
    assert "副本已删除" in visitor.text


def test_a_family_waits_once_for_a_silent_index(
    country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def silent(*_args: object) -> dict[str, object]:
        asked.append(1)
        raise PeerUnavailableError("timeout")

    monkeypatch.setattr(client, "ask", silent)
    east = country.east.cloud
    assert country.east.patient is not None
    own = country.east.patient.person_id
    assert own is not None
    other = make_person(east, "李四", id_number=id_number(date(1981, 5, 6), 8))
    elsewhere.refresh(east, {own, other.id})
    assert asked == [1]
    with east.database.session() as session:
        assert elsewhere.is_unanswered(east, session, {other.id})
    elsewhere.refresh(east, {own, other.id})
    assert asked == [1], "nor again before the pause is over"
