"""Two real centres and the index module: a patient applies on his phone, and reads what came."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete

from e2e.browser import Watch, open_context
from e2e.provinces import RunningCentre, RunningCountry, running_country, until
from e2e.signing_in import sign_in
from server.model import CacheState, IndexAnswer

SLICES = 60


def _fill(country: RunningCountry) -> None:
    homes = country.east.centre.cloud.settings.home.parent
    country.east.centre.make_patient()
    country.west.centre.make_patient()
    country.west.centre.take_study(homes / "files-west", slices=SLICES, description="胸部CT")
    country.east.centre.take_study(homes / "files-east", slices=2, description="头颅CT")


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCountry]:
    """East and west with a study each of the same person, and the index module."""
    with running_country(tmp_path_factory.mktemp("country"), _fill) as running:
        yield running


def told(country: RunningCountry, asker: RunningCentre, holder: RunningCentre) -> str:
    """Let the holder's worker tell the index module, and the asker ask; return the study's id."""
    queue = holder.queue
    found: list[str] = []

    def asked() -> bool:
        queue.deliver_outbox()
        with asker.centre.cloud.database.session() as session:
            session.execute(delete(IndexAnswer))
        found[:] = [one.remote_study_id for one in asker.centre.ask_elsewhere()]
        return bool(found)

    until("the index module knows the study", asked, pause=1)
    return found[0]


def cut_off(centre: RunningCentre, remote_study_id: str) -> None:
    """Kill the worker in the middle of a copy, look, and start another."""

    def half_way() -> bool:
        request = centre.request(remote_study_id)
        return request is not None and request.done >= 3

    until("some objects have arrived", half_way, pause=0.005)
    centre.kill_worker()
    request = centre.request(remote_study_id)
    assert request is not None and request.state == CacheState.FETCHING
    assert 3 <= request.done < request.total == SLICES


@pytest.mark.requirement("A-10", "A-11", "D-53", "G-04")
def test_a_phone_applies_and_opens_the_pictures(country: RunningCountry, browser: Browser) -> None:
    remote = told(country, country.east, country.west)
    context = open_context(browser, country.east.centre.url, "phone")
    watch = Watch()
    watch.follow(context)
    page = context.new_page()
    sign_in(page, country.east.login)
    card = page.locator(".exam", has_text="胸部CT")
    expect(card.locator(".badge-province")).to_have_text("西山省")
    assert card.locator("img").count() == 0
    card.get_by_role("link", name="申请调取").click()
    page.get_by_role("button", name="同意并申请调取").click()
    cut_off(country.east, remote)
    page.goto("/studies")
    expect(page.locator(".exam", has_text="胸部CT")).to_contain_text("正在调取")
    country.east.worker = country.east.start("worker")
    page.locator(".exam", has_text="胸部CT").get_by_role("link", name="查看进度").click()
    expect(page.locator(".badge-success")).to_have_text("已调取", timeout=40_000)
    read(page)
    assert watch.unexpected() == []
    context.close()


def read(page: Page) -> None:
    """Open the pictures, and see one."""
    page.get_by_role("link", name="查看影像").click(timeout=40_000)
    picture = page.locator("[data-picture]")
    expect(picture).to_be_visible()
    assert picture.evaluate("(one) => one.decode().then(() => one.naturalWidth)") >= 80


@pytest.mark.requirement("D-53")
def test_the_other_direction(country: RunningCountry) -> None:
    remote = told(country, country.west, country.east)
    country.west.centre.apply(remote)
    country.west.queue.fetch_copy(remote)

    def here() -> bool:
        request = country.west.request(remote)
        return request is not None and request.state == CacheState.CACHED

    until("the copy is here", here, pause=0.1)
    copy = country.west.centre.study("头颅CT")
    assert copy is not None and country.west.centre.patient is not None
    assert copy.person_id == country.west.centre.patient.person_id
