"""Who may enter which room of the console, and who may change something: every role, every room."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.admin.sections import BY_NAME, CONSOLE_ROLES, SECTIONS
from server.centre import rights
from server.centre.rights import RightsRefusal, RightsRefusedError
from server.cloud import ImageCloud
from server.model import Role
from tests.centre.conftest import Console
from tests.factories import make_account
from tests.portal.test_routes import address, walk
from tests.visitor import Visitor

ROLES = {
    "administrator": Role.ADMINISTRATOR,
    "own": Role.INSTITUTION_ADMINISTRATOR,
    "auditor": Role.AUDITOR,
    "supervisor": Role.SUPERVISOR,
    "doctor": Role.DOCTOR,
}


def test_the_matrix_separates_duties() -> None:
    log = BY_NAME["log"]
    assert log.readers == (Role.AUDITOR,)
    for one in SECTIONS:
        assert Role.SUPERVISOR not in one.changers, one.name
        assert Role.AUDITOR not in one.changers or one.name == "exports", one.name
        assert set(one.changers) <= set(one.readers), one.name


@pytest.mark.requirement("F-07", "D-56")
@pytest.mark.parametrize("name", [*ROLES, "patient"])
def test_each_role_opens_its_rooms_and_no_other(
    app: Flask, cloud: ImageCloud, console: Console, name: str
) -> None:
    role = ROLES.get(name, Role.PATIENT)
    visitor = console.visitors.get(name) or Visitor(app).be(cloud, make_account(cloud))
    for one in SECTIONS:
        answer = visitor.client.get(one.address)
        expected = 200 if role in one.readers else 403
        assert answer.status_code == expected, (one.name, name, answer.status_code)
        page = answer.get_data(as_text=True)
        for other in SECTIONS:
            shown = f'href="{other.address}"' in page
            assert not shown or role in other.readers, (one.name, other.name)


@pytest.mark.requirement("F-07")
@pytest.mark.parametrize("name", ["auditor", "supervisor", "doctor"])
def test_who_only_looks_changes_nothing(app: Flask, console: Console, name: str) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    tried = 0
    for rule, method in walk(app):
        if not rule.rule.startswith("/admin") or method == "GET":
            continue
        room = rule.rule.removeprefix("/admin").strip("/").partition("/")[0]
        if name == "auditor" and (room == "exports" or rule.rule == "/admin/records/export"):
            continue  # an auditor asks for a file of the log's records; somebody else decides
        if rule.rule in READ_BY_POST or "<study_id>" in rule.rule:
            continue
        tried += 1
        answer = console[name].client.open(address(rule), method=method)
        assert answer.status_code == 403, (rule.rule, answer.status_code)
    assert tried > 8


# A person's number is posted, so that it stands in no address: these look and change nothing.
READ_BY_POST = {"/admin/records", "/admin/supervision", "/admin/log/verify"}


def test_the_console_is_where_they_begin(console: Console) -> None:
    for name, role in ROLES.items():
        console[name].get("/")
        assert (console[name].path == "/admin") is (role in CONSOLE_ROLES)


@pytest.mark.requirement("F-07")
def test_no_account_goes_from_administering_to_auditing(console: Console) -> None:
    who = console.actor("administrator")
    numbers = {name: facts.account_id for name, facts in console.facts.items()}

    def refusal(name: str, role: Role) -> RightsRefusal | None:
        with console.cloud.database.session() as session:
            try:
                rights.change_role(session, who, numbers[name], role)
            except RightsRefusedError as refused:
                session.rollback()
                return refused.reason
            session.rollback()
        return None

    assert refusal("other", Role.AUDITOR) is RightsRefusal.SEPARATED
    assert refusal("auditor", Role.ADMINISTRATOR) is RightsRefusal.SEPARATED
    assert refusal("administrator", Role.SUPERVISOR) is RightsRefusal.OWN
    assert refusal("own", Role.PATIENT) is RightsRefusal.NOT_YOURS_TO_GIVE
    assert refusal("supervisor", Role.DOCTOR) is RightsRefusal.NO_INSTITUTION
    assert refusal("doctor", Role.INSTITUTION_ADMINISTRATOR) is None


@pytest.mark.requirement("F-07")
def test_a_detour_does_not_lead_from_administering_to_auditing(console: Console) -> None:
    who, number = console.actor("administrator"), console.facts["other"].account_id
    with console.cloud.database.session() as session:
        rights.change_role(session, who, number, Role.SUPERVISOR)
        rights.change_role(session, who, number, Role.ADMINISTRATOR)
        rights.change_role(session, who, console.facts["doctor"].account_id, Role.ADMINISTRATOR)
        rights.change_role(session, who, console.facts["doctor"].account_id, Role.DOCTOR)
    with console.cloud.database.session() as session, pytest.raises(RightsRefusedError) as refused:
        rights.change_role(session, who, console.facts["doctor"].account_id, Role.AUDITOR)
    assert refused.value.reason is RightsRefusal.SEPARATED
