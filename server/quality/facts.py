"""What rules look at, and what they find: plain data, read-only.

Nothing here holds a name or number of a patient: identifiers are compared by digest only.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import date


class Severity(enum.StrEnum):
    """What a finding leads to."""

    NOTE = "note"
    REVIEW = "review"  # a person has to look
    FAIL = "fail"  # the institution has to supplement or send again


class Source(enum.StrEnum):
    """Where the value of a dimension is from."""

    COMPUTED = "computed"
    HEADER = "header"  # stated in the DICOM header, not checked against the picture
    MANUAL = "manual"
    SCORER = "scorer"  # a plug-in, see server.quality.scorers
    NOT_JUDGED = "not_judged"


class Verdict(enum.StrEnum):
    """How a dimension was found; "" where it was not judged."""

    GOOD = "good"
    DEFECT = "defect"
    NONE = ""


@dataclass(frozen=True)
class Finding:
    """What a rule found: `rule` is its name, `evidence` is "中文 / English" and names no person."""

    rule: str
    requirement: str
    severity: Severity
    evidence: str


@dataclass(frozen=True)
class Figure:
    """One measured figure of a series (I-10); `unit` as in UCUM, "1" without dimension."""

    series: str
    name: str
    value: float
    unit: str


@dataclass(frozen=True)
class Dimension:
    """One of the eight dimensions of I-08; `value` is "中文 / English" or a plain number."""

    name: str
    value: str
    source: Source
    verdict: Verdict = Verdict.NONE


@dataclass(frozen=True)
class FrameFacts:
    """The pixels of one frame.

    `dominating` is the share (0 … 1) of the most frequent stored value, `distinct` the number of
    different stored values. `inner_spread` is the spread (10th to 90th percentile) of the smoothed
    modality values well inside the body, as a share of its height above the surroundings; None
    where nothing stands out.
    """

    minimum: float
    maximum: float
    dominating: float
    distinct: int
    inner_spread: float | None = None


@dataclass(frozen=True)
class ObjectFacts:
    """The header of one object; `patient` is a digest of the Patient ID, "" where there is none."""

    sop_instance_uid: str
    series: str
    modality: str
    instance_number: int | None = None
    study_uid: str = ""
    patient: str = ""
    institution: str = ""
    study_date: str = ""
    sex: str = ""
    age_years: float | None = None
    birth_date: date | None = None
    body_part: str = ""
    words: str = ""  # descriptions, protocol, comments: to be searched, never shown
    missing: tuple[str, ...] = ()
    required: int = 0
    altered: bool = False


@dataclass(frozen=True)
class SeriesFacts:
    """One series: frames looked at, figures, and what its geometry says is missing."""

    label: str
    modality: str
    body_part: str = ""
    frames: tuple[FrameFacts, ...] = ()
    figures: tuple[Figure, ...] = ()
    missing_slices: int = 0
    unshown: int = 0
    positions: tuple[str, ...] = ()  # Patient Position, View Position
    extent_mm: tuple[float, float, float] | None = None

    def figure(self, name: str) -> float | None:
        """Return a figure by its name, None where it was not measured."""
        return next((one.value for one in self.figures if one.name == name), None)


@dataclass(frozen=True)
class Registration:
    """What the centre knows of the insured person; None where nobody is known."""

    sex: str = ""
    birth_date: date | None = None


@dataclass(frozen=True)
class StudyFacts:
    """Everything a judgement looks at."""

    modality: str
    study_date: date
    objects: tuple[ObjectFacts, ...] = ()
    series: tuple[SeriesFacts, ...] = ()
    registration: Registration = field(default_factory=Registration)
    report_words: str = ""
    settled_words: str = ""  # items of the settlement, the hospital's and the insurance's
    # Objects whose pixels are those of an earlier object of somebody else.
    repeated: int = 0
