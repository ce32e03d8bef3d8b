"""Who was examined where: what every file of a study says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Hospital:
    """An institution as its machines write it; `code` is the one of the insurance system."""

    code: str
    name: str
    address: str
    department: str
    manufacturer: str
    province_code: str
    province_name: str


@dataclass(frozen=True)
class Patient:
    """A person as a hospital registered them. `dicom_name` is a PN value (PS3.5 6.2.1)."""

    patient_id: str
    dicom_name: str
    sex: str
    birth_date: date
    weight: float = 68.0
    size: float = 1.70

    def age_at(self, day: date) -> int:
        """Return the age in whole years."""
        had_birthday = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - (0 if had_birthday else 1)


@dataclass(frozen=True)
class StudyHeader:
    """One examination."""

    key: str
    patient: Patient
    hospital: Hospital
    taken_at: datetime
    accession_number: str
    description: str
    referring_physician: str
    performing_physician: str
    character_set: tuple[str, ...] = ("GB18030",)
    priority: str = ""  # Requested Procedure Priority, "" where nothing is said


@dataclass(frozen=True)
class SeriesHeader:
    """One series of it."""

    key: str
    number: int
    modality: str
    description: str
    body_part: str
    protocol: str
    model: str
    station: str
    # Seconds after the study's beginning.
    begins_after: int = 120
