"""The console as an administrator, a second one and an auditor work in it; once by keyboard."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from e2e import console
from e2e.conftest import Visits
from e2e.product import Product

REASON = "季度核对上传质量"


def by_keyboard(page: Page, words: str) -> None:
    """Go to a link or button by the Tab key alone and press Enter."""
    for _each in range(90):
        page.keyboard.press("Tab")
        held = page.evaluate("document.activeElement.textContent.trim()")
        if held.startswith(words):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"the Tab key does not reach {words}")


def test_an_institution_a_policy_an_export_and_alarms(product: Product, visits: Visits) -> None:
    console.fill(product)
    page = visits.open("desktop", console.ADMINISTRATOR)[0]
    page.goto("/admin")
    expect(page.get_by_role("heading", name="今天需要处理")).to_be_visible()
    expect(page.get_by_text("传输链路“主用专线”不通").first).to_be_visible()

    page.get_by_role("link", name="机构", exact=True).first.click()
    page.get_by_label("机构名称").fill("新桥示范医院")
    page.get_by_label("机构代码").fill("12990300MB00000031")
    page.get_by_label("医院等级").select_option("二级甲等")
    page.get_by_label("地区名称").fill("示范省")
    page.get_by_role("button", name="登记").click()
    expect(page.get_by_text("已登记新桥示范医院")).to_be_visible()

    page.goto("/admin/retrievals")
    page.get_by_label("限定的机构").select_option("新桥示范医院")
    page.get_by_label("每日次数").fill("200")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("立即生效")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="新桥示范医院")
    expect(row).to_contain_text("200")

    page.goto("/admin/records")
    page.get_by_label("导出理由").fill(REASON)
    page.get_by_role("button", name="申请导出").click()
    expect(page.get_by_text(REASON).first).to_be_visible()
    mine = page.locator(".card").filter(has_text=REASON)
    expect(mine.get_by_role("button", name="批准")).to_have_count(0)

    second = visits.open("desktop", console.SECOND)[0]
    second.goto("/admin/exports")
    theirs = second.locator(".card").filter(has_text=REASON)
    theirs.get_by_role("button", name="批准").click()
    expect(second.get_by_text("申请人三天内可下载")).to_be_visible()

    page.goto("/admin/exports")
    with page.expect_download() as download:
        page.locator(".card").filter(has_text=REASON).get_by_role("link", name="下载").click()
    text = download.value.path().read_bytes().decode("utf-8-sig")
    assert text.startswith("时间,机构,患者")

    page.goto("/admin/alarms")
    alarm = page.locator(".card").filter(has_text="主用专线")
    alarm.get_by_role("button", name="关闭").click()
    expect(page.get_by_text("已关闭告警")).to_be_visible()


def test_an_auditor_reads_the_log_and_checks_its_chain_by_keyboard(
    product: Product, visits: Visits
) -> None:
    console.fill(product)
    page = visits.open("desktop", console.AUDITOR)[0]
    page.goto("/admin")
    by_keyboard(page, "操作日志")
    expect(page.get_by_role("heading", name="操作日志").first).to_be_visible()
    by_keyboard(page, "校验日志完整性")
    expect(page.get_by_text("没有缺失或改动")).to_be_visible()
