"""The chain of receptions from the front machine to the centre: nothing changes on the way, or
later, unseen (I-03)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
import requests
from sqlalchemy import select

from server.alarms import open_alarms
from server.collection.receptions import Break, Receptions, look_over
from server.gateway.centre import HttpCentre
from server.gateway.chain import FIRST, DigestError, Link, check_digest, headers_of, read_link
from server.gateway.clearing import clear_away
from server.gateway.configuration import Rules
from server.gateway.receiving import Receiving
from server.gateway.service import Gateway
from server.ingest import RefusedError
from server.model import GatewayReception, Instance, Series, Study
from tests.gateway.case import RULES, image, study_of, uid_of
from tests.gateway.conftest import HospitalsCentre

NAME = b"CompressedSamples^CT1"


class Meddler(requests.Session):
    """Whoever sits on the line: he changes what is uploaded, while told to."""

    change: tuple[bytes, bytes] | None = None

    def request(self, *arguments: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        body = options.get("data")
        if self.change and isinstance(body, bytes):
            assert self.change[0] in body
            options["data"] = body.replace(*self.change)
        return super().request(*arguments, **options)


@pytest.mark.requirement("I-03", "E-19")
def test_a_changed_tag_or_pixel_is_refused_and_what_is_kept_is_chained(
    centre: HospitalsCentre, tmp_path: Path
) -> None:
    line = Meddler()
    settings = centre.settings(tmp_path / "gateway")
    machine = Gateway(settings, HttpCentre(settings, line))
    machine.spool.keep_rules(dict(RULES), 1)
    sent = [image() for _ in range(3)]
    for data in sent:
        assert Receiving(machine.spool).take(data, "CT1").Status == 0
    pixels = pydicom.dcmread(BytesIO(sent[0])).PixelData[5000:5032]
    for change in ((NAME, b"CompressedSamples^CT2"), (pixels, bytes(32))):
        line.change = change
        assert machine.uploading.step() == 3
        waiting = machine.spool.next_batch(1 << 30, 9)
        assert not waiting, "put off, not lost"
        machine.spool.send_again(machine.spool.of_study(study_of(sent[0])))
    with centre.cloud.database.session() as session:
        assert session.scalars(select(Instance)).all() == []
        assert [one.kind for one in open_alarms(session)] == ["reception_broken"]

    line.change = None
    assert machine.uploading.step() == 3
    assert look_over(centre.cloud, centre.client_id, read=True) == (3, [])
    with centre.cloud.database.session() as session:
        links = session.scalars(select(GatewayReception).order_by(GatewayReception.sequence)).all()
        assert [one.sop_instance_uid for one in links] == [uid_of(data) for data in sent]
        assert [one.previous for one in links] == [FIRST, links[0].link, links[1].link]
        kept = {one.sop_instance_uid: one.sha256 for one in session.scalars(select(Instance))}
        assert {one.sop_instance_uid: one.received_sha256 for one in links} == kept

    _change_at_rest(centre, sent[1])
    with centre.cloud.database.session() as session:
        first = session.get_one(GatewayReception, (links[0].chain_id, 1))
        session.delete(first)
        third = session.get_one(GatewayReception, (links[0].chain_id, 3))
        third.received_sha256 = "0" * 64
    count, breaks = look_over(centre.cloud, centre.client_id, read=True)
    assert count == 2
    assert set(breaks) == {
        Break(1, "missing"), Break(3, "relinked", uid_of(sent[2])),
        Break(2, "altered", uid_of(sent[1])),
    }  # fmt: skip


def _change_at_rest(centre: HospitalsCentre, data: bytes) -> None:
    """Put another object in the place of a stored one, encrypted with the right key."""
    with centre.cloud.database.session() as session:
        instance, study = session.execute(
            select(Instance, Study)
            .join(Series, Series.series_id == Instance.series_id)
            .join(Study, Study.study_id == Series.study_id)
            .where(Instance.sop_instance_uid == uid_of(data))
        ).one()
        key, data_key = instance.object_key, study.data_key
        session.expunge_all()
    centre.cloud.vault.delete(key)
    centre.cloud.vault.write(data_key, key, data.replace(NAME, b"CompressedSamples^CT2"))


@pytest.mark.requirement("I-03")
def test_a_link_has_to_fit_its_neighbours_and_its_front_machine(
    centre: HospitalsCentre, tmp_path: Path
) -> None:
    machine = Gateway(centre.settings(tmp_path / "gateway"))
    machine.spool.keep_rules(RULES | {"compression": "rle"}, 1)
    datas = [image() for _ in range(2)]
    for data in datas:
        Receiving(machine.spool).take(data, "CT1")
    machine.uploading.step()
    assert look_over(centre.cloud, centre.client_id, read=True) == (2, []), "compressed"
    rows = machine.spool.of_study(study_of(datas[0]))
    links = [link for row in rows if (link := machine.spool.link_of(row))]
    other = image()
    mine, theirs = (Receptions(centre.cloud, one) for one in (centre.client_id, "other"))
    follows = Link(links[0].chain_id, 3, uid_of(other), "a" * 64, links[1].digest)

    def verified(receptions: Receptions, link: Link) -> Link | None:
        headers = {name.lower(): value for name, value in headers_of(other, link).items()}
        return receptions.verify(headers, other, uid_of(other))

    assert verified(mine, follows) == follows
    for receptions, link in (
        (mine, replace(follows, previous=FIRST)),
        (mine, replace(follows, sequence=2)),
        (theirs, follows),
    ):
        with pytest.raises(RefusedError, match="摘要不符"):
            verified(receptions, link)
    machine.uploading.reconcile(older_than=timedelta(0))
    clear_away(machine.spool, Rules())
    assert machine.spool.link_of(rows[0]) is not None


def test_headers_that_cannot_be_read_are_no_digest_that_fits() -> None:
    link = Link("ab" * 16, 7, "1.2.3", "c" * 64, FIRST)
    headers = {name.lower(): value for name, value in headers_of(b"data", link).items()}
    check_digest(headers, b"data")
    assert read_link(headers, "1.2.3") == link
    check_digest({}, b"data")
    check_digest({"content-digest": "md5=:AAAA:"}, b"data")
    with pytest.raises(DigestError, match="differs"):
        check_digest(headers, b"date")
    with pytest.raises(DigestError, match="malformed"):
        check_digest({"content-digest": "sha-256=:short:"}, b"data")
    with pytest.raises(DigestError, match="malformed"):
        read_link({"yingyun-reception": "chain=1"}, "1.2.3")
