"""The words in which stored values are shown: examination types, sexes, local time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
_MODALITY_LABELS = {"CR": "DR", "DX": "DR", "MR": "MRI", "PT": "PET", "XA": "DSA"}
_SEX_LABELS = {"M": "男", "F": "女", "O": "其他"}


def china_time(instant: datetime) -> datetime:
    """Return an instant as the clocks in China show it."""
    return instant.astimezone(CHINA)


def modality_label(modality: str) -> str:
    """Return the usual short word for a DICOM modality (PS3.3 C.7.3.1.1.1): DX → DR, MR → MRI."""
    return _MODALITY_LABELS.get(modality, modality)


def sex_label(sex: str | None) -> str:
    """Return the word for a DICOM sex letter; "" where it is not known."""
    return _SEX_LABELS.get(sex or "", "")
