"""STOW-RS: each object is stored whole or refused by name; nothing in between (PS3.18 10.5)."""

from __future__ import annotations

import io
import random
from typing import Any

import pydicom
import pytest
from pydicom.uid import generate_uid
from sqlalchemy import func, select

from server.cloud import ImageCloud
from server.dicomweb.multipart import MultipartError, NewPart, read_parts, write_parts
from server.ingest import IngestLimits
from server.ingest.parse import parse
from server.model import Instance, Series, Study, Upload
from tests.dicomweb.case import (
    BASE,
    BOUNDARY,
    DicomwebCase,
    files_of,
    make_dicomweb_case,
    multipart,
    slices,
)
from tests.fuzz.mutate import spoilt
from tests.imaging.conftest import WHEEL, as_file

PARTS = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
SOME = 150


def result(answer: Any) -> tuple[int, list[str], list[tuple[str, int]], list[int]]:
    """Status, stored UIDs, failed UIDs with reasons, reasons of the unnamed."""
    body = pydicom.Dataset.from_json(answer.get_json(force=True))
    stored = [one.ReferencedSOPInstanceUID for one in body.get("ReferencedSOPSequence", [])]
    failed = [
        (one.ReferencedSOPInstanceUID, one.FailureReason)
        for one in body.get("FailedSOPSequence", [])
    ]
    others = [one.FailureReason for one in body.get("OtherFailuresSequence", [])]
    return answer.status_code, stored, failed, others


def counts(case: DicomwebCase) -> int:
    with case.cloud.database.session() as session:
        query = select(func.count(Instance.id)).join(Series).join(Study)
        own = query.where(Study.institution_id == case.institution.id)
        return session.scalar(own) or 0


@pytest.mark.requirement("D-35", "E-04")
def test_each_object_is_stored_or_refused_with_its_reason(case: DicomwebCase) -> None:
    first, second, third = slices(3)
    report = pydicom.dcmread(WHEEL / "test-SR.dcm")
    unsupported = as_file(third).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.9\0")
    status, stored, failed, others = result(
        case.stow(as_file(first), b"no DICOM at all", as_file(report), as_file(second), unsupported)
    )
    assert status == 202
    assert stored == [first.SOPInstanceUID, second.SOPInstanceUID]
    assert failed[0] == (report.SOPInstanceUID, 0x0122)
    assert failed[1:] == [(third.SOPInstanceUID, 0xC122)]
    assert others == [0xC000]
    assert counts(case) == 2
    with case.cloud.database.session() as session:
        upload = session.query(Upload).filter_by(institution_id=case.institution.id).one()
        assert (upload.received, upload.stored, len(upload.rejected)) == (5, 2, 3)


def test_the_same_again_is_stored_and_other_bytes_are_not(case: DicomwebCase) -> None:
    (dataset,) = slices(1)
    assert result(case.stow(as_file(dataset)))[:2] == (200, [dataset.SOPInstanceUID])
    assert result(case.stow(as_file(dataset)))[:2] == (200, [dataset.SOPInstanceUID])
    dataset.SeriesDescription = "other"
    status, stored, failed, _ = result(case.stow(as_file(dataset)))
    assert (status, stored, failed) == (409, [], [(dataset.SOPInstanceUID, 0x0111)])
    assert counts(case) == 1


def test_other_studies_patients_and_hospitals_do_not_mix(
    case: DicomwebCase, portal: Any, centre: ImageCloud
) -> None:
    (dataset,) = slices(1)
    wrong = case.stow(as_file(dataset), path=f"/studies/{generate_uid()}")
    assert result(wrong)[2] == [(dataset.SOPInstanceUID, 0xA900)]
    right = case.stow(as_file(dataset), path=f"/studies/{dataset.StudyInstanceUID}")
    assert right.status_code == 200
    (other,) = slices(1, StudyInstanceUID=dataset.StudyInstanceUID, PatientID="P999")
    assert result(case.stow(as_file(other)))[2] == [(other.SOPInstanceUID, 0xA900)]
    (theirs,) = slices(1, StudyInstanceUID=dataset.StudyInstanceUID)
    stranger = make_dicomweb_case(portal, centre)
    assert result(stranger.stow(as_file(theirs)))[2] == [(theirs.SOPInstanceUID, 0x0124)]
    assert counts(case) == 1


def test_a_single_object_needs_no_parts(case: DicomwebCase) -> None:
    (dataset,) = slices(1)
    answer = case.http.post(
        f"{BASE}/studies",
        data=as_file(dataset),
        headers=case.headers(),
        content_type="application/dicom",
    )
    assert result(answer)[:2] == (200, [dataset.SOPInstanceUID])


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", b"x", 415),
        ("", b"x", 415),
        ('multipart/related; type="application/dicom+json"; boundary=b', b"", 415),
        ('multipart/related; type="application/dicom"', b"--", 409),
        (PARTS, b"", 409),
        (PARTS, f"--{BOUNDARY}--\r\n".encode(), 400),
        ("application/dicom", b"", 400),
        (PARTS, f"--{BOUNDARY}\r\n\r\n\r\n--{BOUNDARY}--".encode(), 409),
        (PARTS, f"--{BOUNDARY}x\r\n\r\n".encode(), 409),
        (
            PARTS,
            f"--{BOUNDARY}\r\nContent-Type: image/png\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
            409,
        ),
    ],
)
def test_what_is_no_delivery_is_refused(
    case: DicomwebCase, content_type: str, body: bytes, status: int
) -> None:
    answer = case.http.post(
        f"{BASE}/studies", data=body, headers=case.headers(), content_type=content_type
    )
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert counts(case) == 0


def test_a_body_that_ends_too_early_keeps_what_came_whole(case: DicomwebCase) -> None:
    first, second = slices(2)
    body = multipart(files_of([first, second]))
    answer = case.http.post(
        f"{BASE}/studies", data=body[:-200], headers=case.headers(), content_type=PARTS
    )
    status, stored, _, others = result(answer)
    assert (status, stored, others) == (202, [first.SOPInstanceUID], [0xC000])
    assert counts(case) == 1


class Trickle(io.BytesIO):
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self._step = step

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(self._step, size if size and size > 0 else self._step))


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 5000])
def test_parts_come_out_as_they_went_in_however_they_trickle(step: int) -> None:
    data = [b"", b"\r\n", b"--b", b"\r\n--a", bytes(range(256)) * 9, b"\r\n--"]
    body = b"".join(write_parts([NewPart("application/dicom", one) for one in data], "bb"))
    body = b"preamble\r\n" + body + b"epilogue"
    assert [part.data for part in read_parts(Trickle(body, step), "bb", 1 << 20)] == data
    sizes = [part.data is None for part in read_parts(Trickle(body, step), "bb", 100)]
    assert sizes == [len(one) > 100 for one in data]
    with pytest.raises(MultipartError):
        list(read_parts(Trickle(body[:-30], step), "bb", 1 << 20))


def _fuzz(case: DicomwebCase, number: int, seed: int) -> None:
    """Send mutated objects; no answer is a failure of ours, and what is stored is whole."""
    chance = random.Random(seed)
    samples = [as_file(one) for one in slices(1)]
    samples += [
        (WHEEL / name).read_bytes()
        for name in ("MR_small_implicit.dcm", "SC_rgb_rle_2frame.dcm", "JPEG2000.dcm")
    ]
    sent = 0
    while sent < number:
        batch = [spoilt(chance, *chance.choices(samples, k=2)) for _ in range(10)]
        body = multipart(batch)
        if chance.random() < 0.2:
            body = spoilt(chance, body, samples[0])
        answer = case.http.post(
            f"{BASE}/studies", data=body, headers=case.headers(), content_type=PARTS
        )
        assert answer.status_code in {200, 202, 400, 409}, answer.get_data(as_text=True)
        sent += len(batch)
    with case.cloud.database.session() as session:
        own = session.scalars(select(Study).where(Study.institution_id == case.institution.id))
        for study in own:
            for one in (one for series in study.series for one in series.instances):
                data = case.cloud.vault.read(study.data_key, one.object_key)
                assert parse(data, IngestLimits()).sha256 == one.sha256


def test_mutated_objects_are_never_our_failure(case: DicomwebCase) -> None:
    _fuzz(case, SOME, 7)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.requirement("E-04")
def test_ten_thousand_mutated_objects_are_never_our_failure(case: DicomwebCase) -> None:
    _fuzz(case, 10_000, 11)
