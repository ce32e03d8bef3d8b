"""What hospitals' systems send and get, as pydantic models: they check, and they are documented."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from portal.api.image_display import InvokeImageDisplay
from server.launches import Opens, PatientNumbers
from server.model import CarePurpose

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Number = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=_PRINTABLE, strip_whitespace=True)
]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=_PRINTABLE, strip_whitespace=True)
]
Address = Annotated[str, StringConstraints(max_length=200, pattern=_PRINTABLE)]
Uid = Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9.]+$")]

HealthCode = Annotated[
    str, StringConstraints(max_length=512, pattern=_PRINTABLE, strip_whitespace=True)
]
Licence = Annotated[str, StringConstraints(pattern=r"^([0-9]{15})?$")]


class Strict(BaseModel):
    """不接受未定义的字段 / takes no field that is not defined."""

    model_config = ConfigDict(extra="forbid")


class Patient(Strict):
    """医院的患者编号，以及已知的身份证号、个人编码 / the hospital's number, and the person's."""

    patient_id: Number
    id_number: Annotated[str, StringConstraints(pattern=r"^([0-9]{17}[0-9Xx])?$")] = ""
    person_code: Annotated[str, StringConstraints(pattern=r"^([0-9]{26})?$")] = ""
    health_code: HealthCode = Field("", description="电子健康码 / as a scanner read it (H-04)")

    def numbers(self) -> PatientNumbers:
        """Return the numbers in our own words."""
        return PatientNumbers(self.patient_id, self.id_number, self.person_code, self.health_code)


class Physician(Strict):
    """医师在本院的工号和姓名 / the physician's code at the hospital, and his name."""

    code: Number
    name: Name
    licence_number: Licence = Field("", description="医师执业证书编码 / 15 digits (H-04)")


class LaunchBody(Strict):
    """谁、为哪位患者、在哪次就诊、从哪个页面打开 / who, whom, which visit, from which page."""

    patient: Patient
    physician: Physician
    encounter: Number
    visit_type: CarePurpose
    purpose: CarePurpose
    network: Literal["inside", "outside"] = Field(description="outside 需要第二因素 / needs MFA")
    frame_origin: Address = Field("", description="嵌入页面的来源；空为独立窗口 / '' for a window")
    study_uid: Uid | None = None
    accession_number: Number | None = None
    opens: Opens = Opens.DICOM
    invoke_image_display: InvokeImageDisplay | None = None


class LaunchMade(BaseModel):
    """一次性入口，60 秒内有效 / the way in: once, within a minute."""

    launch_id: str
    ticket: str
    url: str
    expires_in: int


class StudiesBody(Strict):
    """要查询的患者 / whose studies."""

    patient: Patient


class IndexedStudy(BaseModel):
    """本院的一次检查 / one study that the hospital made."""

    study_uid: str
    accession_number: str
    cloud_index: str
    modality: str
    body_part: str
    description: str
    study_datetime: datetime
    image_count: int
    ready: bool


class Studies(BaseModel):
    """按时间倒序 / newest first."""

    studies: list[IndexedStudy]


class Problem(BaseModel):
    """RFC 9457。"""

    type: str
    title: str
    status: int
    detail: str = ""
    instance: str = ""
