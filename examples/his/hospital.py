"""What the sample HIS knows: its connection to the cloud, one physician, the visits of a day."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from examples.yingyun_client import ClientSecret, Patient, Physician, Visit, YingyunClient

VISIT_TYPES = {"outpatient": "门诊", "inpatient": "住院", "emergency": "急诊", "other": "其他"}


@dataclass(frozen=True)
class RegisteredVisit:
    """One line of the registration list."""

    number: str
    visit_type: str
    department: str
    complaint: str
    name: str
    sex: str
    birth_date: str
    patient_id: str
    id_number: str

    @property
    def kind(self) -> str:
        """The kind of visit in words."""
        return VISIT_TYPES[self.visit_type]

    @property
    def patient(self) -> Patient:
        """The patient as the cloud is told of him."""
        return Patient(self.patient_id, self.id_number)

    def visit(self, *, outside: bool) -> Visit:
        """Return the visit as the cloud is told of it."""
        return Visit(self.number, self.visit_type, self.visit_type, outside)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Hospital:
    """All that the sample HIS works with."""

    name: str
    cloud_url: str
    client: YingyunClient
    physician: Physician
    visits: tuple[RegisteredVisit, ...]

    def visit(self, number: str) -> RegisteredVisit | None:
        """Return a visit by its number."""
        return next((one for one in self.visits if one.number == number), None)


def load_hospital(file: Path, *, verify: bool | str = True) -> Hospital:
    """Read a hospital from JSON, as `yingyun demo` writes it. Raises OSError, KeyError."""
    facts = json.loads(file.read_text(encoding="utf-8"))
    credential = ClientSecret(facts["client_id"], facts["client_secret"])
    return Hospital(
        name=facts["hospital"],
        cloud_url=facts["cloud_url"],
        client=YingyunClient(facts["cloud_url"], credential, verify=verify),
        physician=Physician(**facts["physician"]),
        visits=tuple(RegisteredVisit(**one) for one in facts["visits"]),
    )
