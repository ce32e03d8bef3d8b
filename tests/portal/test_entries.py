"""All entries of a region lead to the same studies; a site names its own (A-42, A-02)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from portal.app import create_app
from server import settings as settings_module
from server.accounts import EntryKind
from server.cloud import ImageCloud
from server.model import AccountSession
from server.settings import CHANNEL_KINDS, SettingsError
from tests.factories import SignInFacts, make_institution, make_study
from tests.visitor import Visitor

CHONGQING = {
    "yukuaiban": "app",
    "yukangjian": "mini_program",
    "hospital-official-account": "official_account",
    "hospital-mini-program": "mini_program",
    "wechat": "official_account",
}


def studies_by(app: Flask, cloud: ImageCloud, facts: SignInFacts, entry: str) -> set[str]:
    """Sign in by an entry; return the studies of the list."""
    visitor = Visitor(app)
    visitor.get(f"/login?entry={entry}")
    visitor.submit("/login", login=facts.login, password=facts.password)
    visitor.submit("/login/code", code=facts.code())
    visitor.get("/studies")
    with cloud.database.session() as session:
        for one in session.scalars(select(AccountSession)):
            one.account.totp_last_step = 0  # the same code serves the next entry of this test
    return set(re.findall(r"/studies/([\w-]{22})", visitor.text))


@pytest.mark.requirement("A-42", "A-02", "A-36")
def test_every_entry_of_the_region_leads_to_the_same_studies(
    app: Flask, cloud: ImageCloud, patient: SignInFacts
) -> None:
    own = {
        make_study(cloud, person_id=patient.person_id, institution=hospital, modality=kind).study_id
        for hospital in (make_institution(cloud), make_institution(cloud, name="第二示范医院"))
        for kind in ("CT", "DX", "US")
    }
    for entry, kind in CHONGQING.items():
        assert studies_by(app, cloud, patient, entry) == own, entry
        with cloud.database.session() as session:
            newest = select(AccountSession.entry_kind).order_by(AccountSession.created_at.desc())
            assert session.scalars(newest).first() == kind, entry


@pytest.mark.requirement("A-42")
def test_a_site_names_its_own_entries(cloud: ImageCloud, patient: SignInFacts) -> None:
    chosen = settings_module.load({"YINGYUN_CHANNELS": "yibao=national_platform, My-Clinic=app"})
    assert chosen.channels == {"yibao": "national_platform", "my_clinic": "app"}
    named = replace(cloud, settings=replace(cloud.settings, channels=chosen.channels))
    studies_by(create_app(named), named, patient, "my-clinic")
    with cloud.database.session() as session:
        assert session.scalars(select(AccountSession.entry_kind)).all() == ["app"]
    for wrong in ("yibao", "yibao=", "=app", "yibao=telephone"):
        with pytest.raises(SettingsError):
            settings_module.load({"YINGYUN_CHANNELS": wrong})
    assert {str(one) for one in EntryKind} >= CHANNEL_KINDS
