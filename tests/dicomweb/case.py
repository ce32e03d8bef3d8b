"""A hospital whose system stores, finds and fetches over DICOMweb, and what it holds."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pydicom
from flask import Flask
from flask.testing import FlaskClient
from pydicom import Dataset
from pydicom.uid import generate_uid
from werkzeug.test import TestResponse

from server import clients, clock
from server.clients import Scope
from server.cloud import ImageCloud
from server.launches import Opens
from server.model import CarePurpose, ClientToken, Institution, InstitutionClient, Launch
from tests.factories import make_institution
from tests.imaging.conftest import as_file, ct_slice, phantom

BASE = "/dicom-web"
BOUNDARY = "a-boundary-of-the-tests"
DICOM_PARTS = 'multipart/related; type="application/dicom"; transfer-syntax=*'


@dataclass(frozen=True)
class DicomwebCase:
    """One institution's system with a live token, speaking to the portal without a network."""

    app: Flask
    cloud: ImageCloud
    institution: Institution
    token: str

    @property
    def http(self) -> FlaskClient:
        return self.app.test_client()

    def headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", **more}

    def get(self, path: str, accept: str = "*/*", **more: str) -> TestResponse:
        headers = self.headers(Accept=accept, **more)
        return self.http.get(f"{BASE}{path}", headers=headers)

    def stow(self, *files: bytes, path: str = "/studies") -> TestResponse:
        """Send files in one request."""
        return self.http.post(
            f"{BASE}{path}",
            data=multipart(files),
            headers=self.headers(Accept="application/dicom+json"),
            content_type=f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
        )


def make_dicomweb_case(
    app: Flask,
    cloud: ImageCloud,
    *,
    institution: Institution | None = None,
    scopes: Sequence[Scope] = (Scope.DICOMWEB_READ, Scope.DICOMWEB_STORE),
) -> DicomwebCase:
    """Register the system of a hospital and give it a token."""
    institution = institution or make_institution(cloud)
    with cloud.database.session() as session:
        made = clients.register(
            session,
            institution=session.merge(institution, load=False),
            name="PACS",
            origins=[],
            scopes=scopes,
        )
        token = f"token-of-{made.client.client_id}"
        clients.issue(session, made.client.client_id, token, scopes, source="192.0.2.1")
        session.flush()
        # For as long as a module's tests take.
        kept = session.query(ClientToken).filter_by(client_id=made.client.client_id).one()
        kept.expires_at = clock.now() + timedelta(hours=2)
    return DicomwebCase(app, cloud, institution, token)


def multipart(files: Sequence[bytes], boundary: str = BOUNDARY) -> bytes:
    """The body of a STOW request."""
    mark = f"--{boundary}".encode()
    parts = [mark + b"\r\nContent-Type: application/dicom\r\n\r\n" + one for one in files]
    return b"\r\n".join([*parts, mark + b"--\r\n"])


def parts_of(answer: TestResponse) -> list[bytes]:
    """The parts of a multipart answer, cut by its boundary alone."""
    boundary = answer.headers["Content-Type"].rpartition("boundary=")[2].strip('"')
    pieces = answer.data.split(f"--{boundary}".encode())
    assert pieces[-1] == b"--\r\n"
    return [piece.partition(b"\r\n\r\n")[2][:-2] for piece in pieces[1:-1]]


def slices(count: int = 3, **elements: Any) -> list[Dataset]:
    """CT slices of one series, with a patient, a physician and a request."""
    series_uid = elements.pop("series_uid", generate_uid())
    request = Dataset()
    request.ScheduledProcedureStepID, request.RequestedProcedureID = "SPS7", "RP7"
    facts: dict[str, Any] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "StudyInstanceUID": generate_uid(),
        "PatientName": "Zhang^San=张^三",
        "PatientID": "P100",
        "PatientBirthDate": "19700102",
        "PatientSex": "M",
        "AccessionNumber": "A100",
        "StudyID": "S1",
        "StudyDate": "20260301",
        "StudyTime": "103000",
        "StudyDescription": "胸部CT平扫",
        "ReferringPhysicianName": "Wang^Yi=王^医",
        "SeriesNumber": 2,
        "SeriesDescription": "5mm",
        "PerformedProcedureStepStartDate": "20260301",
        "PerformedProcedureStepStartTime": "102900",
        "RequestAttributesSequence": [request],
    }
    facts |= elements
    return [
        ct_slice(phantom(number), number, series_uid, **facts) for number in range(1, count + 1)
    ]


def files_of(datasets: Sequence[Dataset]) -> list[bytes]:
    return [as_file(one) for one in datasets]


def read(data: bytes) -> pydicom.FileDataset:
    return pydicom.dcmread(io.BytesIO(data))


def path_of(dataset: Dataset) -> str:
    """The address of an object below the service's."""
    return (
        f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
        f"/instances/{dataset.SOPInstanceUID}"
    )


def client_id_of(cloud: ImageCloud, case: DicomwebCase) -> str:
    """The number of a case's client."""
    with cloud.database.session() as session:
        found = session.query(InstitutionClient).filter_by(institution_id=case.institution.id)
        return str(found.one().client_id)


def running_launch(cloud: ImageCloud, case: DicomwebCase, doctor_id: int, person_id: int) -> str:
    """A launch of a physician for a person, open now; its number."""
    now = clock.now()
    with cloud.database.session() as session:
        launch = Launch(
            client_id=client_id_of(cloud, case),
            institution_id=case.institution.id,
            account_id=doctor_id,
            physician_code="D1",
            physician_name="王医生",
            person_id=person_id,
            patient_id="",
            encounter="V1",
            visit_type=CarePurpose.OUTPATIENT,
            purpose=CarePurpose.OUTPATIENT,
            outside=False,
            frame_origin="",
            opens=Opens.LIST,
            ticket_hash=f"{doctor_id}",
            ticket_expires_at=now,
            redeemed_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(hours=1),
        )
        session.add(launch)
        session.flush()
        return launch.launch_id
