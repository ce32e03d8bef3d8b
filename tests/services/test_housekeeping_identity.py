"""What was left of proving who one is does not stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from server import accounts
from server.accounts import passkeys, phone_proof
from server.accounts.devices import REMEMBERED, note_device
from server.cloud import ImageCloud
from server.housekeeping import clear_away
from server.model import Account, KnownDevice, PasskeyCeremony, PhoneProof, ProofPurpose, Role
from tests.services.conftest import ID_NUMBERS, make_person


@pytest.mark.requirement("F-27")
def test_ceremonies_proofs_and_forgotten_devices_are_cleared_away(cloud: ImageCloud) -> None:
    person = make_person(cloud, id_number=ID_NUMBERS[0], phone="10012345678")
    with time_machine.travel(datetime(2026, 5, 1, tzinfo=UTC), tick=False) as clock:
        with cloud.database.session() as session:
            account = accounts.create_account(
                cloud,
                session,
                login="zhang",
                password="Kx7!blaue-Wolke",
                role=Role.PATIENT,
                person=person,
            ).account
            note_device(cloud, session, account, token=None, agent="")
            passkeys.begin_proof(cloud, session)
        with cloud.database.session() as session:
            phone_proof.begin(
                cloud,
                session,
                purpose=ProofPurpose.RECOVER,
                id_number=ID_NUMBERS[0],
                phone="10012345678",
                source="192.0.2.7",
            )
        cleared = clear_away(cloud)
        assert (cleared.proofs, cleared.devices) == (0, 0)
        clock.shift(timedelta(minutes=6))
        cleared = clear_away(cloud)
        assert (cleared.proofs, cleared.devices) == (2, 0)
        clock.shift(REMEMBERED)
        assert clear_away(cloud).devices == 1
    with cloud.database.session() as session:
        assert session.scalars(select(Account)).one().login == "zhang"
        for table in (PasskeyCeremony, PhoneProof, KnownDevice):
            assert session.scalars(select(table)).all() == []
