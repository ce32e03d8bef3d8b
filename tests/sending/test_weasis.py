"""A study is handed to Weasis: the link's command, followed by an independent DICOMweb client."""

from __future__ import annotations

import dataclasses
import re
import shlex
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from urllib.parse import unquote_plus

import pytest
import requests
import time_machine
from dicomweb_client import DICOMwebClient
from werkzeug.serving import make_server

from portal.app import create_app
from server import clock
from server.cloud import ImageCloud
from server.model import AuditEvent, Study
from tests.factories import make_study
from tests.imaging.conftest import as_file
from tests.sending.case import SendingCase, data_set_hash, free_port, make_sending_case
from tests.visitor import Visitor

LINK = re.compile(r'href="(weasis://[^"]+)"')


@dataclass(frozen=True)
class Desk:
    """A portal that listens, the study's case, and its doctor before it."""

    case: SendingCase
    doctor: Visitor

    def link(self) -> str:
        """Have a link made, as the page does."""
        self.doctor.get(f"/doctor/studies/{self.case.study_id}/sending")
        self.doctor.submit(f"/doctor/studies/{self.case.study_id}/weasis", purpose="care")
        found = LINK.search(self.doctor.text)
        assert found, self.doctor.text
        return unescape(found[1])


@pytest.fixture
def desk(cloud: ImageCloud) -> Iterator[Desk]:
    port = free_port()
    settings = dataclasses.replace(cloud.settings, base_url=f"http://127.0.0.1:{port}")
    case = make_sending_case(dataclasses.replace(cloud, settings=settings), free_port())
    app = create_app(case.cloud)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Desk(case, Visitor(app).be(case.cloud, case.doctor))
    server.shutdown()
    thread.join()


def follow(link: str) -> tuple[DICOMwebClient, str]:
    """Return what Weasis makes of a link: a client with the headers given, and the study."""
    command, *words = shlex.split(unquote_plus(link.removeprefix("weasis://")))
    assert command == "$dicom:rs"
    given = dict(zip(words[::2], words[1::2], strict=True))
    name, _, value = given["-H"].partition(": ")
    study_uid = given["-r"].removeprefix("studyUID=")
    return DICOMwebClient(given["--url"], headers={name: value}), study_uid


@pytest.mark.requirement("C-26")
def test_weasis_fetches_the_study_and_nothing_else_for_half_an_hour(desk: Desk) -> None:
    link = desk.link()
    client, study_uid = follow(link)
    found = client.search_for_series(study_uid)
    assert len(found) == len(desk.case.series_ids)
    got = client.retrieve_study(study_uid, media_types=(("application/dicom", "*"),))
    assert {str(one.SOPInstanceUID): data_set_hash(as_file(one)) for one in got} == desk.case.hashes

    session = desk.case.cloud.database.session
    with session() as opened:
        institution = opened.get_one(Study, desk.case.study_id).institution
    other = make_study(desk.case.cloud, person_id=None, institution=institution)
    with session() as opened:
        other_uid = opened.get_one(Study, other.study_id).study_uid
    with pytest.raises(requests.HTTPError, match="404"):
        client.retrieve_study(other_uid)

    with session() as opened:
        events = [one.event for one in opened.query(AuditEvent)]
    assert {"handoff.mint", "dicom.handoff"} <= set(events)
    with (
        time_machine.travel(clock.now() + timedelta(minutes=31)),
        pytest.raises(requests.HTTPError, match="401"),
    ):
        client.search_for_series(study_uid)


@pytest.mark.requirement("C-26", "F-30")
def test_no_link_is_made_without_a_purpose(desk: Desk) -> None:
    page = f"/doctor/studies/{desk.case.study_id}"
    desk.doctor.get(f"{page}/sending")
    desk.doctor.submit(f"{page}/weasis", purpose="")
    assert "请先选择用途" in desk.doctor.text and "weasis://" not in desk.doctor.text
    assert desk.doctor.get(f"{page}/weasis").status_code == 200  # whoever reloads asks anew
    assert "一键发送" in desk.doctor.text and "weasis://" not in desk.doctor.text
