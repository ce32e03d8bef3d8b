"""The data of a study when its objects are whole, lost or damaged, and who fetched it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from server.cloud import ImageCloud
from server.model import AuditEvent, Series
from tests.factories import SignInFacts
from tests.portal.share_case import ShareCase, make_case
from viewer_py.dicom import manifest, overlays

DATA = {"Sec-Fetch-Dest": "empty"}


@pytest.fixture
def case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> ShareCase:
    return make_case(app, cloud, patient)


def base(case: ShareCase) -> str:
    return f"/studies/{case.study_id}/series/{case.series_ids[0]}"


def events(cloud: ImageCloud, event: str) -> list[AuditEvent]:
    with cloud.database.session() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.event == event)))


def objects_of(case: ShareCase, kind: str) -> list[str]:
    with case.cloud.database.session() as session:
        folder = session.get_one(Series, case.series_ids[0]).prepared_key
    found = [key for key in case.cloud.vault.store.keys(folder or "") if kind in key]
    assert found
    return found


def lose(case: ShareCase, key: str) -> None:
    case.cloud.vault.store.delete(key)


def damage(case: ShareCase, key: str) -> None:
    store = case.cloud.vault.store
    data = bytearray(store.get(key))
    data[-1] ^= 1
    store.put(key, bytes(data))


@pytest.mark.requirement("F-10")
def test_fetching_frames_is_on_record(case: ShareCase) -> None:
    answer = case.giver.get(f"{base(case)}/frames", headers=DATA)
    assert answer.status_code == 200
    assert answer.data
    (retrieved,) = events(case.cloud, "dicom.retrieve")
    assert (retrieved.object_kind, retrieved.object_id) == ("series", case.series_ids[0])


@pytest.mark.requirement("F-14")
@pytest.mark.parametrize(("spoil", "reason"), [(lose, "Missing"), (damage, "Damaged")])
@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("manifest", "manifest.json"),
        ("manifest", "captions.json"),
        ("pack", "frames"),
        ("index", "frames"),
        ("full", "pictures/0/full"),
        ("rendered", "frames/0/rendered.png"),
    ],
)
def test_a_lost_or_altered_object_is_told_in_words_and_recorded(
    case: ShareCase,
    spoil: Callable[[ShareCase, str], None],
    reason: str,
    kind: str,
    address: str,
) -> None:
    for key in objects_of(case, kind):
        spoil(case, key)
    answer = case.giver.get(f"{base(case)}/{address}", headers=DATA)
    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert answer.json["detail"] == "影像暂时无法显示，请联系检查医院"
    (fault,) = events(case.cloud, "object.unreadable")
    assert fault.object_id == case.study_id
    assert reason in fault.reason
    assert case.giver.get("/studies").status_code == 200


@pytest.mark.parametrize("frame", ["2", "999999999999999999999999999999"])
@pytest.mark.parametrize("kind", ["frames/{}/rendered.png", "pictures/{}/full", "pictures/0/pack"])
def test_what_a_series_does_not_have_is_not_found(case: ShareCase, frame: str, kind: str) -> None:
    answer = case.giver.get(f"{base(case)}/{kind.format(frame)}", headers=DATA)
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


def test_overlay_planes_are_sent_where_there_are_some(case: ShareCase) -> None:
    address = f"{base(case)}/overlays"
    assert case.giver.get(address, headers=DATA).status_code == 404
    packed = overlays.to_bytes({0: (overlays.OverlayPlane(0x6000, 1, 8, 0, 0, "G", b"!"),)})
    with case.cloud.database.session() as session:
        series = session.get_one(Series, case.series_ids[0])
        key, folder = series.study.data_key, series.prepared_key
    vault = case.cloud.vault
    described = manifest.from_json(vault.read(key, f"{folder}/manifest"))
    changed = dataclasses.replace(described, overlay_bytes=len(packed))
    vault.delete(f"{folder}/manifest")
    vault.write(key, f"{folder}/manifest", manifest.to_json(changed).encode())
    vault.write(key, f"{folder}/overlays", packed)
    answer = case.giver.get(address, headers=DATA)
    assert (answer.status_code, answer.data) == (200, packed)
