"""A doctor signs in, finds a study in the work list, reads it; another hospital's does not."""

from __future__ import annotations

import pytest
from playwright.sync_api import Response, expect

from e2e.browser import until
from e2e.conftest import Visits
from server.model import Account, Study

OWN, OTHER = "doctor.shengli", "doctor.shiyi"


def keeps_the_toolbar(answer: Response) -> bool:
    """Tell whether an answer is that to keeping the toolbar's place."""
    asked = answer.request
    return asked.url.endswith("/account/preferences") and "toolbar" in (asked.post_data or "")


@pytest.mark.requirement("C-05", "C-29", "C-40", "F-07")
def test_a_doctor_reads_a_study_of_his_hospital(visits: Visits) -> None:
    page, _ = visits.open("desktop", OWN)
    page.goto("/")
    page.wait_for_url("**/doctor/studies")
    study_id = visits.product.studies["ct"]
    page.locator(f"a[href='/doctor/studies/{study_id}/dicom']").click()
    page.wait_for_url("**/dicom")
    page.evaluate("window.yingyun.ready")
    state = until(page, "all frames loaded", lambda one: one["loading"]["complete"])
    assert state["tool"] == "mouse"
    with visits.product.cloud.database.session() as session:
        series = {one.description for one in session.get_one(Study, study_id).series}
    names = page.locator(".viewer-series .series-name").all_inner_texts()
    assert set(names) == series
    with page.expect_response(keeps_the_toolbar) as kept:
        page.locator("[data-command='toolbar.place']").click()
    assert kept.value.status == 204
    page.reload()
    expect(page.locator("[data-viewer]")).to_have_attribute("data-toolbar", "bottom")
    with page.expect_response(keeps_the_toolbar):
        page.evaluate("window.yingyun.command('toolbar.place', {place: 'top'})")
    page.locator("[data-command='report.show']").click()
    expect(page.locator(".doctor-report")).to_contain_text("影像表现")


@pytest.mark.requirement("F-02", "F-07")
def test_another_hospital_gets_nothing_and_a_shut_account_no_more(visits: Visits) -> None:
    page, watch = visits.open("desktop", OTHER)
    watch.expect("status 40[134]", "Failed to load resource")
    # Of a person whose images no other test opens to this hospital, as emergencies do.
    answer = page.goto(f"/doctor/studies/{visits.product.studies['mr']}/dicom")
    assert answer is not None and answer.status == 403
    study_id = visits.product.studies["ct"]
    own, own_watch = visits.open("desktop", OWN)
    own_watch.expect("status 40[134]", "Failed to load resource")
    own.goto(f"/doctor/studies/{study_id}/dicom")
    own.evaluate("window.yingyun.ready")
    base = f"/doctor/studies/{study_id}"
    fetched = "(path) => fetch(path, {cache: 'no-store'}).then((one) => one.status)"
    assert own.evaluate(fetched, f"{base}/viewer.json") == 200

    def set_active(active: bool) -> None:
        with visits.product.cloud.database.session() as session:
            session.query(Account).filter(Account.login == OWN).update({"active": active})

    set_active(False)
    try:
        assert own.evaluate(fetched, f"{base}/viewer.json") in {401, 403}
    finally:
        set_active(True)
