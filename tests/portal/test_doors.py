"""The two doors to a study, and who gets through which."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from portal.sessions import SHARE, cookie_name
from server import sharing
from server.cloud import ImageCloud
from server.model import Account, ReportStatus, Study
from server.sharing import NewShare, ShareScope
from tests.factories import SignInFacts, make_account, make_study
from tests.visitor import Visitor

DATA = {"Sec-Fetch-Dest": "empty"}


@pytest.fixture
def study(cloud: ImageCloud, patient: SignInFacts) -> Study:
    return make_study(cloud, person_id=patient.person_id)


def share_it(cloud: ImageCloud, patient: SignInFacts, study: Study, **scope: bool) -> NewShare:
    with cloud.database.session() as session:
        return sharing.create(
            cloud,
            session,
            account=session.get_one(Account, patient.account_id),
            study=session.get_one(Study, study.study_id),
            password=None,
            lifetime=timedelta(hours=1),
            max_views=None,
            scope=ShareScope(**scope) if scope else ShareScope(),
            recipient="李医生",
            show_identity=False,
        )


def visit(app: Flask, cloud: ImageCloud, share: NewShare) -> Visitor:
    share_id = share.share.share_id
    opened = sharing.open_share(
        cloud,
        share_id=share_id,
        secret_or_code=share.secret,
        password=None,
        source="192.0.2.9",
        device_class="desktop",
    )
    visitor = Visitor(app)
    visitor.client.set_cookie(cookie_name(cloud.settings, SHARE + share_id), opened.token)
    return visitor


@pytest.mark.requirement("F-07")
def test_a_patient_opens_his_own_study_and_no_other(
    visitor: Visitor, patient: SignInFacts, study: Study, cloud: ImageCloud
) -> None:
    foreign = make_study(cloud, person_id=make_account(cloud, "other").person_id)
    visitor.be(cloud, patient)
    assert visitor.get(f"/studies/{study.study_id}/report").status_code == 200
    assert visitor.get(f"/studies/{foreign.study_id}/report").status_code == 404
    assert visitor.get("/studies/0000000000000000000000/report").status_code == 404


@pytest.mark.requirement("A-16")
@pytest.mark.parametrize("report", [None, ReportStatus.DRAFT, ReportStatus.WITHDRAWN])
def test_before_the_review_the_patient_reads_why(
    visitor: Visitor, patient: SignInFacts, cloud: ImageCloud, report: ReportStatus | None
) -> None:
    study = make_study(cloud, person_id=patient.person_id, report=report)
    answer = visitor.be(cloud, patient).get(f"/studies/{study.study_id}")
    assert answer.status_code == 403
    assert "诊断报告审核完成后即可查看影像" in visitor.text


@pytest.mark.requirement("A-28")
def test_a_revoked_share_closes_at_the_next_request(
    app: Flask, patient: SignInFacts, study: Study, cloud: ImageCloud
) -> None:
    share = share_it(cloud, patient, study)
    recipient = visit(app, cloud, share)
    address = f"/s/{share.share.share_id}/report"
    assert recipient.get(address).status_code == 200
    with cloud.database.session() as session:
        account = session.get_one(Account, patient.account_id)
        sharing.revoke(session, account, share.share.share_id)
    assert recipient.get(address).status_code == 410
    answer = recipient.client.get(address, headers=DATA)
    assert answer.status_code == 410
    assert answer.content_type == "application/problem+json"


def test_the_visit_to_one_share_opens_no_other(
    app: Flask, patient: SignInFacts, study: Study, cloud: ImageCloud
) -> None:
    mine, other = (share_it(cloud, patient, study) for _ in range(2))
    recipient = visit(app, cloud, mine)
    cookie = recipient.client.get_cookie(cookie_name(cloud.settings, SHARE + mine.share.share_id))
    assert cookie
    name = cookie_name(cloud.settings, SHARE + other.share.share_id)
    recipient.client.set_cookie(name, cookie.value)
    assert recipient.get(f"/s/{other.share.share_id}/report").status_code == 410


def test_one_browser_holds_both_doors(
    app: Flask, patient: SignInFacts, study: Study, cloud: ImageCloud
) -> None:
    """Being signed in does not widen a share, and a visit does not open the patient's pages."""
    other = make_account(cloud, "other")
    share = share_it(cloud, patient, study)
    both = visit(app, cloud, share).be(cloud, other)
    assert both.get(f"/s/{share.share.share_id}/report").status_code == 200
    assert both.get(f"/studies/{study.study_id}/report").status_code == 404
    assert both.get("/account").request.path == "/account"


def test_a_recipient_has_no_account(
    app: Flask, patient: SignInFacts, study: Study, cloud: ImageCloud
) -> None:
    recipient = visit(app, cloud, share_it(cloud, patient, study))
    recipient.get("/account")
    assert recipient.path == "/login"


@pytest.mark.requirement("A-26")
def test_what_was_not_shared_stays_closed(
    app: Flask, patient: SignInFacts, study: Study, cloud: ImageCloud
) -> None:
    share = share_it(cloud, patient, study, report=False, images=True, dicom=False)
    recipient = visit(app, cloud, share)
    answer = recipient.get(f"/s/{share.share.share_id}/report")
    assert answer.status_code == 403
    assert "分享人没有开放此内容" in recipient.text


def test_a_stranger_with_the_address_alone_is_sent_to_the_door(
    visitor: Visitor, patient: SignInFacts, study: Study, cloud: ImageCloud
) -> None:
    share = share_it(cloud, patient, study)
    answer = visitor.get(f"/s/{share.share.share_id}/report", follow_redirects=False)
    assert answer.headers["Location"] == f"/s/{share.share.share_id}"
