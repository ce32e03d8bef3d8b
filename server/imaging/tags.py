"""The elements of a DICOM object as a table for people (标签, C-27).

Values are decoded from the bytes as they were received, so that an element which breaks its value
representation shows what is there instead of stopping the table. Binary values are told by their
length; long texts, many numbers, deep nesting and endless objects are cut, and that is said.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pydicom
from pydicom import Dataset
from pydicom.datadict import (
    dictionary_description,
    dictionary_VR,
    keyword_for_tag,
    private_dictionary_description,
    private_dictionary_VR,
)
from pydicom.dataelem import RawDataElement
from pydicom.errors import InvalidDicomError
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.imaging.tag_masking import (
    Elements,
    Hidden,
    elements_of,
    masked_value,
    secrets_of,
    tells_who,
)
from server.imaging.tag_names import CHINESE_NAMES
from server.imaging.tag_values import BINARY, NUMBERS, TEXTS, numbers_text, text_of, uid_names
from server.imaging.vault_file import open_object
from server.model import Instance, Series

if TYPE_CHECKING:
    from server.cloud import ImageCloud

MOST_ROWS = 6000
MOST_DEPTH = 12
# Larger values stay in the store: no table shows them.
DEFERRED_BYTES = 64 * 1024
_CHARACTER_SET = 0x00080005
_PIXEL_REPRESENTATION = 0x00280103


class TagsUnreadableError(ValueError):
    """The object cannot be read as DICOM."""


@dataclass(frozen=True)
class TagRow:
    """One element. `value` is text for people, "" where there is none; `length` is bytes.

    `meaning` is the name of a registered UID. `binary` values are not shown, `masked` ones may not
    be seen by this reader, `cut` ones go on. `items` are the data sets of a sequence;
    `private_creator` names who defined a private element.
    """

    group: str
    element: str
    vr: str
    keyword: str
    name: str
    name_en: str
    value: str
    length: int | None
    meaning: str = ""
    binary: bool = False
    masked: bool = False
    cut: bool = False
    private_creator: str = ""
    items: tuple[tuple[TagRow, ...], ...] = field(default=())


@dataclass(frozen=True)
class TagTable:
    """All elements of one object; `complete` is False where a limit cut the table."""

    sop_instance_uid: str
    masked: bool
    complete: bool
    rows: tuple[TagRow, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the table as plain data for JSON."""
        return asdict(self)


def instance_tags(
    cloud: ImageCloud,
    session: Session,
    series: Series,
    sop_instance_uid: str,
    *,
    masked: bool,
    accession: bool = True,
) -> TagTable | None:
    """Return the table of one object of a series, None when the series has no such object.

    Only what the table needs is decrypted. With `masked` nothing tells who is pictured
    (`server.imaging.tag_masking`); without `accession` the accession number is not told either.
    Raises StorageError, TagsUnreadableError.
    """
    instance = session.scalar(
        select(Instance).where(
            Instance.series_id == series.series_id,
            Instance.sop_instance_uid == sop_instance_uid,
        )
    )
    if instance is None:
        return None
    source = open_object(cloud.vault, series.study.data_key, instance.object_key, instance.size)
    return read_tags(source, sop_instance_uid, masked=masked, accession=accession)


def read_tags(
    source: Any, sop_instance_uid: str = "", *, masked: bool = False, accession: bool = True
) -> TagTable:
    """Return the table of a DICOM file (PS3.10) in a seekable binary file object.

    Raises TagsUnreadableError, and what reading `source` raises.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(source, force=True, defer_size=DEFERRED_BYTES)
            hidden = Hidden(identity=masked, accession=not accession)
            return _Reader(dataset, hidden).table(sop_instance_uid)
    except (InvalidDicomError, EOFError, ValueError, TypeError, NotImplementedError) as error:
        raise TagsUnreadableError(f"not a readable DICOM object: {error}") from error


class _Reader:
    """Reads one object; counts rows against the limit."""

    def __init__(self, dataset: Dataset, hidden: Hidden) -> None:
        self._dataset = dataset
        self._hidden = hidden
        self._left = MOST_ROWS
        self._complete = True
        self._sets = _character_sets(dataset, [])
        self._secrets = secrets_of(dataset, self._sets, hidden)

    def table(self, sop_instance_uid: str) -> TagTable:
        meta = getattr(self._dataset, "file_meta", None) or Dataset()
        rows = (*self._rows(meta, [], 0), *self._rows(self._dataset, self._sets, 0))
        return TagTable(sop_instance_uid, self._hidden.identity, self._complete, rows)

    def _rows(self, dataset: Dataset, sets: list[str], depth: int) -> tuple[TagRow, ...]:
        return tuple(self._each(dataset, sets, depth))

    def _each(self, dataset: Dataset, sets: list[str], depth: int) -> Iterator[TagRow]:
        elements = elements_of(dataset)
        for tag in sorted(elements):
            if self._left <= 0:
                self._complete = False
                return
            self._left -= 1
            yield self._row(dataset, elements, int(tag), sets, depth)

    def _row(
        self, dataset: Dataset, elements: Elements, tag: int, sets: list[str], depth: int
    ) -> TagRow:
        element = elements[tag]
        creator = _creator(elements, tag, sets)
        vr = _representation(elements, tag, creator)
        hidden = not _is_creator(tag) and tells_who(tag, vr, self._hidden)
        facts: dict[str, Any] = {
            "group": f"{tag >> 16:04x}",
            "element": f"{tag & 0xFFFF:04x}",
            "vr": vr,
            "keyword": keyword_for_tag(tag),
            "private_creator": creator,
            **_names(tag, creator),
        }
        if vr == "SQ":
            return self._sequence(dataset, tag, facts, hidden, sets, depth)
        raw, length = _raw(element)
        if vr in BINARY or raw is None:
            binary = bool(length) and not hidden
            return TagRow(value="", length=length, binary=binary, masked=hidden, **facts)
        value, cut = _value(raw, vr, element, sets)
        hidden = hidden or (vr in TEXTS and self._secrets.in_text(value))
        if hidden:
            return TagRow(value=masked_value(tag, value), length=None, masked=True, **facts)
        meaning = uid_names(value) if vr == "UI" else ""
        return TagRow(value=value, length=length, meaning=meaning, cut=cut, **facts)

    def _sequence(
        self,
        dataset: Dataset,
        tag: int,
        facts: dict[str, Any],
        hidden: bool,
        sets: list[str],
        depth: int,
    ) -> TagRow:
        items = _items(dataset, tag)
        if hidden:
            return TagRow(value="", length=None, masked=True, **facts)
        if depth >= MOST_DEPTH and items:
            self._complete = False
            return TagRow(value="", length=None, cut=True, **facts)
        read = tuple(self._rows(item, _character_sets(item, sets), depth + 1) for item in items)
        return TagRow(value="", length=None, items=read, **facts)


def _items(dataset: Dataset, tag: int) -> Sequence[Dataset]:
    try:
        found = dataset[tag].value
    except Exception:
        # pydicom converts on access and raises many kinds of errors on malformed values.
        return ()
    items = found if isinstance(found, Sequence) and not isinstance(found, (str, bytes)) else ()
    return [item for item in items if isinstance(item, Dataset)]


def _raw(element: Any) -> tuple[bytes | None, int | None]:
    """Return the bytes of an element, None where they were left in the store, and their number."""
    if not isinstance(element, RawDataElement):
        encoded = _encoded(getattr(element, "value", None))
        return encoded, len(encoded)
    value = element.value
    length = None if element.length in (None, 0xFFFFFFFF) else int(element.length)
    if isinstance(value, bytes):
        return value, len(value)
    return (b"", 0) if not length else (None, length)


def _encoded(value: Any) -> bytes:
    """Return a value that pydicom has converted already as it stood, numbers as text."""
    if isinstance(value, bytes):
        return value
    if value is None:
        return b""
    parts = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    return "\\".join(str(part) for part in parts).encode()


def _value(raw: bytes, vr: str, element: Any, sets: list[str]) -> tuple[str, bool]:
    if vr in NUMBERS and isinstance(element, RawDataElement):
        return numbers_text(raw, vr, little_endian=element.is_little_endian)
    return text_of(raw, vr, sets)


def _character_sets(dataset: Dataset, inherited: list[str]) -> list[str]:
    """Return the character sets of a data set: its own, else those around it (PS3.5 7.5.3)."""
    if _CHARACTER_SET not in dataset:
        return inherited
    raw, _ = _raw(elements_of(dataset)[_CHARACTER_SET])
    text = (raw or b"").decode("ascii", "replace")
    return [part.strip(" \0") for part in text.split("\\")]


def _is_creator(tag: int) -> bool:
    return bool((tag >> 16) % 2) and 0x10 <= tag & 0xFFFF <= 0xFF


def _creator(elements: Elements, tag: int, sets: list[str]) -> str:
    """Return who reserved the block of a private element (PS3.5 7.8.1); "" for all others."""
    if not (tag >> 16) % 2 or _is_creator(tag):
        return ""
    place = tag & 0xFFFF0000 | (tag >> 8) & 0xFF
    if place not in elements:
        return ""
    raw, _ = _raw(elements[place])
    return text_of(raw or b"", "LO", sets)[0]


def _representation(elements: Elements, tag: int, creator: str) -> str:
    vr = elements[tag].VR
    if vr is None or vr == "UN":
        vr = _known_representation(tag, creator)
    if " or " not in vr:
        return str(vr)
    if "OW" in vr:
        return "OW"
    signed = elements.get(_PIXEL_REPRESENTATION)
    raw, _ = (b"", 0) if signed is None else _raw(signed)
    return "SS" if raw is not None and any(raw) else "US"


def _known_representation(tag: int, creator: str) -> str:
    if _is_creator(tag) or tag & 0xFFFF == 0:
        return "LO" if tag & 0xFFFF else "UL"
    try:
        return private_dictionary_VR(tag, creator) if creator else dictionary_VR(tag)
    except KeyError:
        return "UN"


def _names(tag: int, creator: str) -> dict[str, str]:
    """Return the Chinese name where one is in use, and the English one of the dictionary."""
    if _is_creator(tag):
        return {"name": "私有创建者", "name_en": "Private Creator"}
    try:
        english = (
            private_dictionary_description(tag, creator) if creator else dictionary_description(tag)
        )
    except KeyError:
        private = bool((tag >> 16) % 2)
        return (
            {"name": "私有元素", "name_en": "Private element"}
            if private
            else {"name": "未知元素", "name_en": "Unknown element"}
        )
    chinese = "" if creator else CHINESE_NAMES.get(keyword_for_tag(tag), "")
    return {"name": chinese or english, "name_en": english}
