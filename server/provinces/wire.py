"""What centres and the index module write to each other, checked on arrival (docs/provinces.md).

All instants are aware, ISO 8601; certificate types are those of the national insurance platform.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

RESIDENT_ID = "01"  # 居民身份证 (证件类型)
MOST_ENTRIES = 50
MOST_OBJECTS = 100_000

Word = Annotated[str, StringConstraints(max_length=64)]
Line = Annotated[str, StringConstraints(max_length=200)]
Text = Annotated[str, StringConstraints(max_length=20_000)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
CloudIndex = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ProvinceCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
UnitCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{18}$")]


class WireError(ValueError):
    """What arrived is not what was agreed; the message names fields, never their values."""


class Message(BaseModel):
    """The base of all: nothing unknown, nothing changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Certificate(Message):
    """By which a person is known everywhere: certificate type and number."""

    certificate_type: Annotated[str, StringConstraints(max_length=10)]
    certificate_number: Annotated[str, StringConstraints(max_length=40)]


class StudyRecord(Message):
    """The record of one study in the index (D-10): its eleven fields, then who holds it."""

    certificate_type: Annotated[str, StringConstraints(max_length=10)]
    certificate_number: Annotated[str, StringConstraints(max_length=40)]
    exam_datetime: AwareDatetime
    device: Line
    body_part: Word
    storage_unit: UnitCode
    hospital_level: Annotated[str, StringConstraints(max_length=20)]
    exam_item: Line
    image_description: Text
    diagnosis: Text
    settlement_id: Word

    cloud_index: CloudIndex
    modality: Annotated[str, StringConstraints(max_length=16)]
    institution_name: Line
    province_code: ProvinceCode
    province_name: Annotated[str, StringConstraints(max_length=50)]


class FoundStudy(Message):
    """A study that somebody holds: enough for a line of a list, nothing of its findings."""

    centre: Annotated[str, StringConstraints(max_length=60)]
    cloud_index: CloudIndex
    exam_datetime: AwareDatetime
    body_part: Word
    exam_item: Line
    modality: Annotated[str, StringConstraints(max_length=16)]
    institution_code: UnitCode
    institution_name: Line
    province_code: ProvinceCode
    province_name: Annotated[str, StringConstraints(max_length=50)]


class FoundStudies(Message):
    """The answer to a question for a person."""

    studies: list[FoundStudy]


class Entry(Message):
    """One entry of a centre's outbox."""

    entry_id: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    kind: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    about: Word
    created_at: AwareDatetime
    content: dict[str, Any]


class Entries(Message):
    """Some entries; they are judged one by one."""

    entries: Annotated[list[Entry], Field(max_length=MOST_ENTRIES)]


class Verdicts(Message):
    """Per entry_id: "" when it was accepted, else one word why it never will be."""

    verdicts: dict[str, str]


class CacheQuestion(Message):
    """A centre asks for a study of a person who consented there."""

    certificate_type: Annotated[str, StringConstraints(max_length=10)]
    certificate_number: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    cloud_index: CloudIndex
    consent_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    consented_at: AwareDatetime


class ListedObject(Message):
    """One stored object, as it is and as it will arrive."""

    sop_instance_uid: Word
    size: Annotated[int, Field(ge=0)]
    sha256: Sha256


class ListedReport(Message):
    """The report that is served (A-19)."""

    version: int
    exam_item: Line
    exam_overview: Text
    findings: Text
    impression: Text
    requested_at: AwareDatetime | None
    reported_at: AwareDatetime | None
    reporting_physician: Annotated[str, StringConstraints(max_length=100)]
    reporting_physician_code: Annotated[str, StringConstraints(max_length=40)]
    reviewing_physician: Annotated[str, StringConstraints(max_length=100)]


class CacheListing(Message):
    """What may be fetched: the objects in the order in which they are sent, and the report."""

    release_id: Annotated[str, StringConstraints(max_length=32)]
    study_uid: Word
    institution_code: UnitCode
    institution_name: Line
    province_code: ProvinceCode
    province_name: Annotated[str, StringConstraints(max_length=50)]
    digital_film: bool
    objects: Annotated[list[ListedObject], Field(max_length=MOST_OBJECTS)]
    report: ListedReport | None


M = TypeVar("M", bound=Message)


def read_message(kind: type[M], content: object) -> M:
    """Return a message as its kind. Raises WireError naming the fields that are not as agreed."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        fields = sorted({".".join(str(part) for part in one["loc"]) for one in error.errors()})
        raise WireError(f"{kind.__name__}: {', '.join(fields[:5])}") from None
