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
    health_code: str = ""


@dataclass(frozen=True)
class Physician:
    """Who looks: the hospital's code and the name that stands in the watermark."""

    code: str
    name: str
    licence_number: str = ""


@dataclass(frozen=True)
class Visit:
    """In which visit, of which kind, for what; `outside` the hospital's network MFA is asked."""

    encounter: str
    visit_type: VisitType
    purpose: VisitType
    outside: bool = False


@dataclass(frozen=True)
class Registration:
    """Who registers, with which identity card, for what; `visit_at` is an instant, ISO 8601."""

    patient_id: str
    name: str
    id_number: str
    encounter: str
    department: str
    visit_type: VisitType
    visit_at: str


@dataclass(frozen=True)
class Order:
    """What is about to be ordered; `modality` is DICOM's."""

    exam_item: str
    modality: str
    body_part: str = ""
    order_number: str = ""


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

    def tell_exam(self, exam: dict[str, Any]) -> dict[str, Any]:
        """Tell an examination of the RIS; again, and it replaces. Raises CloudRefusedError."""
        return self._call("POST", "/api/v1/exams", exam)

    def upload_report(self, report: dict[str, Any]) -> int:
        """Upload a reviewed report, in place of an earlier one; return its version.

        Raises CloudRefusedError.
        """
        return int(self._call("POST", "/api/v1/reports", report)["version"])

    def data_set(self, **numbers: str) -> dict[str, Any]:
        """Return the data set of a study, named by `study_uid`, `accession_number`, `cloud_index`
        or `master_index`. Raises CloudRefusedError."""
        return self._call("POST", "/api/v1/data-sets", numbers)

    def images_by_master_index(self, master_index: str) -> list[dict[str, Any]]:
        """Return the studies of the regional platform's index that may be seen, with the DICOMweb
        addresses of their images. Raises CloudRefusedError."""
        found = self._call("POST", "/api/v1/master-index/images", {"master_index": master_index})
        return list(found["studies"])

    def caching_text(self) -> dict[str, str]:
        """Return `version` and `text` of what the registration screen must show (E-20)."""
        return self._call("GET", "/api/v1/caching-consents/text", None)

    def confirm_caching(self, patient: Patient, encounter: str, version: str) -> str:
        """Record that the patient confirmed that text; returns the consent's number."""
        sent = {"patient": asdict(patient), "encounter": encounter, "version": version}
        return str(self._call("POST", "/api/v1/caching-consents", sent)["consent_id"])

    def register(self, registration: Registration) -> dict[str, Any]:
        """Tell of a registration; where the patient has confirmed, the cache is applied for."""
        facts = asdict(registration)
        number = facts.pop("id_number")
        certificate = {"certificate_type": "01", "certificate_number": number}
        return self._call("POST", "/api/v1/registrations", facts | {"certificate": certificate})

    def reception(self, patient: Patient, encounter: str) -> dict[str, Any]:
        """Return all history that is known of a patient, as rows of an index (E-28)."""
        sent = {"patient": asdict(patient), "encounter": encounter}
        return self._call("POST", "/api/v1/receptions", sent)

    def check_order(
        self, patient: Patient, physician: Physician, encounter: str, order: Order
    ) -> dict[str, Any]:
        """Return the same examinations of the past, and CDS Hooks cards of them (E-29)."""
        return self._call(
            "POST",
            "/api/v1/orders/check",
            {
                "patient": asdict(patient),
                "physician": asdict(physician),
                "encounter": encounter,
                "order": asdict(order),
            },
        )

    def recognise(self, reminder_id: str, cloud_index: str) -> None:
        """Record that an earlier examination is recognised (互认)."""
        sent = {"outcome": "accepted", "cloud_index": cloud_index}
        self._call("POST", f"/api/v1/reminders/{reminder_id}/decision", sent)

    def reexamine(self, reminder_id: str, reason: str, comment: str = "") -> None:
        """Record why there is a new examination all the same (H-14)."""
        sent = {"outcome": "reexamined", "reason": reason, "comment": comment}
        self._call("POST", f"/api/v1/reminders/{reminder_id}/decision", sent)

    def citation(self, citation_id: str) -> dict[str, Any]:
        """Return report, physician, time and patient of a citation (H-07)."""
        return self._call("GET", f"/api/v1/citations/{citation_id}", None)

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
