"""The two doors to a study, and who gets through which."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from flask import Flask, before_render_template
from sqlalchemy import select

from portal.context import database_session
from portal.decisions import public
from portal.sessions import SHARE, cookie_name
from server import audit, consent, sharing
from server.access import AccessDenied, DenialReason
from server.cloud import ImageCloud
from server.model import Account, AuditEvent, ReportStatus, Role, Study
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
        keys=sharing.Keys(share.secret),
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
    assert visitor.get(f"/studies/{foreign.study_id}/report").status_code == 403
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
    assert both.get(f"/studies/{study.study_id}/report").status_code == 403
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


def audited(cloud: ImageCloud, event: str) -> list[AuditEvent]:
    with cloud.database.session() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.event == event)))


@pytest.mark.requirement("F-10")
def test_every_refusal_at_a_study_is_on_record(
    app: Flask, visitor: Visitor, patient: SignInFacts, study: Study, cloud: ImageCloud
) -> None:
    foreign = make_study(cloud, person_id=make_account(cloud, "other").person_id)
    visitor.be(cloud, patient).get(f"/studies/{foreign.study_id}/report")
    (denied,) = audited(cloud, "access.denied")
    assert (denied.actor_kind, denied.actor) == ("account", f"account:{patient.account_id}")
    assert (denied.object_kind, denied.object_id) == ("study", foreign.study_id)
    assert (denied.result, denied.reason) == ("failure", "unlinked")
    assert denied.source == "127.0.0.1"

    given = share_it(cloud, patient, study, report=True, images=False)
    recipient = visit(app, cloud, given)
    recipient.get(f"/s/{given.share.share_id}/images")
    _, denied = audited(cloud, "access.denied")
    assert (denied.actor_kind, denied.reason) == ("recipient", "scope")
    assert denied.actor == f"share:{given.share.share_id}"
    assert (denied.object_kind, denied.object_id) == ("study", study.study_id)

    with cloud.database.session() as session:
        giver = session.get_one(Account, patient.account_id)
        sharing.revoke(session, giver, given.share.share_id)
    recipient.get(f"/s/{given.share.share_id}/report")
    *_, denied = audited(cloud, "access.denied")
    assert (denied.actor, denied.reason) == (f"share:{given.share.share_id}", "ended")


@pytest.mark.requirement("F-10")
def test_a_refused_role_is_on_record(app: Flask, cloud: ImageCloud) -> None:
    auditor = make_account(cloud, "auditor", role=Role.AUDITOR)
    assert Visitor(app).be(cloud, auditor).get("/studies").status_code == 403
    (denied,) = audited(cloud, "access.denied")
    assert (denied.actor, denied.reason) == (f"account:{auditor.account_id}", "role")
    assert (denied.object_kind, denied.object_id) == ("route", "/studies")


def test_a_refusal_is_recorded_though_the_request_had_written(
    app: Flask, visitor: Visitor, patient: SignInFacts, cloud: ImageCloud
) -> None:
    """SQLite has one writer: the record waits for nobody, least of all for its own request."""

    @app.get("/late")
    @public
    def late() -> str:
        audit.record(database_session(), actor_kind="system", actor="test", event="half.done")
        raise AccessDenied(DenialReason.SCOPE)

    assert visitor.get("/late").status_code == 403
    assert len(audited(cloud, "access.denied")) == 1
    assert audited(cloud, "half.done") == []


@pytest.mark.parametrize("share_id", ["%0d%0aSet-Cookie:x", "%00", "a%5Cb", "%E5%BD%B1"])
def test_an_invented_share_address_leads_to_its_door(visitor: Visitor, share_id: str) -> None:
    assert visitor.get(f"/s/{share_id}/images").status_code in {200, 400, 404}


@pytest.mark.requirement("F-10")
def test_a_page_is_made_before_the_audit_log_is_taken_hold_of(
    app: Flask, visitor: Visitor, patient: SignInFacts, study: Study, cloud: ImageCloud
) -> None:
    """One slow page must not keep every other writer waiting."""
    free: list[bool] = []

    def try_to_write(*_: object, **__: object) -> None:
        with closing(sqlite3.connect(cloud.settings.home / "yingyun.db", timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")
            free.append(True)

    visitor.be(cloud, patient)
    with before_render_template.connected_to(try_to_write, app):
        assert visitor.get(f"/studies/{study.study_id}/report").status_code == 200
    assert free
    (viewed,) = audited(cloud, "report.view")
    assert (viewed.actor, viewed.object_id) == (f"account:{patient.account_id}", study.study_id)


@pytest.mark.requirement("F-20")
def test_a_withdrawn_consent_closes_the_shares_given(
    app: Flask, patient: SignInFacts, study: Study, cloud: ImageCloud
) -> None:
    given = share_it(cloud, patient, study)
    address = f"/s/{given.share.share_id}/report"
    recipient = visit(app, cloud, given)
    assert recipient.get(address).status_code == 200
    with cloud.database.session() as session:
        giver = session.get_one(Account, patient.account_id)
        (agreed,) = consent.consents_of(session, giver)
        assert consent.withdraw(session, giver, agreed.id)
    assert recipient.get(address).status_code == 410
    with pytest.raises(sharing.ShareClosed):
        visit(app, cloud, given)
    with cloud.database.session() as session:
        giver = session.get_one(Account, patient.account_id)
        consent.give(session, giver, version=consent.current_policy().version)
    assert visit(app, cloud, given).get(address).status_code == 200
