"""Studies that another province holds, put into the product without another centre."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from playwright.sync_api import Page
from sqlalchemy import select

from e2e.product import Product
from server import consent
from server.model import Account, CacheRequest, CacheState, Consent, RemoteStudy

# Somebody whose time line no other test counts.
TRAVELLED = "abdurahman"


def remote_study(product: Product, state: CacheState | None) -> str:
    """Return the id of a study elsewhere whose copy is in this state; made at first use."""
    name = str(state or "none")
    with product.cloud.database.session() as session:
        account = session.scalars(select(Account).where(Account.login == TRAVELLED)).one()
        known = session.scalar(
            select(RemoteStudy.remote_study_id).where(RemoteStudy.cloud_index == name)
        )
        if known is not None:
            return known
        remote = RemoteStudy(
            person_id=account.person_id,
            centre="west",
            cloud_index=name,
            province_code="980000",
            province_name="样例省",
            institution_code="1" * 18,
            institution_name="样例大学附属医院",
            study_datetime=datetime(2026, 2, 14, 2, 5, tzinfo=UTC),
            modality="CT",
            body_part="CHEST",
            exam_item="胸部CT平扫",
        )
        session.add(remote)
        session.flush()
        if state is not None:
            agreed = consent.consents_of(session, account)[0]
            session.add(_request(remote, agreed, state))
        return remote.remote_study_id


def _request(remote: RemoteStudy, agreed: Consent, state: CacheState) -> CacheRequest:
    return CacheRequest(
        remote_study=remote,
        account_id=agreed.account_id,
        consent_id=agreed.id,
        state=state,
        total=240,
        done=87,
        failure="unreachable" if state is CacheState.FAILED else "",
    )


def at_remote_study(state: CacheState | None) -> Callable[[Page, Product], None]:
    """The way to the page of such a study."""

    def go(page: Page, product: Product) -> None:
        page.goto(f"/elsewhere/{remote_study(product, state)}")

    return go


def at_timeline(page: Page, product: Product) -> None:
    """Go to a time line with studies of another province in several states."""
    for state in (None, CacheState.FETCHING, CacheState.FAILED):
        remote_study(product, state)
    page.goto("/studies")
