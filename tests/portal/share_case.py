"""A patient with one examination of two series whose pictures are prepared, and its shares."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from flask import Flask
from pydicom.uid import generate_uid
from werkzeug.test import TestResponse

from server.cloud import ImageCloud
from server.imaging import prepare
from server.model import Series, Share, Study
from tests.factories import SignInFacts, make_study
from tests.imaging.conftest import add_instance, as_file, ct_slice, phantom
from tests.visitor import Visitor

ACCESSION_NUMBER = "CT2026000117"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148"


@dataclass(frozen=True)
class Given:
    """A share as its giver saw it on the page that shows it once."""

    share_id: str
    link: str
    secret: str
    short_code: str
    page: str


@dataclass
class ShareCase:
    """The cloud, its portal, the giver's browser, and what he has to share."""

    app: Flask
    cloud: ImageCloud
    giver: Visitor
    study_id: str
    series_ids: list[str]

    @property
    def form_address(self) -> str:
        return f"/studies/{self.study_id}/shares/new"

    def send(self, *, without: tuple[str, ...] = (), **fields: str) -> TestResponse:
        """Fill in the share form as it stands, leave boxes unticked, and send it."""
        self.giver.get(self.form_address)
        form = next(one for one in self.giver.forms() if one.action == self.form_address)
        data = {name: text for name, text in form.fields.items() if name not in without}
        return self.giver.client.post(self.form_address, data=data | fields)

    def give(self, *, without: tuple[str, ...] = (), **fields: str) -> Given:
        """Share, and read from the page what is to be passed on."""
        answer = self.send(without=without, **fields)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return read_given(answer.get_data(as_text=True))

    def share(self, share_id: str) -> Share:
        with self.cloud.database.session() as session:
            return session.get_one(Share, share_id)

    def stranger(self) -> Visitor:
        """A fresh browser, on a phone, signed in as nobody."""
        visitor = Visitor(self.app)
        visitor.client.environ_base["HTTP_USER_AGENT"] = PHONE
        return visitor

    def recipient(self, given: Given, **fields: str) -> Visitor:
        """A fresh browser that opened the share."""
        visitor = self.stranger()
        opened = knock(visitor, given, **fields)
        assert opened.status_code == 303, opened.get_data(as_text=True)
        return visitor


def read_given(page: str) -> Given:
    """Read link and short code from the page that shows them."""
    found = re.search(r'data-link="([^"]+)"', page)
    assert found
    link = html.unescape(found[1])
    address, _, secret = link.partition("#")
    codes = re.findall(r'<b class="share-code">([^<]+)</b>', page)
    return Given(address.rsplit("/", 1)[1], link, secret, codes[-1], page)


def knock(visitor: Visitor, given: Given, **fields: str) -> TestResponse:
    """Do what the door's script does: post the secret that stood in the fragment."""
    visitor.get(f"/s/{given.share_id}")
    action = f"/s/{given.share_id}/open"
    return visitor.submit(
        action, follow_redirects=False, **({"secret": given.secret} | dict(fields))
    )


def make_case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> ShareCase:
    """Store two series of two small slices each and prepare their pictures."""
    study = make_study(
        cloud,
        person_id=patient.person_id,
        series=0,
        description="胸部CT平扫",
        patient_id="P20260001",
        accession_number=ACCESSION_NUMBER,
        patient_name=patient.name,
    )
    with cloud.database.session() as session:
        stored = session.get_one(Study, study.study_id)
        for number in (1, 2):
            uid = generate_uid()
            series = Series(
                series_uid=uid, modality="CT", series_number=number, description=f"序列{number}"
            )
            stored.series.append(series)
            session.flush()
            for position in (1, 2):
                dataset = ct_slice(phantom(position, 32, 32), position, uid)
                dataset.AccessionNumber = ACCESSION_NUMBER
                add_instance(cloud, series, as_file(dataset))
        session.flush()
        series_ids = [one.series_id for one in stored.series]
    prepare.prepare_study(cloud, study.study_id)
    giver = Visitor(app).be(cloud, patient)
    return ShareCase(app, cloud, giver, study.study_id, series_ids)


def first_instance(case: ShareCase) -> str:
    """The SOP Instance UID of an object of the first series."""
    with case.cloud.database.session() as session:
        return session.get_one(Series, case.series_ids[0]).instances[0].sop_instance_uid


def data_addresses(case: ShareCase, base: str) -> list[str]:
    """Every address below the share's that answers GET, from the application's own map."""
    values: dict[str, Any] = {
        "share_id": "SHARE",
        "series_id": case.series_ids[0],
        "sop_instance_uid": first_instance(case),
        "frame_index": 0,
    }
    found = []
    for rule in case.app.url_map.iter_rules():
        if not rule.rule.startswith("/s/<share_id>/") or "GET" not in (rule.methods or ()):
            continue
        for kind in ("full", "fast", "thumbnail") if "kind" in rule.arguments else ("",):
            built = rule.build(values | {"kind": kind}, append_unknown=False)
            assert built is not None
            found.append(built[1].replace("/s/SHARE", base))
    return found
