"""The rooms of the console as stops of the site map, with something in each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page
from sqlalchemy import select
from sqlalchemy.orm import Session

from e2e.product import REVIEWER, Product
from portal.admin.sections import SECTIONS
from server import alarms, clock, gateways
from server.archive import decisions
from server.centre import (
    exports,
    links,
    openings,
    quality_duties,
    registers,
    rights,
    settlements,
)
from server.centre.acting import Actor
from server.centre.links import LinkFacts
from server.centre.period import period
from server.centre.records import Kind, Wanted
from server.clients import keeping
from server.clients.scopes import Scope
from server.csv_files import csv_bytes
from server.model import Account, DecisionKind, Duty, Institution, LinkKind, Role, Study

ADMINISTRATOR, AUDITOR, SUPERVISOR = "centre.admin", "centre.auditor", "centre.supervisor"
SECOND, DOCTOR = "centre.second", "doctor.shengli"
WHO = {
    Role.ADMINISTRATOR: ADMINISTRATOR,
    Role.AUDITOR: AUDITOR,
    Role.SUPERVISOR: SUPERVISOR,
    Role.INSTITUTION_ADMINISTRATOR: REVIEWER,
}
_LINK = "主用专线"


# Rooms that look as another one does: a report, a register, a table.
_ALIKE = {
    "uploads",
    "caching",
    "retrievals",
    "indicators",
    "recognition",
    "recalls",
    "keys",
    "nodes",
    "devices",
    "gateways",
}


def rooms() -> list[tuple[str, str, Callable[[Page, Product], None]]]:
    """Return name, visitor and way of each kind of room, by whoever may change something there."""
    found = []
    for one in SECTIONS:
        if one.name not in _ALIKE:
            role = (one.changers or one.readers)[0]
            found.append((f"console-{one.name or 'overview'}", WHO[role], _way(one.address)))
    return [
        *found,
        ("console-institution", ADMINISTRATOR, _way("/admin/institutions/1")),
        ("console-gateway", ADMINISTRATOR, _gateway),
        ("console-research", ADMINISTRATOR, _way("/admin/exports/research")),
        ("console-account-new", ADMINISTRATOR, _way("/admin/accounts/new")),
        ("console-password", ADMINISTRATOR, _way("/admin/accounts/password")),
        ("quality-list", DOCTOR, _way("/doctor/quality")),
    ]


def _gateway(page: Page, product: Product) -> None:
    fill(product)
    page.goto("/admin/gateways")
    page.locator("td a").first.click()


def _way(address: str) -> Callable[[Page, Product], None]:
    def go(page: Page, product: Product) -> None:
        fill(product)
        page.goto(address)

    return go


def fill(product: Product) -> None:
    """Let there be something in each room; once."""
    cloud = product.cloud
    with cloud.database.session() as session:
        by_login = {
            one.login: one
            for one in session.scalars(select(Account).where(Account.role != Role.PATIENT))
        }
        who = Actor(by_login[ADMINISTRATOR].id, Role.ADMINISTRATOR, None)
        if links.links(session, who):
            return
        study = session.get_one(Study, product.studies["ct"])
        _line_that_is_down(session, who, study)
        _what_waits(session, by_login, study)
        _registers(session, who, study)
        _front_machine(session, study.institution)
        _duty(session, who, by_login[DOCTOR])
        decisions.propose(
            cloud,
            session,
            account=by_login[SECOND],
            study_id=study.study_id,
            kind=DecisionKind.HOLD,
            reason="医疗纠纷，法院要求保全",
        )
        openings.open_account(
            cloud,
            session,
            Actor(by_login[SECOND].id, Role.ADMINISTRATOR, None),
            login="auditor.new",
            role=Role.AUDITOR,
            institution_id=None,
        )


def _line_that_is_down(session: Session, who: Actor, study: Study) -> None:
    facts = LinkFacts(_LINK, LinkKind.TCP, "127.0.0.1", 9, bandwidth_mbps=100)
    link = links.add(session, who, study.institution_id, facts)
    words = f"传输链路“{_LINK}”不通：refused / The line {_LINK} is down: refused"
    alarms.raise_alarm(session, links.ALARM, link.link_id, words)


def _what_waits(session: Session, by_login: dict[str, Account], study: Study) -> None:
    """An export to approve, rights to look at, a settlement."""
    reviewer = by_login[REVIEWER]
    of_hospital = Actor(reviewer.id, Role.INSTITUTION_ADMINISTRATOR, reviewer.institution_id)
    exports.ask(session, of_hospital, Wanted(Kind.UPLOAD, period()), "季度上传质量核对")
    reviewer.created_at = clock.now() - rights.REVIEW_AFTER - timedelta(days=1)
    row = (
        study.institution.code, "S20261120", "F0001", study.accession_number, "胸部CT平扫",
        "24000", "16800", "1200", "2026-11-20 10:30",
    )  # fmt: skip
    who = Actor(by_login[ADMINISTRATOR].id, Role.ADMINISTRATOR, None)
    settlements.load(session, who, csv_bytes(settlements.HEADS, [row]))


def _registers(session: Session, who: Actor, study: Study) -> None:
    soon, over = (
        (clock.now() + timedelta(days=400)).date(),
        (clock.now() - timedelta(days=9)).date(),
    )
    for facts in (
        {"number": "1001", "name": "李明远", "duty": "diagnostician",
         "physician_code": "D990000000999", "qualification": "2015110001",
         "practice_licence": "110510000012345", "licence_until": f"{soon}",
         "work_permit": "FS-2024-88", "training_until": f"{soon}"},
        {"number": "1002", "name": "王技师", "duty": "technologist", "training_until": f"{over}"},
    ):  # fmt: skip
        registers.keep(session, who, registers.STAFF, study.institution_id, facts)
    scanner = {"number": "CT-01", "name": "64 排 CT", "modality": "CT", "device_code": "YX-0001",
               "licence": "202400123", "inspected_on": "2025-10-01"}  # fmt: skip
    registers.keep(session, who, registers.DEVICES, study.institution_id, scanner)


def _front_machine(session: Session, hospital: Institution) -> None:
    made = keeping.register(
        session, institution=hospital, name="前置机一", origins=[], scopes=[Scope.GATEWAY]
    )
    state = {
        "spool": {"waiting": {"objects": 12, "megabytes": 6}},
        "free_megabytes": 812_000,
    }
    gateways.hear(session, made.client.client_id, version="1.0.0", state=state)


def _duty(session: Session, who: Actor, doctor: Account) -> None:
    quality_duties.give(session, who, doctor.id, Duty.DIAGNOSTICIAN)
    assert doctor.institution_id is not None
    quality_duties.set_plan(
        session, who, doctor.institution_id, Duty.DIAGNOSTICIAN, sample_percent=20, within_days=7
    )
