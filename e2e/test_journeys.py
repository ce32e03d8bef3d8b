"""The patient's ways at the widths of two phones, a tablet and a desk, each walked by hand."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Visits
from e2e.test_share import ENDED, read_qr, revoke

PATIENT = "zhang.shifan"
WIDTHS = {
    360: ("phone", {"viewport": {"width": 360, "height": 780}}),
    390: ("phone", {}),
    820: ("tablet", {}),
    1440: ("desktop", {}),
}
EVERY_WIDTH = pytest.mark.parametrize("width", WIDTHS)
THIRTEEN = 13


def opened(visits: Visits, width: int, login: str | None = None) -> Page:
    """A fresh browser of that width; an end of access on the way is no trouble here."""
    size, extra = WIDTHS[width]
    page, watch = visits.open(size, login, **extra)
    watch.expect(ENDED)
    return page


def fits(page: Page) -> None:
    """Nothing sticks out to the right (A-03)."""
    page.wait_for_load_state()
    wide, room = page.locator(":root").evaluate("(root) => [root.scrollWidth, innerWidth]")
    assert wide <= room, page.url


@pytest.mark.requirement("A-01", "A-03", "A-12", "A-13", "A-14", "A-15", "A-20", "A-21", "A-28",
                         "A-31", "A-52")  # fmt: skip
@EVERY_WIDTH
def test_from_the_time_line_to_a_share_that_is_revoked(visits: Visits, width: int) -> None:
    page = opened(visits, width, PATIENT)
    page.goto("/studies")
    times = page.locator(".exam time").evaluate_all("(all) => all.map((one) => one.dateTime)")
    assert len(times) >= 3 and times == sorted(times, reverse=True)
    fits(page)
    page.get_by_role("link", name="查看报告：胸腹部CT").click()
    expect(page.locator(".report dt")).to_have_count(THIRTEEN)
    fits(page)
    page.get_by_role("link", name="查看影像").click()
    page.locator("[data-picture]").evaluate("(one) => one.decode()")
    fits(page)
    page.goto("/studies")
    page.get_by_role("link", name="分享：胸腹部CT").click()
    page.wait_for_url("**/shares/new")
    fits(page)
    page.get_by_role("button", name="生成分享链接和二维码").click()
    link = page.locator("[data-address]").input_value()
    assert read_qr(page) == link
    fits(page)

    reader = opened(visits, width)
    reader.goto(link)
    fits(reader)
    reader.get_by_role("button", name="打开").click()
    reader.get_by_role("link", name="查看影像").click()
    reader.locator("[data-picture]").evaluate("(one) => one.decode()")
    picture = reader.locator("[data-picture]").get_attribute("src")
    assert picture is not None
    assert reader.locator("a[href^='/studies'], a[href^='/shares']").count() == 0
    fits(reader)

    revoke(page, link.partition("#")[0].rsplit("/", 1)[1])
    assert reader.request.get(picture).status in {401, 403, 410}
    assert page.request.get(f"/studies/{visits.product.studies['ct']}").status == 200


@pytest.mark.requirement("A-03", "A-09", "A-10", "A-36", "A-44", "A-48")
@EVERY_WIDTH
def test_family_other_province_and_two_dates(visits: Visits, width: int) -> None:
    page = opened(visits, width, PATIENT)
    studies = visits.product.studies
    page.goto("/studies")
    bar = page.get_by_role("navigation").filter(visible=True)
    for name in ("影像档案", "影像查看", "报告查看", "授权分享"):
        expect(bar.get_by_role("link", name=name).first).to_be_visible()
    expect(page.locator(".badge-province").first).to_have_text("样例省")
    hospitals = page.locator(".exam").evaluate_all("(all) => all.map((one) => one.innerText)")
    assert len({name for one in hospitals for name in re.findall(r"\S+医院", one)}) >= 2
    page.get_by_role("link", name=re.compile("配偶")).click()
    expect(page.locator(".exam")).to_have_count(1)
    fits(page)
    assert page.request.get(f"/studies/{studies['stranger']}").status == 403
    page.goto(f"/studies/compare?first={studies['ct']}&second={studies['dx']}")
    expect(page.get_by_role("heading", name="两次检查对比")).to_be_visible()
    expect(page.locator(".compare-side")).to_have_count(2)
    fits(page)


@pytest.mark.requirement("A-03", "A-27", "A-33", "A-37")
@EVERY_WIDTH
def test_what_one_allowed_and_took_away_stands_in_ones_account(visits: Visits, width: int) -> None:
    page = opened(visits, width, PATIENT)
    for address, heading in (
        ("/account", "我的账户"),
        ("/family", "亲情账户"),
        ("/authorisations", "我的授权"),
        ("/authorisations/visits", "谁看过我的影像"),
        ("/shares", "授权分享"),
        ("/downloads", "下载记录"),
    ):
        page.goto(address)
        expect(page.locator("h1").first).to_be_visible()
        assert heading in page.title() or heading in page.locator("h1").first.inner_text(), address
        fits(page)
    page.goto(f"/studies/{visits.product.studies['us']}/download")
    expect(page.locator("[name=password]")).to_be_visible()
    fits(page)
