"""Observations of health sensors and results of health AI, as they are sent and kept."""

from __future__ import annotations

import enum
from typing import Annotated

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

_LINE = r"^[^\x00-\x1f\x7f]*$"
_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
ExternalId = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=_LINE, strip_whitespace=True)
]
Word = Annotated[str, StringConstraints(max_length=100, pattern=_LINE, strip_whitespace=True)]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=_LINE, strip_whitespace=True)
]
Uid = Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9.]*$")]


class Measure(enum.StrEnum):
    """What a sensor observes."""

    HEART_RATE = "heart_rate"  # 心率
    SYSTOLIC_PRESSURE = "systolic_pressure"  # 收缩压
    DIASTOLIC_PRESSURE = "diastolic_pressure"  # 舒张压
    OXYGEN_SATURATION = "oxygen_saturation"  # 血氧饱和度
    RESPIRATORY_RATE = "respiratory_rate"  # 呼吸频率
    BODY_TEMPERATURE = "body_temperature"  # 体温
    BLOOD_GLUCOSE = "blood_glucose"  # 血糖
    BODY_WEIGHT = "body_weight"  # 体重
    STEPS = "steps"  # 步数
    SLEEP = "sleep"  # 睡眠时长


# The unit (UCUM) of each measure, and the values that are believable.
UNITS: dict[Measure, tuple[str, float, float]] = {
    Measure.HEART_RATE: ("/min", 0, 400),
    Measure.SYSTOLIC_PRESSURE: ("mm[Hg]", 0, 400),
    Measure.DIASTOLIC_PRESSURE: ("mm[Hg]", 0, 300),
    Measure.OXYGEN_SATURATION: ("%", 0, 100),
    Measure.RESPIRATORY_RATE: ("/min", 0, 150),
    Measure.BODY_TEMPERATURE: ("Cel", 20, 46),
    Measure.BLOOD_GLUCOSE: ("mmol/L", 0, 100),
    Measure.BODY_WEIGHT: ("kg", 0, 700),
    Measure.STEPS: ("1", 0, 300_000),
    Measure.SLEEP: ("h", 0, 24),
}


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SensorObservation(_Sent):
    """一次观测；单位按 UCUM，与观测项一一对应 / one observation; each measure has its UCUM unit."""

    observation_id: ExternalId = Field(description="提供方的编号，同一编号只收一次")
    measure: Measure
    value: float = Field(allow_inf_nan=False)
    unit: Word
    observed_at: AwareDatetime
    device: Word = ""

    @model_validator(mode="after")
    def _believable(self) -> SensorObservation:
        unit, least, most = UNITS[self.measure]
        if self.unit != unit:
            raise ValueError(f"{self.measure} is measured in {unit}")
        if not least <= self.value <= most:
            raise ValueError(f"{self.measure} is {least} to {most} {unit}")
        return self


class AiFinding(_Sent):
    """一项发现及其概率 / one finding, and how probable it is"""

    label: Name
    code: Word = ""
    probability: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)


class AiResult(_Sent):
    """一次分析的结果；仅供参考，不作诊断依据 / one result; for reference, not for diagnosis."""

    result_id: ExternalId = Field(description="提供方的编号，同一编号只收一次")
    study_uid: Uid = Field("", description="所分析的检查；不是对影像的分析时为空")
    model_name: Name
    model_version: Name
    registration_number: Word = Field("", description="医疗器械注册证编号")
    conclusion: Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=_TEXT)]
    findings: list[AiFinding] = Field(default_factory=list, max_length=50)
    produced_at: AwareDatetime
