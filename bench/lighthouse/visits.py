"""The pages that are scored, and what makes a fresh browser somebody who may see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import BrowserContext
from sqlalchemy import select

from bench.product import Product
from server import settings as settings_module
from server import sharing
from server.cloud import open_cloud
from server.model import Account, Study

OPEN_THE_SHARE = "form[data-share-door] button[type=submit]"

Entering = Callable[[BrowserContext], None]


@dataclass(frozen=True)
class Visited:
    """A page by name and path, and what a fresh browser does before it goes there."""

    name: str
    path: str
    enter: Entering


def visits(product: Product, home: Path) -> list[Visited]:
    """Return what is scored: sign-in, time line, JPG page, report, a share's door and inside."""
    study = f"/studies/{product.study_id}"
    link = _share(home, product.study_id)
    door = link.partition("#")[0]

    def nobody(_context: BrowserContext) -> None:
        return None

    def patient(context: BrowserContext) -> None:
        context.add_cookies(product.cookies)

    def recipient(context: BrowserContext) -> None:
        page = context.new_page()
        page.goto(product.address + link)
        with page.expect_navigation():
            page.click(OPEN_THE_SHARE)
        page.close()

    return [
        Visited("sign-in", "/login", nobody),
        Visited("time line", "/studies", patient),
        Visited("JPG page", study, patient),
        Visited("report", f"{study}/report", patient),
        Visited("a share's door", door, nobody),
        Visited("a share, opened", door, recipient),
        Visited("a share's JPG page", f"{door}/images", recipient),
    ]


def _share(home: Path, study_id: str) -> str:
    """Share the study for an hour, and return the path of the link."""
    cloud = open_cloud(settings_module.load({"YINGYUN_HOME": str(home)}))
    with cloud.database.session() as session:
        study = session.get_one(Study, study_id)
        owner = select(Account).where(Account.person_id == study.person_id)
        account = session.scalars(owner.order_by(Account.id)).first()
        if account is None:
            raise SystemExit("the study's person has no account")
        lifetime = timedelta(hours=1)
        new = sharing.create(cloud, session, account=account, study=study, lifetime=lifetime)
        return new.path
