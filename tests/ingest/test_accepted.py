"""What is taken is kept byte for byte and found in the index."""

from __future__ import annotations

import base64
import hashlib
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pydicom
import pytest
from sqlalchemy import select

from server import audit, people
from server.cloud import ImageCloud
from server.ingest import DeliveryError, Sender, ingest_paths
from server.ingest.intake import REJECTED_PATH_CONTEXT
from server.model import AuditEvent, Instance, Institution, ProcessingState, Series, Study, Upload
from server.storage.verify import verify_storage
from tests.ingest.conftest import (
    CT,
    INSTITUTION,
    WHEEL,
    changed,
    ingest,
    only_study,
    put,
    reasons,
    stored_objects,
)


@pytest.mark.requirement("F-14")
def test_keeps_the_bytes_as_they_came(cloud: ImageCloud) -> None:
    summary = ingest(cloud, CT)
    assert (summary.received, summary.stored, summary.duplicate) == (1, 1, 0)
    [(uid, content)] = stored_objects(cloud).items()
    assert content == CT.read_bytes()
    with cloud.database.session() as session:
        row = session.scalars(select(Instance)).one()
    assert row.sha256 == hashlib.sha256(CT.read_bytes()).hexdigest()
    assert row.size == CT.stat().st_size
    assert uid == pydicom.dcmread(CT).SOPInstanceUID


@pytest.mark.requirement("F-14")
def test_verify_finds_what_happened_to_stored_bytes(cloud: ImageCloud, tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path / "in", f"{number}.dcm", changed())
    ingest(cloud, tmp_path / "in")
    assert verify_storage(cloud).ok
    with cloud.database.session() as session:
        first, second, third = session.scalars(select(Instance).order_by(Instance.id)).all()
        second.sha256 = "0" * 64
    stored = bytearray(cloud.vault.store.get(first.object_key))
    stored[1000] ^= 1
    cloud.vault.store.put(first.object_key, bytes(stored))
    cloud.vault.delete(third.object_key)
    verdict = verify_storage(cloud)
    assert verdict.checked == 3
    assert [(fault.object_key, fault.reason) for fault in verdict.faults] == [
        (first.object_key, "damaged"),
        (second.object_key, "altered"),
        (third.object_key, "missing"),
    ]


def test_a_second_delivery_is_a_duplicate(cloud: ImageCloud) -> None:
    first = ingest(cloud, CT)
    second = ingest(cloud, CT, CT)
    assert (second.received, second.stored, second.duplicate) == (2, 0, 2)
    assert first.study_ids == tuple(cloud.jobs.ordered), "a duplicate orders no new pictures"


def test_fills_the_index_from_the_object(cloud: ImageCloud) -> None:
    ingest(cloud, CT)
    study = only_study(cloud)
    dataset = pydicom.dcmread(CT)
    assert study.study_uid == dataset.StudyInstanceUID
    assert study.patient_id == dataset.PatientID
    assert study.patient_name == "CompressedSamples CT1"
    assert study.modality == "CT"
    assert study.study_datetime == datetime(2004, 1, 19, 12, 27, 30, tzinfo=UTC), "-0500 is said"
    assert study.state == ProcessingState.PENDING
    with cloud.database.session() as session:
        series = session.scalars(select(Series)).one()
    assert (series.series_uid, series.series_number) == (dataset.SeriesInstanceUID, 1)
    assert (series.instance_count, series.frame_count) == (1, 1)


def test_counts_instances_and_frames_of_a_series(cloud: ImageCloud, tmp_path: Path) -> None:
    put(tmp_path / "in", "1", changed())
    put(tmp_path / "in", "2", changed())
    put(tmp_path / "in", "3", (WHEEL / "rtdose.dcm").read_bytes())
    assert ingest(cloud, tmp_path / "in").stored == 3
    with cloud.database.session() as session:
        counts = {
            row.modality: (row.instance_count, row.frame_count)
            for row in session.scalars(select(Series))
        }
    assert counts == {"CT": (2, 2), "RTDOSE": (1, 15)}


def test_new_objects_of_a_ready_study_ask_for_new_pictures(
    cloud: ImageCloud, tmp_path: Path
) -> None:
    ingest(cloud, CT)
    with cloud.database.session() as session:
        session.scalars(select(Study)).one().state = ProcessingState.READY
        session.scalars(select(Series)).one().state = ProcessingState.READY
    summary = ingest(cloud, put(tmp_path, "second.dcm", changed()))
    assert cloud.jobs.ordered[-1] == summary.study_ids[0]
    with cloud.database.session() as session:
        assert session.scalars(select(Study.state)).one() == ProcessingState.PENDING
        assert session.scalars(select(Series.state)).one() == ProcessingState.PENDING


def test_real_files_of_many_kinds_are_taken(cloud: ImageCloud) -> None:
    names = [
        "693_J2KI.dcm", "CT_small.dcm", "ExplVR_BigEnd.dcm", "GDCMJ2K_TextGBR.dcm",
        "J2K_pixelrep_mismatch.dcm", "JPGExtended.dcm", "MR_small_RLE.dcm", "image_dfl.dcm",
        "SC_rgb_jpeg_gdcm.dcm", "SC_ybr_full_422_uncompressed.dcm",
        "examples_palette.dcm", "examples_ybr_color.dcm", "liver_1frame.dcm", "rtdose.dcm",
    ]  # fmt: skip
    summary = ingest(cloud, *(WHEEL / name for name in names))
    assert summary.rejected == ()
    assert summary.stored == len(names)
    assert set(stored_objects(cloud).values()) == {(WHEEL / name).read_bytes() for name in names}


def test_folders_and_archives_are_opened_and_tables_of_contents_passed_over(
    cloud: ImageCloud, tmp_path: Path
) -> None:
    folder = tmp_path / "disc"
    objects = [changed() for _ in range(4)]
    put(folder, "a/b/IM1", objects[0])
    put(folder, "c/IM1", objects[1])
    shutil.copy(next(WHEEL.rglob("DICOMDIR")), folder / "DICOMDIR")
    shutil.copy(next(WHEEL.rglob("DICOMDIR")), folder / "RENAMED")
    with zipfile.ZipFile(folder / "more.bin", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/IM1", objects[2])
        archive.writestr("../../IM2", objects[3])
        archive.writestr("DICOMDIR", b"whatever")
    seen: list[tuple[int, int]] = []
    summary = ingest(cloud, folder, progress=lambda done, total: seen.append((done, total)))
    assert summary.rejected == ()
    assert summary.received == summary.stored == 4
    assert set(stored_objects(cloud).values()) == set(objects)
    assert seen == [(number, 5) for number in range(1, 6)]
    assert not (tmp_path.parent / "IM2").exists(), "a name in an archive is never a path"


def test_the_upload_is_recorded_without_names(cloud: ImageCloud, tmp_path: Path) -> None:
    path = put(tmp_path, "bad.dcm", b"no DICOM at all")
    ingest(cloud, CT, CT, path, sender=Sender("staff", "7", "192.0.2.1"))
    with cloud.database.session() as session:
        upload = session.scalars(select(Upload)).one()
        event = session.scalars(select(AuditEvent)).one()
        assert audit.verify(session).ok
    assert (upload.received, upload.stored, upload.duplicate) == (3, 1, 1)
    assert upload.finished_at is not None
    (rejected,) = upload.rejected
    assert set(rejected) == {"path_sealed", "reason"}
    assert rejected["reason"] == "not_dicom"
    sealed = base64.b64decode(rejected["path_sealed"])
    assert b"bad" not in sealed
    assert cloud.master_key.open(sealed, REJECTED_PATH_CONTEXT) == "bad.dcm"
    assert (event.event, event.object_id, event.result) == ("upload", upload.id, "success")
    assert (event.actor_kind, event.actor, event.source) == ("staff", "7", "192.0.2.1")
    assert "CompressedSamples" not in str(event.detail)


def test_a_stranger_cannot_deliver(cloud: ImageCloud) -> None:
    for code, person in (("99999999999999999X", None), (INSTITUTION, 4711)):
        with pytest.raises(DeliveryError, match="unknown"):
            ingest_paths(cloud, [CT], institution_code=code, person_id=person)
    with cloud.database.session() as session:
        assert session.scalars(select(Upload)).all() == []
        assert [row.result for row in session.scalars(select(AuditEvent))] == ["failure"] * 2
    assert list(cloud.vault.store.keys()) == []


def test_an_institution_without_a_proper_code_learns_it_before_anything(cloud: ImageCloud) -> None:
    with cloud.database.session() as session:
        session.add(Institution(code="H1", name="x", province_code="1", province_name="x"))
    with pytest.raises(DeliveryError, match="storage_unit must be 18"):
        ingest_paths(cloud, [CT], institution_code="H1")


def test_the_person_is_given_or_found_by_the_id_number(cloud: ImageCloud, tmp_path: Path) -> None:
    id_number = "11010519491231002X"
    with cloud.database.session() as session:
        person = people.create_person(
            cloud, session, person_code="7" * 26, name="张三", id_number=id_number
        )
    carrying = changed(lambda d: setattr(d, "OtherPatientIDs", ["A1", id_number]))
    ingest(cloud, put(tmp_path, "1.dcm", carrying))
    study = only_study(cloud)
    assert study.person_id == person.id
    assert study.cloud_index.startswith("7" * 26 + "-200401192027-")
    ingest(cloud, WHEEL / "MR_small.dcm", person_id=person.id)
    with cloud.database.session() as session:
        assert {row.person_id for row in session.scalars(select(Study))} == {person.id}


def test_an_unknown_person_is_nobody(cloud: ImageCloud) -> None:
    ingest(cloud, CT)
    study = only_study(cloud)
    assert study.person_id is None
    assert study.cloud_index.startswith("0" * 26 + "-")


def test_a_full_store_refuses_in_words(cloud: ImageCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from server.storage import StorageFullError

    def full(*_: object) -> None:
        raise StorageFullError("存储空间已满 / full")

    monkeypatch.setattr(cloud.vault.store, "put", full)
    summary = ingest(cloud, CT)
    assert reasons(summary) == ["storage_full"]
    with cloud.database.session() as session:
        assert session.scalars(select(Study)).all() == []
