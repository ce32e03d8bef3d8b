"""What patients share stands among the centre's business records (A-32)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server import sharing
from server.centre import records
from server.centre.period import period
from server.centre.records import Kind, Wanted
from server.cloud import ImageCloud
from server.model import Account, Study
from tests.factories import SignInFacts, make_study


@pytest.mark.requirement("A-32")
def test_the_centres_query_returns_a_share_and_what_became_of_it(
    cloud: ImageCloud, patient: SignInFacts
) -> None:
    study_id = make_study(cloud, person_id=patient.person_id).study_id

    def found() -> list[records.Record]:
        with cloud.database.session() as session:
            wanted = Wanted(Kind.SHARE, period(), person_id=patient.person_id)
            return list(records.records(session, wanted))

    assert found() == []
    with cloud.database.session() as session:
        account = session.get_one(Account, patient.account_id)
        study = session.get_one(Study, study_id)
        given = sharing.create(
            cloud, session, account=account, study=study, lifetime=timedelta(hours=1)
        )
        share_id = given.share.share_id
    (record,) = found()
    assert (record.reference, record.state) == (share_id, "live")
    assert record.institution and patient.name not in record.person
    with cloud.database.session() as session:
        account = session.get_one(Account, patient.account_id)
        sharing.revoke(session, account, share_id)
    (record,) = found()
    assert (record.reference, record.state) == (share_id, "ended")
