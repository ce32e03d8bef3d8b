"""The words in which stored values are shown: examination types, sexes, local time."""

from __future__ import annotations

from datetime import datetime

from server.clock import CHINA

MODALITY_LABELS = {"CR": "DR", "DX": "DR", "MR": "MRI", "PT": "PET", "XA": "DSA"}
BODY_PART_LABELS = {
    "ABDOMEN": "腹部",
    "ABDOMENPELVIS": "腹盆部",
    "ANKLE": "踝关节",
    "BREAST": "乳腺",
    "CHEST": "胸部",
    "CHESTABDOMEN": "胸腹部",
    "CHESTABDPELVIS": "胸腹盆部",
    "CSPINE": "颈椎",
    "ELBOW": "肘关节",
    "FOOT": "足",
    "HAND": "手",
    "HEAD": "头部",
    "HEADNECK": "头颈部",
    "HEART": "心脏",
    "HIP": "髋关节",
    "KNEE": "膝关节",
    "LSPINE": "腰椎",
    "NECK": "颈部",
    "PELVIS": "盆腔",
    "SHOULDER": "肩关节",
    "SKULL": "颅骨",
    "TSPINE": "胸椎",
    "WHOLEBODY": "全身",
    "WRIST": "腕关节",
    "BRAIN": "头颅",
}
_SEX_LABELS = {"M": "男", "F": "女", "O": "其他"}


def china_time(instant: datetime) -> datetime:
    """Return an instant as the clocks in China show it."""
    return instant.astimezone(CHINA)


def modality_label(modality: str) -> str:
    """Return the usual short word for a DICOM modality (PS3.3 C.7.3.1.1.1): DX → DR, MR → MRI."""
    return MODALITY_LABELS.get(modality, modality)


def sex_label(sex: str | None) -> str:
    """Return the word for a DICOM sex letter; "" where it is not known."""
    return _SEX_LABELS.get(sex or "", "")


def body_part_label(body_part: str) -> str:
    """Return the Chinese word for a Body Part Examined term (PS3.16 L); others as they are."""
    return BODY_PART_LABELS.get(body_part.strip().upper(), body_part)


def modalities_labelled(label: str) -> tuple[str, ...]:
    """Return the DICOM modalities that `modality_label` gives this word: DR → CR, DR, DX."""
    known = (modality for modality, word in MODALITY_LABELS.items() if word == label)
    return (*known, label) if modality_label(label) == label else tuple(known)


def body_parts_labelled(label: str) -> tuple[str, ...]:
    """Return the terms, in capitals, that `body_part_label` gives this word; itself included."""
    known = (term for term, word in BODY_PART_LABELS.items() if word == label)
    return (*known, label.strip().upper())


def body_parts_named(part: str) -> tuple[str, ...]:
    """Return the terms, in capitals, whose Chinese word has `part` in it: 胸 → CHEST …"""
    return tuple(term for term, word in BODY_PART_LABELS.items() if part in word)
