"""One object without whom it shows: PS3.15 Annex E, Basic Profile, with no way back.

New UIDs and numbers are random, consistent within one export, and forgotten with it.
"""

from __future__ import annotations

import secrets
import uuid
import warnings
from dataclasses import dataclass, field
from io import BytesIO

from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataelem import DataElement
from pydicom.multival import MultiValue
from pydicom.uid import UID

from server.dicom_file import file_meta
from server.research.profile import Action, Profile, basic_profile

METHOD = "DICOM PS3.15 2026c Basic Application Level Confidentiality Profile"
_DUMMIES = {
    "DA": "19000101",
    "TM": "000000",
    "DT": "19000101000000",
    "DS": "0",
    "IS": "0",
    "AS": "000Y",
    "UR": "",
}
_TEXTS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_NUMBERS = frozenset({"FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"})
_PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
# Captured screens, scanned papers, photographs and ultrasound: what was on the screen is in it.
_OFTEN_BURNT_IN = frozenset({"US", "IVUS", "SC", "OT", "ES", "XC", "GM", "OP"})
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


@dataclass
class Renaming:
    """Which random UID and number stand for which old one, as long as an export is made."""

    profile: Profile = field(default_factory=basic_profile)
    _uids: dict[str, str] = field(default_factory=dict)
    _patients: dict[str, str] = field(default_factory=dict)

    def uid(self, old: str) -> str:
        """Return what stands for a UID; standard ones, of classes and syntaxes, stay."""
        if not old or UID(old).type not in {"", None}:
            return old
        return self._uids.setdefault(old, f"2.25.{uuid.UUID(bytes=secrets.token_bytes(16)).int}")

    def patient(self, old: str) -> str:
        """Return what stands for a patient."""
        return self._patients.setdefault(old, f"R{secrets.token_hex(6).upper()}")


def may_be_burnt_in(dataset: Dataset) -> bool:
    """Whether a name may stand in the pixels: the object says so, or does not say that none does
    and is of a kind that often shows one."""
    said = str(dataset.get("BurnedInAnnotation", "") or "").upper()
    if said in {"YES", "NO"}:
        return said == "YES"
    captured = str(dataset.get("SOPClassUID", "")).startswith(_SECONDARY_CAPTURE)
    return captured or str(dataset.get("Modality", "")).upper() in _OFTEN_BURNT_IN


def deidentified(data: bytes, renaming: Renaming, *, patient: str) -> bytes:
    """Return an object (PS3.10) by the profile; pixels stay as they are, byte for byte.

    `patient` is the key under which a person's objects get the same random number. Raises what
    pydicom raises for an object that it cannot read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old values, which go anyway
        dataset = dcmread(BytesIO(data))
        syntax = UID(str(dataset.file_meta.TransferSyntaxUID))
        _clean(dataset, renaming)
        dataset.PatientID = dataset.PatientName = renaming.patient(patient)
        dataset.PatientIdentityRemoved = "YES"
        dataset.LongitudinalTemporalInformationModified = "REMOVED"
        dataset.DeidentificationMethod = METHOD
        dataset.DeidentificationMethodCodeSequence = [_method_code()]
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.file_meta = file_meta(dataset.SOPClassUID, dataset.SOPInstanceUID, syntax)
        dataset.preamble = bytes(128)
        into = BytesIO()
        dcmwrite(into, dataset, enforce_file_format=True)
    return into.getvalue()


def _method_code() -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "113100", "DCM"
    code.CodeMeaning = "Basic Application Confidentiality Profile"
    return code


def _clean(dataset: Dataset, renaming: Renaming) -> None:
    """Apply the profile to a data set and to all items in it."""
    for tag in list(dataset.keys()):
        if int(tag) in _PIXELS:
            continue
        element = dataset[tag]
        action = renaming.profile.action(element)
        if action is Action.REMOVE:
            del dataset[tag]
        elif action is Action.EMPTY:
            dataset[tag] = DataElement(tag, element.VR, [] if element.VR == "SQ" else None)
        elif action is Action.DUMMY:
            dataset[tag] = _dummy(element, renaming)
        elif action is Action.NEW_UID:
            dataset[tag] = DataElement(tag, "UI", _renamed(element, renaming))
        elif element.VR == "SQ":
            for item in element.value:
                _clean(item, renaming)


def _renamed(element: DataElement, renaming: Renaming) -> str | list[str]:
    if isinstance(element.value, MultiValue | list):
        return [renaming.uid(str(one)) for one in element.value]
    return renaming.uid(str(element.value or ""))


def _dummy(element: DataElement, renaming: Renaming) -> DataElement:
    """Return an element of the same kind that says nothing."""
    if element.VR == "UI":
        return DataElement(element.tag, "UI", _renamed(element, renaming))
    if element.VR == "SQ":
        return DataElement(element.tag, "SQ", [])
    if element.VR in _TEXTS:
        value: object = "ANONYMIZED" if element.VR != "PN" else "ANONYMIZED^"
    elif element.VR in _NUMBERS:
        value = 0
    else:
        value = _DUMMIES.get(element.VR)
    return DataElement(element.tag, element.VR, value)
