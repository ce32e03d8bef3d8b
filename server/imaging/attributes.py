"""Values of one frame of a DICOM object, wherever the object keeps them.

A single-frame object keeps them at its top; an enhanced multi-frame object keeps them in functional
groups, one item a frame or one shared by all (PS3.3 C.7.6.16). A value that cannot be read counts
as absent: a viewer must open what a device wrote badly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydicom import Dataset
from pydicom.datadict import tag_for_keyword

from server.ingest.text import decode_text

LEAST_NUMBER, LARGEST_NUMBER = 1e-30, 1e30


class FrameValues:
    """Looks up attributes of frame `index` (from 0) of an object."""

    def __init__(self, dataset: Dataset, index: int) -> None:
        self.dataset = dataset
        self.index = index
        self._groups = [
            item
            for keyword, place in (
                ("PerFrameFunctionalGroupsSequence", index),
                ("SharedFunctionalGroupsSequence", 0),
            )
            if (item := sequence_item(dataset, keyword, place)) is not None
        ]

    def holder(self, keyword: str, group: str = "") -> Dataset:
        """Return the data set that holds `keyword`: an item of `group`, else the object itself."""
        for functional_groups in self._groups if group else ():
            item = sequence_item(functional_groups, group, 0)
            if item is not None and keyword in item:
                return item
        return self.dataset

    def numbers(self, keyword: str, group: str = "") -> tuple[float, ...]:
        """Return the finite numbers of an attribute; none when one of them is no number."""
        return numbers(self.holder(keyword, group), keyword)

    def number(self, keyword: str, group: str = "") -> float | None:
        """Return the first number of an attribute."""
        return number(self.holder(keyword, group), keyword)

    def integer(self, keyword: str, group: str = "") -> int | None:
        """Return the first number of an attribute when it is whole."""
        value = self.number(keyword, group)
        return int(value) if value is not None and value == int(value) else None

    def texts(self, keyword: str, group: str = "") -> tuple[str, ...]:
        """Return the texts of an attribute."""
        return texts(self.holder(keyword, group), keyword, self.dataset)

    def text(self, keyword: str, group: str = "") -> str:
        """Return the first text of an attribute; empty when absent."""
        return text(self.holder(keyword, group), keyword, self.dataset)


def value(dataset: Dataset, keyword: str) -> Any:
    """Return the value of an attribute, None when it is absent, empty or unreadable."""
    try:
        found = dataset.get(keyword)
    except Exception:
        # pydicom converts on access and raises many kinds of errors on malformed values.
        return None
    return None if found == "" else found


def sequence_item(dataset: Dataset, keyword: str, index: int) -> Dataset | None:
    """Return one item of a sequence, None when there is none."""
    items = value(dataset, keyword)
    try:
        item = items[index] if items is not None and index < len(items) else None
    except (TypeError, KeyError):
        return None
    return item if isinstance(item, Dataset) else None  # a "sequence" of numbers has no items


def numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """Return the numbers of an attribute; none when one of them is no number or beyond belief.

    What is neither 0 nor between LEAST_NUMBER and LARGEST_NUMBER in size was never measured, and
    would overflow in the arithmetic that follows.
    """
    try:
        found = tuple(float(item) for item in _items(value(dataset, keyword)))
    except (TypeError, ValueError, OverflowError):
        return ()
    return found if all(map(_believable, found)) else ()


def _believable(number: float) -> bool:
    return number == 0.0 or LEAST_NUMBER <= abs(number) <= LARGEST_NUMBER


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first number of an attribute."""
    return next(iter(numbers(dataset, keyword)), None)


def text(dataset: Dataset, keyword: str, root: Dataset) -> str:
    """Return the first text of an attribute; empty when absent."""
    return next(iter(texts(dataset, keyword, root)), "")


def texts(dataset: Dataset, keyword: str, root: Dataset) -> tuple[str, ...]:
    """Return the texts of an attribute, in the character set of `root` or what the bytes say."""
    raw = _raw_bytes(dataset, keyword)
    if raw is not None and not raw.isascii():
        declared = [str(item) for item in _items(value(root, "SpecificCharacterSet"))]
        return tuple(part.strip() for part in decode_text(raw, declared).split("\\"))
    found = _items(value(dataset, keyword))
    return tuple(str(item).strip() for item in found if not isinstance(item, Dataset))


def _raw_bytes(dataset: Dataset, keyword: str) -> bytes | None:
    tag = tag_for_keyword(keyword)
    element = dataset.get_item(tag) if tag is not None and tag in dataset else None
    raw = getattr(element, "value", None)
    return raw if isinstance(raw, bytes) else None


def _items(found: Any) -> Iterable[Any]:
    if found is None:
        return ()
    if isinstance(found, Sequence) and not isinstance(found, (str, bytes)):
        return found
    return (found,)
