"""The conformance statement names what is negotiated and matched, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

from pydicom.uid import UID

from server.dicom_index import Level, matching_keys
from server.dimse import contexts

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "dicom-conformance.md"


def part() -> str:
    return DOCUMENT.read_text(encoding="utf-8").split("\n## DIMSE", 1)[1]


def test_storage_classes_and_transfer_syntaxes() -> None:
    (listed,) = re.findall(r"^\*\*Storage\*\*: (.*)\.$", part(), re.M)
    names = [one.name.replace(" Storage", "") for one in contexts.image_classes()]
    assert listed.split(" · ") == names
    (listed,) = re.findall(r"in the centre's order of choice: (.*?)\. ", part())
    assert listed.split(" · ") == [UID(one).name for one in contexts.TRANSFER_SYNTAXES]


def test_keys_of_each_level() -> None:
    for name, level in (
        ("STUDY", Level.STUDY),
        ("SERIES", Level.SERIES),
        ("IMAGE", Level.INSTANCE),
    ):
        (listed,) = re.findall(rf"^\| {name} \| (.*) \|$", part(), re.M)
        keys = sorted(keyword for keyword in matching_keys(level) if "." not in keyword)
        assert listed.split(", ") == keys
