"""The values of single elements, read by pydicom from just their own bytes."""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Mapping
from io import BytesIO

from pydicom import Dataset
from pydicom.filereader import read_dataset

from server.ingest.elements import Element, Encoding
from server.ingest.spool import Buffer
from server.ingest.text import decode_text, person_name

_CHARACTER_SET = 0x00080005
_OTHER_PATIENT_IDS = 0x00101000
_OTHER_PATIENT_IDS_SEQUENCE = 0x00101002
_MOST_TEXT_BYTES = 64 << 10
_INTEGER = re.compile(r"[+-]?[0-9]{1,12}")
_SHORT_VRS = frozenset({b"US", b"SS"})
_LARGEST_INTEGER = 2**31 - 1


class Fields:
    """Reads elements of a walked data set; a value that cannot be read is empty, never an error."""

    def __init__(self, data: Buffer, encoding: Encoding, elements: Mapping[int, Element]) -> None:
        self._data = data
        self._encoding = encoding
        self._elements = elements
        declared = self.raw(_CHARACTER_SET).decode("ascii", "replace")
        self._character_sets = [name.strip(" \0") for name in declared.split("\\")]

    def raw(self, tag: int) -> bytes:
        """Return the bytes of a value; empty when it is absent or is a sequence."""
        element = self._elements.get(tag)
        if element is None or element.undefined_length:
            return b""
        return self._data[
            element.value_start : min(element.end, element.value_start + _MOST_TEXT_BYTES)
        ]

    def text(self, tag: int, length: int) -> str:
        """Return the text of an element, cut to the length of its column."""
        return decode_text(self.raw(tag), self._character_sets)[:length].strip()

    def person_name(self, tag: int, length: int) -> str:
        """Return a person's name as people read it."""
        groups = self.raw(tag).split(b"=")
        decoded = [decode_text(group, self._character_sets) for group in groups]
        return person_name("=".join(decoded))[:length]

    def uid(self, tag: int) -> str:
        """Return a UID without its padding; anything else in it stays, to be refused."""
        return self.raw(tag).rstrip(b"\0 ").decode("ascii", "replace").strip()

    def unsigned(self, tag: int) -> int | None:
        """Return the value of a US element; None when it is absent or something else."""
        element = self._elements.get(tag)
        if element is None or element.end - element.value_start != 2:
            return None
        if (
            not self._encoding.implicit
            and self._data[element.start + 4 : element.start + 6] not in _SHORT_VRS
        ):
            return None
        order = "<H" if self._encoding.little_endian else ">H"
        return int(struct.unpack(order, self.raw(tag))[0])

    def integer(self, tag: int) -> int | None:
        """Return the first value of an IS element; None when it is absent or no integer."""
        text = self.raw(tag).decode("ascii", "replace").split("\\")[0].strip(" \0")
        return int(text) if _INTEGER.fullmatch(text) else None

    def index_number(self, tag: int) -> int | None:
        """Return an IS value that fits a column of the database."""
        number = self.integer(tag)
        return number if number is not None and abs(number) <= _LARGEST_INTEGER else None

    def other_patient_ids(self) -> tuple[str, ...]:
        """Return every further identifier of the patient (PS3.3 C.2.3)."""
        old = decode_text(self.raw(_OTHER_PATIENT_IDS), self._character_sets)
        names = [name.strip() for name in old.split("\\")]
        sequence = self._dataset(_OTHER_PATIENT_IDS_SEQUENCE)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                items = sequence.get("OtherPatientIDsSequence") or []
                names += [str(item.get("PatientID", "")) for item in items]
            except Exception:
                # pydicom raises many kinds on damaged items; an unread identifier links nobody.
                return tuple(name for name in names if name)
        return tuple(name for name in names if name)

    def item_text(self, sequence_tag: int, keyword: str, length: int) -> str:
        """Return the text of an attribute in the first item of a sequence, cut to its column."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                items = self._dataset(sequence_tag)[sequence_tag].value
                return str(items[0].get(keyword) or "")[:length].strip()
            except Exception:
                # pydicom raises many kinds on damaged or absent items; what is unread is empty.
                return ""

    def _dataset(self, tag: int) -> Dataset:
        element = self._elements.get(tag)
        if element is None or element.end - element.start > _MOST_TEXT_BYTES:
            return Dataset()
        part = BytesIO(self._data[element.start : element.end])
        return read_dataset(part, self._encoding.implicit, self._encoding.little_endian)
