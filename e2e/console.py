"""The rooms of the console as stops of the site map, with something in each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page
from sqlalchemy import select

from e2e.product import REVIEWER, Product
from portal.admin.sections import SECTIONS
from server import alarms, clock
from server.centre import exports, links, rights, settlements
from server.centre.acting import Actor
from server.centre.links import LinkFacts
from server.centre.period import period
from server.centre.records import Kind, Wanted
from server.csv_files import csv_bytes
from server.model import Account, LinkKind, Role, Study

ADMINISTRATOR, AUDITOR, SUPERVISOR = "centre.admin", "centre.auditor", "centre.supervisor"
WHO = {
    Role.ADMINISTRATOR: ADMINISTRATOR,
    Role.AUDITOR: AUDITOR,
    Role.SUPERVISOR: SUPERVISOR,
    Role.INSTITUTION_ADMINISTRATOR: REVIEWER,
}
_LINK = "主用专线"


def rooms() -> list[tuple[str, str, Callable[[Page, Product], None]]]:
    """Return name, visitor and way of each room, by whoever may change something there."""
    found = []
    for one in SECTIONS:
        role = (one.changers or one.readers)[0]
        found.append((f"console-{one.name or 'overview'}", WHO[role], _way(one.address)))
    return found


def _way(address: str) -> Callable[[Page, Product], None]:
    def go(page: Page, product: Product) -> None:
        fill(product)
        page.goto(address)

    return go


def fill(product: Product) -> None:
    """Let there be a line that is down, an export that waits, a settlement, old rights; once."""
    cloud = product.cloud
    with cloud.database.session() as session:
        by_login = {
            one.login: one
            for one in session.scalars(select(Account).where(Account.role != Role.PATIENT))
        }
        admin = by_login[ADMINISTRATOR]
        who = Actor(admin.id, Role.ADMINISTRATOR, None)
        if links.links(session, who):
            return
        study = session.get_one(Study, product.studies["ct"])
        facts = LinkFacts(_LINK, LinkKind.TCP, "127.0.0.1", 9, bandwidth_mbps=100)
        link = links.add(session, who, study.institution_id, facts)
        alarms.raise_alarm(
            session,
            links.ALARM,
            link.link_id,
            f"传输链路“{_LINK}”不通：refused / The line {_LINK} is down: refused",
        )
        reviewer = by_login[REVIEWER]
        of_hospital = Actor(reviewer.id, Role.INSTITUTION_ADMINISTRATOR, reviewer.institution_id)
        exports.ask(session, of_hospital, Wanted(Kind.UPLOAD, period()), "季度上传质量核对")
        reviewer.created_at = clock.now() - rights.REVIEW_AFTER - timedelta(days=1)
        row = (
            study.institution.code, "S20261120", "F0001", study.accession_number, "胸部CT平扫",
            "24000", "16800", "1200", "2026-11-20 10:30",
        )  # fmt: skip
        settlements.load(session, who, csv_bytes(settlements.HEADS, [row]))
