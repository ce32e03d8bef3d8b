"""Ways to the pages of passing a study on: shares and downloads, given and received."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page, expect
from sqlalchemy import select

from e2e.product import Product
from server import clock, downloads, sharing
from server.model import Account, Study
from server.sharing import ShareScope

PATIENT = "zhang.shifan"


def created(page: Page, product: Product) -> None:
    """Make a share on its page."""
    page.goto(f"/studies/{product.studies['us']}/shares/new")
    page.locator("[name=password]").fill("k7m4xq")
    page.get_by_role("button", name="生成分享链接和二维码").click()
    expect(page.locator("[data-address]")).to_be_visible()


def new_link(
    product: Product,
    *,
    password: str | None = None,
    study: str = "mr",
    recipient_phone: str | None = None,
) -> str:
    """Share a study without the pages; returns the link."""
    cloud = product.cloud
    with cloud.database.session() as session:
        account = session.scalars(select(Account).where(Account.login == PATIENT)).one()
        new = sharing.create(
            cloud,
            session,
            account=account,
            study=session.get_one(Study, product.studies[study]),
            password=password,
            lifetime=timedelta(hours=1),
            max_views=None,
            scope=ShareScope(report=True, images=True, dicom=True),
            recipient="王医生",
            recipient_phone=recipient_phone,
            show_identity=False,
        )
        return f"{product.base_url}/s/{new.share.share_id}#{new.secret}"


def shares(page: Page, product: Product) -> None:
    """Go to the shares given, with one among them."""
    new_link(product)
    page.goto("/shares")
    expect(page.locator(".share-row").first).to_be_visible()


def revoke_question(page: Page, product: Product) -> None:
    """Be asked whether a share shall end."""
    shares(page, product)
    page.locator(".share-row").get_by_role("button", name="撤销").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def revoke_page(page: Page, product: Product) -> None:
    """The same question where no script runs."""
    share_id = new_link(product).rpartition("/s/")[2].partition("#")[0]
    page.goto(f"/shares/{share_id}/revoke")


def share_detail(page: Page, product: Product) -> None:
    """Go to one share."""
    shares(page, product)
    page.locator(".share-row h2 a").first.click()
    expect(page.get_by_role("heading", name="分享详情")).to_be_visible()


def door(page: Page, product: Product) -> None:
    """Stand before a share."""
    page.goto(new_link(product))


def door_password(page: Page, product: Product) -> None:
    """Be asked for a share's password."""
    page.goto(new_link(product, password="k7m4xq"))
    page.get_by_role("button", name="打开").click()
    expect(page.get_by_label("分享密码")).to_be_visible()


def door_code(page: Page, product: Product) -> None:
    """Be asked for the code sent to a phone."""
    page.goto(new_link(product, recipient_phone="13900139000"))
    page.get_by_role("button", name="打开").click()
    expect(page.get_by_label("短信验证码")).to_be_visible()


def share_card(page: Page, product: Product) -> None:
    """See the card to print."""
    created(page, product)
    page.get_by_role("button", name="打开可打印的卡片").click()
    expect(page.locator(".paper")).to_be_visible()


DOWNLOAD_PASSWORD = "k7m4xq29"


def new_download(product: Product) -> str:
    """Have a small study packed without the pages; returns the download's id."""
    cloud = product.cloud
    with cloud.database.session() as session:
        account = session.scalars(select(Account).where(Account.login == PATIENT)).one()
        return downloads.create(
            cloud,
            session,
            account=account,
            study=session.get_one(Study, product.studies["us"]),
            password=DOWNLOAD_PASSWORD,
            lifetime=timedelta(hours=1),
            verified_at=clock.now(),
        ).download_id


def download_list(page: Page, product: Product) -> None:
    """Go to the downloads, with one among them."""
    new_download(product)
    page.goto("/downloads")
    expect(page.locator(".share-row").first).to_be_visible()


def download_detail(page: Page, product: Product) -> None:
    """Go to one download."""
    page.goto(f"/downloads/{new_download(product)}")
    expect(page.get_by_role("heading", name="下载详情")).to_be_visible()


def download_door(page: Page, product: Product) -> None:
    """Stand before a download."""
    page.goto(f"/d/{new_download(product)}")


def download_opened(page: Page, product: Product) -> None:
    """Open a download with its password."""
    download_door(page, product)
    page.get_by_label("下载密码").fill(DOWNLOAD_PASSWORD)
    page.get_by_role("button", name="打开").click()
    expect(page.get_by_role("link", name="下载")).to_be_visible()


def download_closed(page: Page, product: Product) -> None:
    """Stand before a download that never was."""
    page.goto(f"/d/{'0' * 22}")
    page.get_by_label("下载密码").fill(DOWNLOAD_PASSWORD)
    page.get_by_role("button", name="打开").click()
    expect(page.get_by_role("heading", name="无法打开这个下载")).to_be_visible()


def overview(page: Page, product: Product) -> None:
    """Open a share."""
    page.goto(new_link(product))
    page.get_by_role("button", name="打开").click()
    expect(page.locator(".share-overview")).to_be_visible()


def shared_pictures(page: Page, product: Product) -> None:
    """See the images of a share."""
    overview(page, product)
    page.get_by_role("link", name="查看影像").click()
    page.locator("[data-picture]").evaluate("(one) => one.decode()")


def shared_report(page: Page, product: Product) -> None:
    """See the report of a share."""
    overview(page, product)
    page.get_by_role("link", name="查看报告").click()
    expect(page.locator(".report")).to_be_visible()


def closed(page: Page, product: Product) -> None:
    """Stand before a share that never was."""
    page.goto(f"/s/{'0' * 22}#{'x' * 43}")
    page.get_by_role("button", name="打开").click()
    expect(page.get_by_role("heading", name="无法打开这个分享")).to_be_visible()
