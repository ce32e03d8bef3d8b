"""From the first address to the time line: password, second factor, consent."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from e2e.conftest import Visits
from e2e.signing_in import authenticator_code, code_by_sms, give_code, give_password


@pytest.mark.requirement("A-01", "A-06", "A-14", "A-37", "A-48", "A-52")
@pytest.mark.parametrize(
    ("size", "login", "by_sms"),
    [("phone", "journey.phone", False), ("desktop", "journey.desktop", True)],
)
def test_two_factors_and_consent_lead_to_the_time_line(
    visits: Visits, size: str, login: str, by_sms: bool
) -> None:
    page, watch = visits.open(size)
    page.goto("/")
    expect(page).to_have_url(re.compile("/login$"))
    facts = visits.product.logins[login]
    give_password(page, facts)
    give_code(page, code_by_sms(page) if by_sms else authenticator_code(facts))
    expect(page).to_have_url(re.compile("/consent"))
    page.goto("/studies")
    expect(page).to_have_url(re.compile("/consent"))
    expect(page.get_by_role("heading", name="保存期限")).to_be_visible()
    page.get_by_role("button", name="同意并继续").click()
    expect(page).to_have_url(re.compile("/studies$"))
    times = page.locator(".exam time").evaluate_all("all => all.map((one) => one.dateTime)")
    assert len(times) == 6 and times == sorted(times, reverse=True)
    bar = page.get_by_role("navigation", name="底部导航" if size == "phone" else "主导航")
    labels = [text.strip() for text in bar.locator("a").all_inner_texts()]
    assert labels == ["影像档案", "影像查看", "报告查看", "授权分享"]
    assert watch.dicom_requests() == []


@pytest.mark.requirement("A-37")
def test_who_does_not_agree_is_signed_out_and_sees_nothing(visits: Visits) -> None:
    page, _ = visits.open("phone")
    page.goto("/login")
    facts = visits.product.logins["journey.plain"]
    give_password(page, facts)
    give_code(page, code_by_sms(page))
    page.get_by_role("button", name="不同意并退出").click()
    expect(page).to_have_url(re.compile("/login"))
    page.goto("/studies")
    expect(page).to_have_url(re.compile("/login"))


@pytest.mark.requirement("A-09", "A-10", "A-16", "A-36")
def test_the_time_line_is_for_the_family_and_its_gate_says_why(visits: Visits) -> None:
    page, watch = visits.open("phone", "zhang.shifan")
    page.goto("/studies")
    people = page.get_by_role("navigation", name="选择查看谁的资料").locator("a")
    expect(people).to_have_count(4)
    assert page.locator(".exam-hospital").count() == 6
    assert len(set(page.locator(".exam-hospital").all_inner_texts())) >= 2
    expect(page.locator(".badge-province")).to_have_text(["样例省"])
    gated = page.locator(".exam", has_text="报告审核通过后即可查看")
    expect(gated).to_have_count(1)
    expect(gated.get_by_role("link")).to_have_count(0)
    people.filter(has_text="李样例").click()
    expect(page.locator(".exam")).to_have_count(1)
    watch.expect("40[34]")
    for name, status in (("draft", 403), ("stranger", 403)):
        answer = page.goto(f"/studies/{visits.product.studies[name]}")
        assert answer is not None and answer.status == status
        assert page.locator(".problem-advice").inner_text()
