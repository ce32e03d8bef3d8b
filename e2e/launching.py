"""Ways to the pages that a hospital's frame shows, here in windows of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import select

from e2e.product import Product
from server import clients, launches, reminders, reports
from server.accounts.totp import TOTP_CONTEXT
from server.clients import CallingClient, Scope
from server.demo.people import PATIENT, PROVINCIAL
from server.launches import LaunchRequest, Opens, PatientNumbers
from server.model import Account, CarePurpose, Institution, InstitutionClient, Person, Study

NAME = "页面检查"
SECRET = "JBSWY3DPEHPK3PXP"


def _caller(product: Product) -> CallingClient:
    with product.cloud.database.session() as session:
        hospital = session.scalars(
            select(Institution).where(Institution.code == PROVINCIAL.code)
        ).one()
        known = session.scalars(
            select(InstitutionClient).where(InstitutionClient.name == NAME)
        ).first()
        client = (
            known
            or clients.register(
                session, institution=hospital, name=NAME, origins=[], scopes=[Scope.LAUNCH]
            ).client
        )
        return CallingClient(client.client_id, hospital.id, frozenset(), frozenset({Scope.LAUNCH}))


def new_ticket(product: Product, *, outside: bool = False, **changes: Any) -> str:
    """Ask for a launch of the demo's patient in a window of its own; returns the ticket."""
    caller = _caller(product)
    asked = LaunchRequest(
        patient=PatientNumbers("S0000001", id_number=PATIENT.id_number),
        physician_code="D900",
        physician_name="王示范",
        encounter="V900",
        visit_type=CarePurpose.OUTPATIENT,
        purpose=CarePurpose.OUTPATIENT,
        outside=outside,
    )
    asked = replace(asked, **changes)
    with product.cloud.database.session() as session:
        made = launches.create(product.cloud, session, caller, asked, source="")
        if asked.outside:
            account = session.get_one(Account, made.launch.account_id)
            account.totp_secret_sealed = product.cloud.master_key.seal(SECRET, TOTP_CONTEXT)
    return made.ticket


def launched_reminder(page: Page, product: Product) -> None:
    """Go to the reminder of an order for the same examination, beside which nothing is decided."""
    caller = _caller(product)
    with product.cloud.database.session() as session:
        study = session.get_one(Study, product.studies["ct"])
        person = session.get_one(Person, study.person_id)
        report = reports.served_of(study.reports)
        item = report.exam_item if report is not None and report.exam_item else study.description
        order = reminders.Order(item, "CT", study.body_part, "D900", "V900")
        reminders.check(product.cloud, session, caller, person, order, source="")
    page.goto(f"/launch/{new_ticket(product, opens=Opens.REMINDER)}")
    expect(page.get_by_role("button", name="互认，不再检查").first).to_be_visible()


def launched_authenticator(page: Page, product: Product) -> None:
    """Go to where a physician binds his first authenticator, inside the hospital."""
    page.goto(f"/launch/{new_ticket(product, physician_code='D901')}")
    page.get_by_role("link", name="绑定身份验证器").click()
    expect(page.get_by_label("验证器显示的 6 位验证码")).to_be_visible()


def launched_request(page: Page, product: Product) -> None:
    """Go to where the patient authorises what other hospitals made."""
    launched(page, product)
    page.get_by_role("link", name="调阅其他医院影像").click()
    expect(page.get_by_label("患者出示的授权码")).to_be_visible()


def launched(page: Page, product: Product) -> None:
    """Go to the launched patient's list."""
    page.goto(f"/launch/{new_ticket(product)}")
    expect(page.locator(".work-table")).to_be_visible()


def launch_code(page: Page, product: Product) -> None:
    """Go to where a physician outside his hospital gives his second factor."""
    page.goto(f"/launch/{new_ticket(product, outside=True)}")
    expect(page.get_by_label("验证码")).to_be_visible()


def launch_closed(page: Page, product: Product) -> None:
    """Go to a way in that has been used."""
    ticket = new_ticket(product)
    page.goto(f"/launch/{ticket}")
    page.goto(f"/launch/{ticket}")
    expect(page.get_by_role("heading", name="这次调阅的入口已经用过")).to_be_visible()


def launch_ended(page: Page, product: Product) -> None:
    """End a launch, and go back to where it was."""
    launched(page, product)
    address = page.url
    page.get_by_role("button", name="结束调阅").click()
    page.goto(address)
    expect(page.get_by_role("heading", name="调阅没有开始，或已经结束")).to_be_visible()
