"""An upgrade from the centre: offered, fetched, compared, handed over; or refused (E-18)."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from server import gateway_releases, gateways
from server.gateway.service import Gateway
from tests.gateway.conftest import HospitalsCentre

NEXT = "9.9.9"
PROGRAM = """import os, sys
with open(sys.argv[1], "a") as file:
    print(os.environ["YINGYUN_UPGRADE_VERSION"], sys.argv[2], file=file)
"""


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / f"yingyun-{NEXT}-py3-none-any.whl"
    path.write_bytes(b"PK new version" * 1000)
    return path


def state_at_centre(centre: HospitalsCentre) -> str:
    with centre.cloud.database.session() as session:
        upgrade = gateway_releases.offered(session, centre.client_id)
        assert upgrade is not None
        return upgrade.state


def offer(centre: HospitalsCentre, number: str = NEXT) -> None:
    with centre.cloud.database.session() as session:
        gateway_releases.offer(session, centre.client_id, number)


@pytest.mark.requirement("E-18")
def test_an_upgrade_is_handed_to_the_hospitals_command_once(
    centre: HospitalsCentre, tmp_path: Path, wheel: Path
) -> None:
    called = tmp_path / "called"
    program = tmp_path / "upgrade.py"
    program.write_text(PROGRAM)
    command = f"{sys.executable} {program} {called}"
    settings = replace(centre.settings(tmp_path / "gateway"), upgrade_command=command)
    machine = Gateway(settings)
    machine.report()
    with centre.cloud.database.session() as session:
        kept = gateway_releases.add(centre.cloud, session, NEXT, wheel)
        with pytest.raises(gateway_releases.ReleaseError, match="已存在"):
            gateway_releases.add(centre.cloud, session, NEXT, wheel)
        place = gateway_releases.path_of(centre.cloud, kept)
    offer(centre)
    place.write_bytes(b"!" + wheel.read_bytes()[1:])  # whoever got at the centre's disk
    machine.report()
    machine.upgrade()
    machine.report()
    assert state_at_centre(centre) == "refused_digest"
    assert not called.exists()
    assert [one for one in (tmp_path / "gateway" / "upgrades").rglob("*") if one.is_file()] == []

    place.write_bytes(wheel.read_bytes())
    machine.upgrade()
    assert not called.exists(), "what was refused is not tried again by itself"
    offer(centre)
    machine.report()
    assert state_at_centre(centre) == ""
    machine.upgrade()
    (line,) = called.read_text().splitlines()
    told, path = line.split()
    assert (told, Path(path).name, Path(path).read_bytes()) == (
        NEXT, wheel.name, wheel.read_bytes(),
    )  # fmt: skip
    again = Gateway(settings)
    again.report()
    again.report()  # the first one told it of the offer
    assert state_at_centre(centre) == "handed_over"
    again.upgrade()
    assert len(called.read_text().splitlines()) == 1, "nor does a restart call it again"


@pytest.mark.requirement("E-18")
def test_nothing_runs_that_the_hospital_did_not_allow(
    centre: HospitalsCentre, tmp_path: Path, wheel: Path
) -> None:
    settings = centre.settings(tmp_path / "gateway")
    machine = Gateway(settings)
    machine.report()
    running = tmp_path / "running.whl"
    running.write_bytes(b"now")
    with centre.cloud.database.session() as session:
        gateway_releases.add(centre.cloud, session, NEXT, wheel)
        gateway_releases.add(centre.cloud, session, version("yingyun"), running)
        with pytest.raises(gateway_releases.ReleaseError, match="没有版本"):
            gateway_releases.offer(session, centre.client_id, "8.8.8")
        with pytest.raises(gateway_releases.ReleaseError, match="允许"):
            gateway_releases.add(centre.cloud, session, "../9", wheel)
    offer(centre)
    for expected, command in (("not_allowed", ""), ("command_failed", str(tmp_path / "absent"))):
        machine = Gateway(replace(settings, upgrade_command=command))
        machine.report()
        machine.upgrade()
        machine.report()
        assert state_at_centre(centre) == expected
    offer(centre, version("yingyun"))
    machine.report()
    machine.report()
    assert state_at_centre(centre) == "running"
    with centre.cloud.database.session() as session:
        assert gateway_releases.withdraw(session, centre.client_id)
    machine.report()
    assert machine.state()["upgrade"] == {"version": "", "state": "", "offer_id": ""}


@pytest.mark.requirement("E-18")
def test_rules_take_effect_and_a_heartbeat_is_followed_without_a_restart(
    centre: HospitalsCentre, tmp_path: Path
) -> None:
    machine = Gateway(centre.settings(tmp_path / "gateway"))
    machine.report()
    for number, codec in enumerate(("jpeg-ls", "rle", ""), 1):
        with centre.cloud.database.session() as session:
            gateways.set_rules(session, centre.client_id, {"compression": codec})
        machine.report()
        rules, kept = machine.spool.rules()
        assert (rules.compression, kept) == (codec, number)
    machine.report()
    with centre.cloud.database.session() as session:
        (heard,) = gateways.gateways(session)
        assert heard.state["rules_version"] == 3, "and the centre is told"
        assert heard.version == version("yingyun")
