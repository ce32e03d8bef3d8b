"""A share opens what it should, for whom it should."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from server import sharing
from server.access import AccessDenied, Action, DenialReason
from server.cloud import ImageCloud
from server.model import Person, Series, Study
from server.sharing import (
    ShareScope,
)
from tests.services.conftest import MakeStudy, make_person
from tests.services.sharing.case import Give, add_account, denial, enter, grant_of


@pytest.mark.requirement("A-26")
def test_a_share_opens_what_its_scope_says(cloud: ImageCloud, give: Give, study: Study) -> None:
    combinations = {
        ShareScope(report=True, images=False): {Action.VIEW_REPORT},
        ShareScope(report=False, images=True): {Action.VIEW_PICTURES},
        ShareScope(report=True, images=True, dicom=True): {
            Action.VIEW_REPORT,
            Action.VIEW_PICTURES,
            Action.VIEW_DICOM,
        },
    }
    for scope, allowed in combinations.items():
        grant = grant_of(cloud, enter(cloud, give(scope=scope)).token)
        assert grant is not None
        opened = {action for action in Action if denial(cloud, grant, action, study) is None}
        assert opened == allowed


def test_a_share_is_limited_to_its_series_and_its_study(
    cloud: ImageCloud,
    give: Give,
    study: Study,
    person: Person,
    make_study: MakeStudy,
) -> None:
    with cloud.database.session() as session:
        first, second = session.scalars(
            select(Series.series_id).where(Series.study_id == study.study_id)
        )
    other = make_study(person)
    grant = grant_of(cloud, enter(cloud, give(scope=ShareScope(series=(first,)))).token)
    assert grant is not None
    assert denial(cloud, grant, Action.VIEW_PICTURES, study, first) is None
    assert denial(cloud, grant, Action.VIEW_PICTURES, study, second) is DenialReason.SCOPE
    assert denial(cloud, grant, Action.VIEW_PICTURES, other) is DenialReason.NOT_YOURS
    assert denial(cloud, grant, Action.VIEW_REPORT, other) is DenialReason.NOT_YOURS


def test_nobody_shares_what_is_not_his(cloud: ImageCloud, study: Study) -> None:
    stranger = add_account(cloud, "lisi", make_person(cloud, "李四"))
    with cloud.database.session() as session, pytest.raises(AccessDenied) as denied:
        sharing.create(cloud, session, account=stranger, study=study, lifetime=timedelta(hours=1))
    assert denied.value.reason is DenialReason.UNLINKED


@pytest.mark.parametrize(
    "terms",
    [
        {"lifetime": timedelta(minutes=4)},
        {"lifetime": timedelta(days=30, seconds=1)},
        {"max_views": 0},
        {"max_views": 1001},
        {"password": "123"},
        {"recipient": "x" * 101},
        {"scope": ShareScope(report=False, images=False)},
        {"scope": ShareScope(series=("of-another-study",))},
    ],
    ids=str,
)
def test_terms_that_cannot_be_had_are_refused(
    cloud: ImageCloud, give: Give, terms: dict[str, object]
) -> None:
    with pytest.raises(sharing.ShareTermsError):
        give(**terms)


@pytest.mark.requirement("A-25")
def test_the_four_periods_are_offered() -> None:
    minutes = [lifetime.total_seconds() / 60 for lifetime in sharing.LIFETIMES]
    assert minutes == [5, 30, 60, 1440]
