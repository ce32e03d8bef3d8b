"""Where an opening came from is told as coarsely as the site knows it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server import settings, sharing
from server.cloud import ImageCloud
from server.model import Account
from server.places import Place, place_of
from server.settings import SettingsError
from server.sharing import Outcome, SharePasswordNeeded
from tests.services.sharing.case import Give, enter

NETWORKS = {"YINGYUN_HOSPITAL_NETWORKS": "10.0.0.0/8, 2001:db8::/32"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("10.1.2.3", Place.INSIDE),
        ("::ffff:10.1.2.3", Place.INSIDE),
        ("2001:db8::7", Place.INSIDE),
        ("192.0.2.9", Place.OUTSIDE),
        ("2001:db9::7", Place.OUTSIDE),
        ("", Place.UNKNOWN),
    ],
)
def test_an_address_is_inside_or_outside(source: str, expected: Place) -> None:
    assert place_of(settings.load(NETWORKS), source) is expected


def test_without_networks_nothing_is_known() -> None:
    assert place_of(settings.load({}), "10.1.2.3") is Place.UNKNOWN


def test_a_network_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsError, match="YINGYUN_HOSPITAL_NETWORKS"):
        settings.load({"YINGYUN_HOSPITAL_NETWORKS": "10.0.0.1/8"})


@pytest.mark.requirement("A-27")
def test_the_giver_sees_outcome_and_place_of_each_try(
    cloud: ImageCloud, give: Give, account: Account
) -> None:
    networks = settings.load(NETWORKS).hospital_networks
    known = replace(cloud, settings=replace(cloud.settings, hospital_networks=networks))
    new = give(password="k7m4xq")
    with pytest.raises(SharePasswordNeeded):
        enter(known, new, "falsch", source="192.0.2.9")
    enter(known, new, "k7m4xq", source="10.1.2.3")
    with cloud.database.session() as session:
        found = sharing.openings(session, account, new.share.share_id)
    assert [(one.outcome, one.place, one.device_class) for one in found] == [
        (Outcome.OPENED, Place.INSIDE, "phone"),
        (Outcome.WRONG_PASSWORD, Place.OUTSIDE, "phone"),
    ]
