"""Every page that people can come to, and the way there: for looks, access, screenshots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from e2e import console, launching, passing_on
from e2e.browser import until
from e2e.elsewhere import TRAVELLED, at_remote_study, at_timeline
from e2e.health_data import send_health_data
from e2e.passing_on import PATIENT
from e2e.product import REVIEWER, Product
from e2e.signing_in import give_password
from server import authorisations
from server.authorisations import assisting
from server.authorisations.evidence import PhysicianAssistedEvidence
from server.authorisations.recording import Asked
from server.model import Account, AuthorisationMethod, CacheState, Person

NEWCOMER = "ceshi.yangben"
DOCTOR = "doctor.shengli"
OTHER_DOCTOR = "doctor.shiyi"
Way = Callable[[Page, Product], None]


@dataclass(frozen=True)
class Stop:
    """One page: its name, who looks at it (None: nobody signed in), and how to come there."""

    name: str
    who: str | None
    go: Way


def _at(path: str) -> Way:
    def go(page: Page, product: Product) -> None:
        page.goto(path.format(**product.studies))

    return go


def _code(page: Page, product: Product) -> None:
    page.goto("/login")
    give_password(page, product.logins["journey.plain"])


def _recovering(page: Page, _product: Product) -> None:
    page.goto("/recover")
    page.get_by_label("身份证号").fill("110105199003074579")
    page.get_by_label("在医院登记的手机号").fill("10000000000")
    page.get_by_role("button", name="发送验证码").click()
    expect(page.locator("[name=code], .notice-warning").first).to_be_visible()


def _health_data(page: Page, product: Product) -> None:
    send_health_data(product, PATIENT)
    page.goto("/account/health-data")


def _recovery_codes(page: Page, _product: Product) -> None:
    page.goto("/account/security")
    page.get_by_role("button", name="生成恢复码").click()
    expect(page.locator("h1")).to_be_visible()


def _declaring(page: Page, _product: Product) -> None:
    page.goto("/family/invite")
    page.get_by_label("由我声明").check()
    expect(page.get_by_label("证明材料编号")).to_be_visible()


def _wrong_password(page: Page, product: Product) -> None:
    page.goto("/login")
    page.get_by_label("账号或身份证号").fill("nobody.here")
    page.get_by_label("密码", exact=True).fill("falsch")
    page.get_by_role("button", name="下一步").click()
    expect(page.locator(".field-error, .notice-error").first).to_be_visible()


def _pictures(page: Page, product: Product) -> None:
    page.goto(f"/studies/{product.studies['ct']}")
    page.locator("[data-picture]").evaluate("(one) => one.decode()")


def _question(page: Page, product: Product) -> None:
    _pictures(page, product)
    page.locator("[data-dicom]").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _dicom(page: Page, product: Product) -> None:
    page.goto(f"/studies/{product.studies['ct']}/dicom?confirmed=1")
    page.evaluate("window.yingyun.ready")
    until(page, "all frames loaded", lambda state: state["loading"]["complete"])


def _dicom_opened(page: Page, product: Product) -> None:
    _dicom(page, product)
    page.locator(".series-toggle").click()
    page.locator("[data-menu='window.preset']").click()


def _reading(page: Page, product: Product) -> None:
    page.goto(f"/doctor/studies/{product.studies['ct']}/dicom")
    page.evaluate("window.yingyun.ready")
    until(page, "all frames loaded", lambda state: state["loading"]["complete"])


def _keys(page: Page, product: Product) -> None:
    _reading(page, product)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="快捷键一览")).to_be_visible()


def _quality_form(page: Page, product: Product) -> None:
    console.fill(product)
    page.goto(f"/doctor/studies/{product.studies['ct']}/quality")
    expect(page.locator("h1")).to_be_visible()


def _weasis(page: Page, product: Product) -> None:
    page.goto(f"/doctor/studies/{product.studies['ct']}/sending")
    page.get_by_role("button", name="在 Weasis 中打开").click()
    expect(page.get_by_role("link", name="打开 Weasis")).to_be_visible()


def _doctor_and_person(session: Session) -> tuple[Account, Person]:
    doctor = session.scalars(select(Account).where(Account.login == OTHER_DOCTOR)).one()
    owner = session.scalars(select(Account).where(Account.login == PATIENT)).one()
    assert owner.person is not None
    return doctor, owner.person


def _asked(product: Product) -> str:
    """Let a doctor ask for the patient's history; returns the number of the request."""
    with product.cloud.database.session() as session:
        doctor, person = _doctor_and_person(session)
        asked = authorisations.request(product.cloud, session, account=doctor, person=person)
        return asked.authorisation_id


def _opened(product: Product) -> str:
    """Let a doctor open the patient's history in an emergency; returns the number of it."""
    with product.cloud.database.session() as session:
        doctor, person = _doctor_and_person(session)
        made = assisting.open_in_emergency(
            product.cloud, session, account=doctor, person=person, reason="车祸昏迷，需对比既往CT"
        )
        hospital = doctor.institution
        assert hospital is not None
        authorisations.record_caching_consent(session, person=person, institution=hospital)
        return made.authorisation_id


def _authorisations(page: Page, product: Product) -> None:
    _asked(product)
    _opened(product)
    page.goto("/authorisations")
    expect(page.locator(".authorisation-emergency").first).to_be_visible()


def _authorisation(page: Page, product: Product) -> None:
    page.goto(f"/authorisations/{_asked(product)}")


def _authorisation_code(page: Page, _product: Product) -> None:
    page.goto("/authorisations/code")
    page.get_by_role("button", name="生成授权码").click()
    expect(page.locator(".authorisation-digits")).to_be_visible()


def _visits(page: Page, product: Product) -> None:
    page.goto(f"/studies/{product.studies['ct']}/report")
    page.goto("/authorisations/visits")
    expect(page.locator(".authorisation-visit").first).to_be_visible()


def _request_waiting(page: Page, product: Product) -> None:
    page.goto(f"/doctor/requests/{_asked(product)}")
    expect(page.locator(".request-waiting")).to_be_visible()


def _request_warning(page: Page, product: Product) -> None:
    cloud = product.cloud
    with cloud.database.session() as session:
        doctor, person = _doctor_and_person(session)
        asked = Asked(person, AuthorisationMethod.PHYSICIAN_ASSISTED)
        given = PhysicianAssistedEvidence("age", True, "110510000012345", "")
        made = assisting.assist(cloud, session, account=doctor, asked=asked, help_given=given)
        number = made.authorisation_id
    page.goto(f"/doctor/requests/{number}")
    expect(page.locator(".warning-card")).to_be_visible()


def _history(page: Page, product: Product) -> None:
    page.goto(f"/doctor/requests/{_opened(product)}")
    expect(page.locator(".work-table")).to_be_visible()


def _reviews(page: Page, product: Product) -> None:
    _opened(product)
    page.goto("/reviews")
    expect(page.locator(".authorisation-emergency").first).to_be_visible()


# The pages that answer with a refusal on purpose.
REFUSALS = (
    "closed",
    "download-closed",
    "launch-closed",
    "launch-ended",
    "wrong-password",
    "not-found",
    "not-reviewed",
)
# What a form answered with, or a dialog over a page that has a stop of its own: opening the address
# again shows another page, or the same one as there. A hospital's frame has no switch of
# language: it speaks the browser's; what is said without a network is said in both.
SEEN_ONCE = (
    "closed",
    "dicom-opened",
    "door-code",
    "door-password",
    "download-closed",
    "keys",
    "offline",
    "question",
    "recovery-codes",
    "revoke-question",
    "share-card",
    "share-created",
    "weasis",
    "launch-closed",
    "launch-code",
    "launch-ended",
    "launched",
    "launched-authenticator",
    "launched-reminder",
    "launched-request",
)
STOPS = (
    Stop("login", None, _at("/login")),
    Stop("wrong-password", None, _wrong_password),
    Stop("code", None, _code),
    Stop("recover", None, _at("/recover")),
    Stop("recover-code", None, _recovering),
    Stop("privacy", None, _at("/privacy")),
    Stop("mailbox", None, _at("/dev/mailbox")),
    Stop("studies", PATIENT, _at("/studies")),
    Stop("studies-images", PATIENT, _at("/studies?show=images")),
    Stop("studies-reports", PATIENT, _at("/studies?show=reports")),
    Stop("studies-empty", NEWCOMER, _at("/studies")),
    Stop("studies-elsewhere", TRAVELLED, at_timeline),
    Stop("elsewhere", TRAVELLED, at_remote_study(None)),
    Stop("elsewhere-fetching", TRAVELLED, at_remote_study(CacheState.FETCHING)),
    Stop("elsewhere-failed", TRAVELLED, at_remote_study(CacheState.FAILED)),
    Stop("studies-narrowed", PATIENT, _at("/studies?text=CT&modality=CT&since=2025-01-01")),
    Stop("studies-nothing", PATIENT, _at("/studies?text=zzz")),
    Stop("studies-wrong-days", PATIENT, _at("/studies?since=2026-05-01&until=2026-01-01")),
    Stop("compare-choice", PATIENT, _at("/studies/compare?first={ct}")),
    Stop("compare", PATIENT, _at("/studies/compare?first={ct}&second={dx}")),
    Stop("pictures", PATIENT, _pictures),
    Stop("question", PATIENT, _question),
    Stop("report", PATIENT, _at("/studies/{ct}/report")),
    Stop("confirm", PATIENT, _at("/studies/{ct}/dicom")),
    Stop("dicom", PATIENT, _dicom),
    Stop("dicom-opened", PATIENT, _dicom_opened),
    Stop("share-form", PATIENT, _at("/studies/{ct}/shares/new")),
    Stop("share-created", PATIENT, passing_on.created),
    Stop("share-card", PATIENT, passing_on.share_card),
    Stop("download-form", PATIENT, _at("/studies/{ct}/download")),
    Stop("downloads", PATIENT, passing_on.download_list),
    Stop("downloads-empty", NEWCOMER, _at("/downloads")),
    Stop("download-detail", PATIENT, passing_on.download_detail),
    Stop("download-door", None, passing_on.download_door),
    Stop("download-opened", None, passing_on.download_opened),
    Stop("download-closed", None, passing_on.download_closed),
    Stop("shares-empty", NEWCOMER, _at("/shares")),
    Stop("shares", PATIENT, passing_on.shares),
    Stop("revoke-question", PATIENT, passing_on.revoke_question),
    Stop("revoke-page", PATIENT, passing_on.revoke_page),
    Stop("revoke-all", PATIENT, _at("/shares/revoke-all")),
    Stop("share-detail", PATIENT, passing_on.share_detail),
    Stop("account", PATIENT, _at("/account")),
    Stop("health-data", PATIENT, _health_data),
    Stop("security", PATIENT, _at("/account/security")),
    Stop("totp", PATIENT, _at("/account/security/totp")),
    Stop("recovery-codes", PATIENT, _recovery_codes),
    Stop("password", PATIENT, _at("/account/security/password")),
    Stop("family", PATIENT, _at("/family")),
    Stop("family-invite", PATIENT, _declaring),
    Stop("work-list", DOCTOR, _at("/doctor/studies")),
    Stop("reading", DOCTOR, _reading),
    Stop("keys", DOCTOR, _keys),
    Stop("doctor-report", DOCTOR, _at("/doctor/studies/{ct}/report")),
    Stop("quality-form", DOCTOR, _quality_form),
    Stop("sending", DOCTOR, _at("/doctor/studies/{ct}/sending")),
    Stop("weasis", DOCTOR, _weasis),
    Stop("film", DOCTOR, _at("/doctor/studies/{ct}/film")),
    Stop("authorisations", PATIENT, _authorisations),
    Stop("authorisations-empty", NEWCOMER, _at("/authorisations")),
    Stop("authorisation", PATIENT, _authorisation),
    Stop("authorisation-code", PATIENT, _authorisation_code),
    Stop("visits", PATIENT, _visits),
    Stop("requests", OTHER_DOCTOR, _at("/doctor/requests")),
    Stop("request-waiting", OTHER_DOCTOR, _request_waiting),
    Stop("request-warning", OTHER_DOCTOR, _request_warning),
    Stop("emergency", OTHER_DOCTOR, _at("/doctor/requests/emergency")),
    Stop("history", OTHER_DOCTOR, _history),
    Stop("reviews", REVIEWER, _reviews),
    *(Stop(*one) for one in console.rooms()),
    Stop("not-found", PATIENT, _at("/nowhere")),
    Stop("offline", None, _at("/offline")),
    Stop("not-reviewed", PATIENT, _at("/studies/{draft}")),
    Stop("door", None, passing_on.door),
    Stop("door-password", None, passing_on.door_password),
    Stop("door-code", None, passing_on.door_code),
    Stop("overview", None, passing_on.overview),
    Stop("shared-pictures", None, passing_on.shared_pictures),
    Stop("shared-report", None, passing_on.shared_report),
    Stop("closed", None, passing_on.closed),
    Stop("launched", None, launching.launched),
    Stop("launched-reminder", None, launching.launched_reminder),
    Stop("launched-request", None, launching.launched_request),
    Stop("launched-authenticator", None, launching.launched_authenticator),
    Stop("launch-code", None, launching.launch_code),
    Stop("launch-closed", None, launching.launch_closed),
    Stop("launch-ended", None, launching.launch_ended),
)
