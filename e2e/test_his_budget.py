"""From a hospital's own system to the first image (G-02), as a budget of bytes and journeys.

As e2e.test_budget counts it, with the way in by a ticket before it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from e2e.budget import recorded
from e2e.conftest import Visits
from e2e.launching import new_ticket
from e2e.test_budget import HOSPITAL, LIMIT_SECONDS, THINKING_SECONDS
from server.launches import Opens
from server.model import Study

MOST_REDIRECTS = 2  # the ticket is redeemed; the launch leads to its study


@pytest.mark.requirement("G-02")
def test_the_first_image_by_a_launch_fits_the_hospital_s_line(visits: Visits) -> None:
    page, product = visits.open("desktop", None)[0], visits.product
    with product.cloud.database.session() as session:
        uid = session.get_one(Study, product.studies["ct"]).study_uid
    ticket = new_ticket(product, study_uid=uid, opens=Opens.DICOM)
    record = recorded(page)
    answer = page.goto(f"/launch/{ticket}", wait_until="load")
    redirects, asked = 0, answer.request if answer else None
    while asked is not None and asked.redirected_from is not None:
        redirects, asked = redirects + 1, asked.redirected_from
    assert redirects <= MOST_REDIRECTS
    picture = page.locator("[data-first-image]")
    picture.evaluate("(one) => one.decode()")
    cost = record.until(str(picture.evaluate("(one) => one.src")))
    assert cost.journeys == 2, "nothing of Python stands before the first picture"
    whole = replace(cost, journeys=cost.journeys + redirects)
    assert whole.seconds(HOSPITAL) <= LIMIT_SECONDS - THINKING_SECONDS, whole
