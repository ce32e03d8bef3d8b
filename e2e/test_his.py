"""From the hospital's order page to the first image, in a frame on another site (C-38, C-44)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from e2e.browser import Watch
from e2e.his import EVIL, HIS, Hospitals, frame_of, open_browser, running_hospital, told
from e2e.product import Product


@pytest.fixture(scope="module")
def hospitals(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospitals]:
    with running_hospital(product, tmp_path_factory.mktemp("his")) as running:
        yield running


@pytest.fixture(scope="module")
def partitioned(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """A browser that blocks third-party cookies, as its makers want all to."""
    context = open_browser(playwright, tmp_path_factory.mktemp("phaseout"), cookies="partitioned")
    yield context
    context.close()


@pytest.fixture(scope="module")
def cookieless(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """A browser that keeps no cookies at all."""
    context = open_browser(playwright, tmp_path_factory.mktemp("cookieless"), cookies="none")
    yield context
    context.close()


def open_orders(page: Page, hospitals: Hospitals, patient: str = "张示范") -> None:
    page.goto(hospitals.his_url)
    page.get_by_role("link", name=f"接诊 {patient}").click()
    page.get_by_role("link", name="检查单与影像").click()


@pytest.mark.requirement("F-55")
def test_this_browser_blocks_third_party_cookies(
    partitioned: BrowserContext, hospitals: Hospitals
) -> None:
    """Else the tests below would prove nothing."""
    page = partitioned.new_page()
    elsewhere = hospitals.evil_url.replace(EVIL, HIS)
    page.goto(f"{hospitals.evil_url}/around?address={elsewhere}/set")
    inner = page.frame("inner")
    assert inner is not None
    inner.wait_for_url("**/echo")
    assert json.loads(inner.locator("body").inner_text()) == ["__Host-partitioned"]
    page.close()


@pytest.mark.requirement("C-38", "C-44", "F-55")
def test_from_the_order_to_the_first_image_in_one_click(
    partitioned: BrowserContext, hospitals: Hospitals
) -> None:
    """Three are allowed (C-44); and the page around steers the viewer (C-38)."""
    page, watch = partitioned.new_page(), Watch()
    watch.follow(partitioned)
    watch.expect("Blocked autofocusing")  # in frames of other sites nothing takes the focus
    open_orders(page, hospitals)
    page.locator(f"a[href*='{hospitals.study_uids['ct']}']").click()
    told(page, "image-shown")
    frame = frame_of(page)
    assert frame.url.startswith(f"{hospitals.cloud_url}/launched/")
    assert "/launch/" not in frame.url
    told(page, "viewer-ready")
    state = frame.evaluate("window.yingyun.state()")
    assert not state["unshown"]
    before = state["window"]
    page.get_by_role("button", name="骨窗").click()
    told(page, "result")
    assert frame.evaluate("window.yingyun.state()")["window"] != before
    frame.locator(".viewer-back").first.click()
    expect(frame.locator("h1")).to_have_text("张示范")
    expect(frame.locator(".site-header")).to_have_count(0)
    assert not watch.unexpected(), watch.unexpected()
    page.close()


@pytest.mark.requirement("F-55", "C-38")
def test_another_site_may_neither_frame_it_nor_talk_to_it(
    partitioned: BrowserContext, hospitals: Hospitals
) -> None:
    his = hospitals.hospital
    visit = his.visits[0]
    stolen = his.client.launch(
        visit.patient,
        his.physician,
        visit.visit(outside=False),
        frame_origin=hospitals.his_url,
        opens="list",
    )
    page = partitioned.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.goto(f"{hospitals.evil_url}/around?address={stolen.url}")
    inner = page.main_frame.child_frames[0]
    inner.wait_for_url("chrome-error://**")
    assert any("frame-ancestors" in one for one in errors), errors
    page.close()


@pytest.mark.requirement("C-38", "F-55")
def test_a_foreign_origin_is_not_listened_to(
    partitioned: BrowserContext, hospitals: Hospitals
) -> None:
    """A page that opened the hospital's can reach the frame, but not be heard there."""
    page = partitioned.new_page()
    page.goto(f"{hospitals.evil_url}/talker")
    with partitioned.expect_page() as opened:
        page.evaluate(
            "(address) => open_page(address)", f"{hospitals.his_url}/visits/V1/images?opens=list"
        )
    his = opened.value
    told(his, "welcome")
    frame = frame_of(his)
    at, said = frame.url, his.locator("[data-event]").count()
    uid = hospitals.study_uids["ct"]
    for message in (
        {"type": "hello"},
        {"type": "state", "id": 1},
        {"type": "open-study", "id": 2, "study_uid": uid},
    ):
        page.evaluate("(message) => talk(message)", {"yingyun": 1, **message})
    # What the hospital's own page says afterwards is answered, so the frame has seen the others.
    his.get_by_role("button", name="肺窗").click()
    expect(his.locator("[data-event]")).to_have_count(said + 1)
    assert page.evaluate("window.heard") == []
    assert frame.url == at
    his.close()
    page.close()


@pytest.mark.requirement("C-38")
def test_a_second_patient_ends_the_first_in_the_same_browser(
    partitioned: BrowserContext, hospitals: Hospitals
) -> None:
    first = partitioned.new_page()
    open_orders(first, hospitals)
    first.get_by_role("link", name="患者全部影像").click()
    told(first, "welcome")
    expect(frame_of(first).locator("h1")).to_have_text("张示范")
    second = partitioned.new_page()
    open_orders(second, hospitals, "阿卜杜热合曼·示例")
    second.get_by_role("link", name="患者全部影像").click()
    told(second, "welcome")
    frame = frame_of(second)
    expect(frame.locator("h1")).to_have_text("阿卜杜热合曼·示例")
    assert "张示范" not in frame.content()
    frame_of(first).locator("a.work-open").first.click()
    told(first, "session-needed")
    first.close()
    second.close()


@pytest.mark.requirement("C-38")
def test_a_browser_without_cookies_reads_too(
    cookieless: BrowserContext, hospitals: Hospitals
) -> None:
    """List, report, JPG and DICOM page, with the session in the frame's memory alone."""
    page = cookieless.new_page()
    open_orders(page, hospitals)
    page.get_by_role("link", name="患者全部影像").click()
    told(page, "session-needed")
    outer = frame_of(page)
    inner = outer.frame_locator("iframe.held-frame")
    expect(inner.locator("h1")).to_have_text("张示范")
    inner.locator("td[data-name='报告'] a").first.click()
    expect(inner.locator(".report")).to_be_visible()
    inner.locator(".back a").click()
    inner.locator("a.work-open").first.click()
    told(page, "image-shown")
    told(page, "viewer-ready")
    page.get_by_role("button", name="反像").click()
    told(page, "result")
    reading = outer.child_frames[0].evaluate("window.yingyun.state()")
    assert reading["loading"]["failed"] == []
    inner.locator(".viewer-back").first.click()
    expect(inner.locator("h1")).to_have_text("张示范")
    page.close()
