"""From our sign-in page to a real provider and back, with everything that may go wrong between."""

from __future__ import annotations

import html
import re
import time
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest
import requests
from sqlalchemy import func, select

from server import accounts, messages, people
from server.cloud import ImageCloud
from server.model import Account, AccountSession, AuditEvent, ExternalIdentity, Person, Role
from tests.factories import make_account
from tests.identity.conftest import BASE_URL, ID_NUMBER
from tests.identity.provider import PASSWORD
from tests.visitor import Visitor


def at_provider(address: str, user: str) -> str:
    """Sign in at the provider as a browser does; returns the address that leads back to us."""
    # Canaille's tokens of one user in one second are equal, and it refuses the second of them.
    time.sleep(1)
    browser = requests.Session()
    answer = browser.get(address, timeout=10, allow_redirects=False)
    for _step in range(12):
        if answer.is_redirect:
            target = urljoin(answer.url, answer.headers["Location"])
            if target.startswith(BASE_URL):
                return target
            answer = browser.get(target, timeout=10, allow_redirects=False)
            continue
        fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', answer.text))
        fields = {key: html.unescape(value) for key, value in fields.items()}
        wanted = {"login": user, "password": PASSWORD}
        fields |= {key: value for key, value in wanted.items() if f'name="{key}"' in answer.text}
        answer = browser.post(answer.url, data=fields, timeout=10, allow_redirects=False)
    raise AssertionError(answer.text)


def leave_for(visitor: Visitor, name: str, target: str = "") -> str:
    """Press the button of a provider on our page; returns where it leads."""
    visitor.get("/login")
    assert f'href="/login/with/{name}?' in visitor.text
    query = f"?{urlencode({'next': target})}" if target else ""
    answer = visitor.get(f"/login/with/{name}{query}", follow_redirects=False)
    assert answer.status_code == 302
    return answer.headers["Location"]


def come_back(visitor: Visitor, address: str) -> None:
    parts = urlsplit(address)
    visitor.get(f"{parts.path}?{parts.query}")


def session_cookie(visitor: Visitor) -> str | None:
    found = visitor.client.get_cookie("yingyun", domain="127.0.0.1")
    return found.value if found else None


@pytest.mark.requirement("A-07")
def test_code_flow_with_pkce_ends_in_a_session(visitor: Visitor, cloud: ImageCloud) -> None:
    address = leave_for(visitor, "trusted", "/account")
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["code_challenge"]
    assert asked["response_type"] == ["code"] and asked["nonce"] and asked["state"]
    come_back(visitor, at_provider(address, "zhang"))
    assert visitor.path in {"/account", "/consent"}
    assert session_cookie(visitor)
    with cloud.database.session() as session:
        opened = session.scalars(select(AccountSession)).one()
        assert opened.entry_kind == "national_platform"
        assert opened.account.role == Role.PATIENT
        assert opened.account.person is not None
        assert people.id_number(cloud, opened.account.person) == ID_NUMBER


@pytest.mark.requirement("A-07", "F-03")
def test_a_provider_without_second_factor_leads_to_ours(
    visitor: Visitor, cloud: ImageCloud
) -> None:
    come_back(visitor, at_provider(leave_for(visitor, "national"), "zhang"))
    assert visitor.path == "/login/code"
    assert session_cookie(visitor) is None
    visitor.submit("/login/sms")
    with cloud.database.session() as session:
        body = messages.mailbox(cloud, session)[0].body
    code = re.search(r"[0-9]{6}", body)
    assert code
    visitor.submit("/login/code", code=code.group())
    assert session_cookie(visitor)


@pytest.mark.requirement("A-08")
def test_two_providers_lead_to_the_same_patient(visitor: Visitor, cloud: ImageCloud) -> None:
    user = "zhang"
    for name in ("trusted", "national", "trusted"):
        browser = Visitor(visitor.client.application, BASE_URL)
        come_back(browser, at_provider(leave_for(browser, name), user))
    with cloud.database.session() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 1
        assert session.scalar(select(func.count()).select_from(Account)) == 1
        assert session.scalar(select(func.count()).select_from(ExternalIdentity)) == 2


@pytest.mark.requirement("A-07")
def test_somebody_known_by_his_number_keeps_his_account(
    visitor: Visitor, cloud: ImageCloud
) -> None:
    with cloud.database.session() as session:
        person = people.create_person(
            cloud, session, person_code="1" * 26, name="王小明", id_number=ID_NUMBER
        )
        made = accounts.create_account(
            cloud, session, login="wang.xm", password=PASSWORD, role=Role.PATIENT, person=person
        )
        account_id = made.account.id
    come_back(visitor, at_provider(leave_for(visitor, "trusted"), "zhang"))
    with cloud.database.session() as session:
        assert session.scalars(select(AccountSession)).one().account_id == account_id


@pytest.mark.requirement("A-07")
def test_a_wrong_state_is_refused(visitor: Visitor, cloud: ImageCloud) -> None:
    back = at_provider(leave_for(visitor, "trusted"), "zhang")
    parts = urlsplit(back)
    query = parse_qs(parts.query) | {"state": ["invented"]}
    come_back(visitor, f"{parts.path}?{urlencode(query, doseq=True)}")
    assert visitor.path == "/login" and "登录没有完成" in visitor.text
    assert session_cookie(visitor) is None
    with cloud.database.session() as session:
        assert session.scalars(select(AccountSession)).all() == []


def test_an_answer_in_another_browser_is_refused(visitor: Visitor, cloud: ImageCloud) -> None:
    back = at_provider(leave_for(visitor, "trusted"), "zhang")
    stranger = Visitor(visitor.client.application, BASE_URL)
    come_back(stranger, back)
    assert stranger.path == "/login" and session_cookie(stranger) is None


def test_a_code_works_once(visitor: Visitor, cloud: ImageCloud) -> None:
    back = at_provider(leave_for(visitor, "trusted"), "zhang")
    come_back(visitor, back)
    come_back(visitor, back)
    assert "登录没有完成" in visitor.text


def test_a_provider_that_names_no_number_is_not_enough(visitor: Visitor, cloud: ImageCloud) -> None:
    come_back(visitor, at_provider(leave_for(visitor, "nameless"), "nobody"))
    assert visitor.path == "/login" and "无法确认您的身份" in visitor.text
    with cloud.database.session() as session:
        assert session.scalars(select(Account)).all() == []
        failure = session.scalars(select(AuditEvent)).one()
        assert (failure.event, failure.result) == ("sign_in.provider", "failure")
        assert failure.detail["provider"] == "nameless"


def test_a_doctor_comes_in_by_the_connected_hospital_account(
    visitor: Visitor, cloud: ImageCloud
) -> None:
    doctor = make_account(cloud, login="dr.liu", role=Role.DOCTOR)
    user = "nobody"
    with cloud.database.session() as session:
        account = session.get_one(Account, doctor.account_id)
        accounts.connect(session, account, "nameless", user, actor_kind="system", actor="test")
    come_back(visitor, at_provider(leave_for(visitor, "nameless"), user))
    assert visitor.path == "/login/code"
    visitor.submit("/login/code", code=doctor.code())
    assert session_cookie(visitor)


def test_a_shut_account_stays_shut(visitor: Visitor, cloud: ImageCloud) -> None:
    user = "zhang"
    come_back(visitor, at_provider(leave_for(visitor, "trusted"), user))
    with cloud.database.session() as session:
        account = session.scalars(select(Account)).one()
        accounts.disable_account(session, account, actor_kind="system", actor="test")
    other = Visitor(visitor.client.application, BASE_URL)
    come_back(other, at_provider(leave_for(other, "trusted"), user))
    assert "账户已停用" in other.text and session_cookie(other) is None


def test_an_account_made_by_a_provider_has_no_password(visitor: Visitor, cloud: ImageCloud) -> None:
    come_back(visitor, at_provider(leave_for(visitor, "trusted"), "zhang"))
    with cloud.database.session() as session:
        login = session.scalars(select(Account)).one().login
    for password in ("", "no account has this password"):
        with pytest.raises(accounts.SignInRefused), cloud.database.session() as session:
            accounts.start_sign_in(
                cloud, session, login=login, password=password, source="127.0.0.1"
            )
