"""The doctor's story, from the registration desk to a cited report of another hospital (issue 6).

The sample HIS is on another site over HTTPS, in a browser that blocks third-party cookies.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from e2e.browser import Watch
from e2e.his import Hospitals, frame_of, told
from e2e.product import Product
from e2e.test_his import hospitals as hospitals
from e2e.test_his import partitioned as partitioned
from server import authorisations
from server.authorisations import patient_code
from server.demo.people import ABROAD, PROVINCIAL
from server.model import (
    Account,
    Authorisation,
    CacheApplication,
    Citation,
    OutboxEntry,
    RecognitionOutcome,
    Reminder,
    Study,
)

PATIENT, OTHER = "张示范", "阿卜杜热合曼·示例"
MOST_CLICKS = 3


class Clicks:
    """Counts what the physician presses."""

    def __init__(self) -> None:
        self.count = 0

    def press(self, page: Page | FrameLocator, role: str, name: str) -> None:
        """Press one thing."""
        self.count += 1
        page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]


def count(session: Session, table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def register(page: Page, hospitals: Hospitals, patient: str, answer: str) -> None:
    page.goto(hospitals.his_url)
    page.get_by_role("link", name=f"挂号 {patient}").click()
    expect(page.get_by_text("预先取得您在其他医院的历史影像")).to_be_visible()
    page.get_by_role("button", name=answer).click()
    expect(page.get_by_role("heading", name="接诊")).to_be_visible()


@pytest.mark.requirement("E-20", "E-28")
def test_1_the_patient_is_asked_before_anything_is_applied_for(
    partitioned: BrowserContext, hospitals: Hospitals, product: Product
) -> None:
    page = partitioned.new_page()
    with product.cloud.database.session() as session:
        before = count(session, CacheApplication)
    register(page, hospitals, OTHER, "不同意，继续挂号")
    expect(page.get_by_text("患者不同意，未申请缓存")).to_be_visible()
    with product.cloud.database.session() as session:
        assert count(session, CacheApplication) == before
    register(page, hospitals, PATIENT, "同意并继续")
    expect(page.get_by_text("患者已同意，已申请缓存")).to_be_visible()
    with product.cloud.database.session() as session:
        made = session.scalars(select(CacheApplication)).all()
        assert len(made) == before + 1
        assert {"registration", "cache", "consent"} <= set(
            session.scalars(select(OutboxEntry.kind))
        )
    # The reception reminds of all history, by itself.
    badge = page.locator("#history .his-badge")
    expect(badge).to_be_visible()
    assert int(badge.inner_text()) >= 3
    expect(page.locator("td", has_text="（外院）").first).to_be_visible()
    page.close()


@pytest.mark.requirement("C-44", "C-37", "E-29", "E-31", "H-06", "H-07", "H-14")
def test_2_from_the_order_to_the_first_image_and_a_citation(
    partitioned: BrowserContext, hospitals: Hospitals, product: Product
) -> None:
    page, watch, clicks = partitioned.new_page(), Watch(), Clicks()
    watch.follow(partitioned)
    watch.expect("Blocked autofocusing")  # in frames of other sites nothing takes the focus
    page.goto(f"{hospitals.his_url}/visits/V1/orders")
    clicks.press(page, "button", "开单")
    expect(page.get_by_role("heading", name="相同检查提醒")).to_be_visible()
    reminder_page = page.url
    clicks.press(page, "link", "查看影像")
    told(page, "image-shown")
    assert clicks.count <= MOST_CLICKS
    frame = frame_of(page)
    # The three panels (C-37): images, and beside them the report and the quality result.
    for words in ("影像表现", "影像质控结果"):
        expect(frame.locator(".doctor-report").get_by_text(words).first).to_be_visible()
    frame.locator("form[action$='/citations'] button").first.click()
    told(page, "cited")
    trace = page.locator("[data-citations] .his-trace").first
    expect(trace).to_contain_text(PROVINCIAL.name)
    with product.cloud.database.session() as session:
        cited = session.scalars(select(Citation).order_by(Citation.cited_at.desc())).first()
        assert cited is not None
        assert cited.citation_id in trace.inner_text()
        assert (cited.encounter, cited.physician_name) == ("V1", "王示范")
    page.goto(reminder_page)
    page.get_by_label("重新检查的理由").select_option("disease_changed")
    page.get_by_role("button", name="重新检查").click()
    expect(page.get_by_text("已开单（重新检查）")).to_be_visible()
    page.get_by_role("button", name="开单").click()
    page.get_by_role("button", name="互认，不再检查").first.click()
    expect(page.get_by_text("互认，不再检查")).to_be_visible()
    with product.cloud.database.session() as session:
        wanted = select(Reminder.outcome).where(Reminder.encounter == "V1")
        outcomes = set(session.scalars(wanted.where(Reminder.outcome.is_not(None))))
    assert outcomes == {RecognitionOutcome.ACCEPTED, RecognitionOutcome.REEXAMINED}
    assert not watch.unexpected(), watch.unexpected()
    page.close()


@pytest.mark.requirement("H-03", "H-07", "F-65", "E-33")
def test_3_another_hospitals_report_is_cited_and_the_withdrawal_bites_at_once(
    partitioned: BrowserContext, hospitals: Hospitals, product: Product
) -> None:
    page = partitioned.new_page()
    page.goto(f"{hospitals.his_url}/visits/V1")
    page.get_by_role("link", name="授权后调阅").first.click()
    told(page, "welcome")
    frame = frame_of(page)
    frame.get_by_role("link", name="调阅其他医院影像").click()
    frame.get_by_label("患者出示的授权码").fill(code_of(product))
    frame.get_by_role("button", name="申请调阅").click()
    frame.get_by_role("button", name="我已知悉，继续查看").click()
    elsewhere = frame.locator("tr", has_text=ABROAD.name)
    expect(elsewhere.first).to_be_visible()
    elsewhere.locator("td[data-name='报告'] a").first.click()
    expect(frame.locator(".report")).to_be_visible()
    told(page, "study-opened")
    frame.locator("form[action$='/citations'] button").first.click()
    told(page, "cited")
    expect(page.locator("[data-citations] .his-trace").last).to_contain_text(ABROAD.name)
    here = frame.url
    assert frame.evaluate("(url) => fetch(url).then((one) => one.status)", here) == 200
    with product.cloud.database.session() as session:
        given = session.scalars(select(Authorisation).where(Authorisation.encounter == "V1")).one()
        giver = session.get_one(Account, given.decided_by or patient_account(session))
        authorisations.withdraw(session, account=giver, authorisation_id=given.authorisation_id)
        retrieved = select(OutboxEntry).where(OutboxEntry.kind == "retrieval")
        assert session.scalars(retrieved).all()
    assert frame.evaluate("(url) => fetch(url).then((one) => one.status)", here) == 403
    page.close()


@pytest.mark.requirement("C-38", "F-07")
def test_4_after_switching_in_the_his_nothing_of_the_first_patient_appears(
    partitioned: BrowserContext, hospitals: Hospitals, product: Product
) -> None:
    """In the same tab, as physicians do; what the first one's address says is refused as well."""
    page = partitioned.new_page()
    page.goto(f"{hospitals.his_url}/visits/V1/images?opens=list")
    told(page, "welcome")
    first = frame_of(page).url
    page.goto(f"{hospitals.his_url}/visits/V2/images?opens=list")
    told(page, "welcome")
    frame = frame_of(page)
    expect(frame.locator("h1")).to_have_text(OTHER)
    assert PATIENT not in frame.content()
    with product.cloud.database.session() as session:
        person_id = session.get_one(Study, product.studies["ct"]).person_id
        theirs = session.scalars(select(Study.study_id).where(Study.person_id == person_id)).all()
    assert theirs
    for study_id in theirs:
        assert study_id not in frame.content()
    data = f"{first.rpartition('/studies')[0]}/studies/{product.studies['ct']}/viewer.json"
    asked = "(url) => fetch(url, {credentials: 'include'}).then((one) => one.status)"
    assert frame.evaluate(asked, data) == 401
    inside = f"{frame.url.rpartition('/studies')[0]}/studies/{product.studies['ct']}/viewer.json"
    assert frame.evaluate(asked, inside) in {403, 404}
    page.close()


def code_of(product: Product) -> str:
    """Return the code on the patient's phone."""
    with product.cloud.database.session() as session:
        account = session.get_one(Account, patient_account(session))
        made = patient_code.new_code(
            product.cloud, session, account=account, person_id=account.person_id or 0
        )
        return made.digits


def patient_account(session: Session) -> int:
    found = session.scalars(select(Account.id).where(Account.login == "zhang.shifan")).one()
    return int(found)
