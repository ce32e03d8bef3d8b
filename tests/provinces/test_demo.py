"""The demo's second province can be asked and fetched from; keys and commands around it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner
from sqlalchemy import select

from portal.app import create_app
from portal.commands.provinces import provinces
from server import settings as settings_module
from server.demo import load_demo, neighbour
from server.demo.dicom.dx import DxSeries
from server.demo.people import PATIENT
from server.model import Account, CacheRequest, CacheState, Person, RemoteStudy
from server.outbox import put
from server.provinces import applying, elsewhere, fetching
from server.provinces.peers import load_peers
from server.settings import Settings
from tests.provinces.case import OpenCloud, free_port, listening


def coarse() -> neighbour.DemoStudy:
    """The neighbour's study, quickly made."""
    study = neighbour.neighbour_study()
    (picture,) = study.series
    assert isinstance(picture, DxSeries)
    return replace(study, series=(replace(picture, columns=96, rows=104, ray_step=8.0),))


def test_the_demo_has_a_study_to_apply_for(settings: Settings, open_test_cloud: OpenCloud) -> None:
    home, port = settings.home, free_port()
    url = f"http://127.0.0.1:{port}"
    neighbour.write_provinces(home, settings.base_url, url)
    environ = neighbour.neighbour_environment({}, home, settings.assets_dir, url)
    there = open_test_cloud(settings_module.load(environ))
    load_demo(there, studies=(coarse(),), shipped=False)
    here = open_test_cloud(replace(settings, provinces_file=neighbour.provinces_file(home)))
    load_demo(here, studies=(), shipped=False)
    with here.database.session() as session:
        person = session.scalars(
            select(Person).where(Person.person_code == PATIENT.person_code)
        ).one()
    with listening(create_app(there), port):
        elsewhere.refresh(here, {person.id})
        with here.database.session() as session:
            (remote,) = elsewhere.studies_elsewhere(session, {person.id})
        assert remote.province_name == "样例省"
        with here.database.session() as session:
            account = session.scalars(select(Account).where(Account.person_id == person.id)).one()
            applying.apply(session, account, session.merge(remote))
        fetching.attempt(here, remote.remote_study_id, last=False)
    with here.database.session() as session:
        assert session.scalars(select(CacheRequest)).one().state == CacheState.CACHED
        assert session.scalars(select(RemoteStudy)).one().centre == neighbour.NEIGHBOUR_NAME


def test_files_are_renewed_and_keys_kept(tmp_path: Path) -> None:
    neighbour.write_provinces(tmp_path, "http://127.0.0.1:1", "http://127.0.0.1:2")
    first = load_peers(neighbour.provinces_file(tmp_path))
    neighbour.write_provinces(tmp_path, "http://127.0.0.1:1", "http://127.0.0.1:3")
    second = load_peers(neighbour.provinces_file(tmp_path))
    assert first is not None and second is not None
    assert first.private_key.as_dict() == second.private_key.as_dict()
    assert second.centres[neighbour.NEIGHBOUR_NAME].url == "http://127.0.0.1:3"


def test_keys_are_made_once_and_for_the_owner(tmp_path: Path) -> None:
    run = CliRunner()
    made = run.invoke(provinces, ["keys", "east", "--folder", str(tmp_path)])
    assert made.exit_code == 0, made.output
    assert (tmp_path / "east.key").stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" not in (tmp_path / "east.pub").read_bytes()
    again = run.invoke(provinces, ["keys", "east", "--folder", str(tmp_path)])
    assert again.exit_code == 1


def test_the_state_of_the_outbox_is_told(settings: Settings, open_test_cloud: OpenCloud) -> None:
    cloud = open_test_cloud(settings)
    with cloud.database.session() as session:
        put(session, "share", {"share_id": "s"}, about="x")
    told = CliRunner(env={"YINGYUN_HOME": str(settings.home)}).invoke(provinces, ["status"])
    assert told.exit_code == 0, told.output
    assert "share: waiting 1, accepted 0, refused 0" in told.output
