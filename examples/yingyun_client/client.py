"""The calls of a hospital's system, typed; tokens are fetched and kept while they hold."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, Literal

import requests

from examples.yingyun_client.credentials import Credential

VisitType = Literal["outpatient", "inpatient", "emergency", "other"]
SECONDS_TO_ANSWER = 10
SECONDS_BEFORE_THE_END = 30


class CloudRefusedError(Exception):
    """The cloud refused; `status` and `detail` say why (RFC 9457)."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status} {detail}".strip())
        self.status = status
        self.detail = detail


@dataclass(frozen=True)
class Patient:
    """The hospital's number of a patient, and the person's own numbers where it knows them."""

    patient_id: str
    id_number: str = ""
    person_code: str = ""


@dataclass(frozen=True)
class Physician:
    """Who looks: the hospital's code and the name that stands in the watermark."""

    code: str
    name: str


@dataclass(frozen=True)
class Visit:
    """In which visit, of which kind, for what; `outside` the hospital's network MFA is asked."""

    encounter: str
    visit_type: VisitType
    purpose: VisitType
    outside: bool = False


@dataclass(frozen=True)
class LaunchTicket:
    """The way in: open `url` in the frame within a minute."""

    launch_id: str
    ticket: str
    url: str


class YingyunClient:
    """One system of one hospital; safe to keep for as long as the program runs."""

    def __init__(self, base_url: str, credential: Credential, *, verify: bool | str = True) -> None:
        self._base_url = base_url.rstrip("/")
        self._credential = credential
        self._http = requests.Session()
        # Said at each request: the environment's bundle of authorities beats the session's.
        self._verify = verify
        self._token = ""
        self._until = 0.0

    def launch(
        self,
        patient: Patient,
        physician: Physician,
        visit: Visit,
        *,
        frame_origin: str = "",
        study_uid: str | None = None,
        opens: str = "dicom",
    ) -> LaunchTicket:
        """Ask for a launch. Raises CloudRefusedError, requests.RequestException."""
        made = self._call(
            "POST",
            "/api/v1/launches",
            {
                "patient": asdict(patient),
                "physician": asdict(physician),
                "encounter": visit.encounter,
                "visit_type": visit.visit_type,
                "purpose": visit.purpose,
                "network": "outside" if visit.outside else "inside",
                "frame_origin": frame_origin,
                "study_uid": study_uid,
                "opens": opens,
            },
        )
        return LaunchTicket(made["launch_id"], made["ticket"], made["url"])

    def end(self, launch_id: str) -> None:
        """End a launch when the physician leaves the patient. Raises CloudRefusedError."""
        self._call("DELETE", f"/api/v1/launches/{launch_id}", None)

    def studies(self, patient: Patient) -> list[dict[str, Any]]:
        """Return the studies that the hospital made of a patient, newest first."""
        found = self._call("POST", "/api/v1/studies/search", {"patient": asdict(patient)})
        studies: list[dict[str, Any]] = found["studies"]
        return studies

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        answer = self._http.request(
            method,
            f"{self._base_url}{path}",
            json=body,
            headers={"Authorization": f"Bearer {self._access_token()}"},
            timeout=SECONDS_TO_ANSWER,
            verify=self._verify,
        )
        return _read(answer)

    def _access_token(self) -> str:
        if time.monotonic() >= self._until:
            address = f"{self._base_url}/oauth/token"
            form = {"grant_type": "client_credentials"} | self._credential.form(address)
            answer = self._http.post(
                address, data=form, timeout=SECONDS_TO_ANSWER, verify=self._verify
            )
            given = _read(answer)
            self._token = given["access_token"]
            self._until = time.monotonic() + given["expires_in"] - SECONDS_BEFORE_THE_END
        return self._token


def _read(answer: requests.Response) -> dict[str, Any]:
    try:
        content = answer.json() if answer.content else {}
    except requests.JSONDecodeError:
        content = {}
    if not answer.ok:
        said = content if isinstance(content, dict) else {}
        raise CloudRefusedError(answer.status_code, str(said.get("detail", said.get("error", ""))))
    return dict(content)
