"""Lookup tables of an object: Modality and VOI LUT (PS3.3 C.11.1.1.1, C.11.2.1.1)."""

from __future__ import annotations

import numpy as np
from pydicom import Dataset, Sequence

from server.imaging.attributes import numbers, sequence_item, texts, value
from viewer_py.dicom.manifest import LookupTable

MOST_ENTRIES = 1 << 16


def modality_lut(dataset: Dataset, signed: bool) -> LookupTable | None:
    """Return the Modality LUT, None when there is none or it is not whole.

    `signed`: the stored values, its inputs, are.
    """
    return _lookup_table(sequence_item(dataset, "ModalityLUTSequence", 0), signed)


def voi_luts(dataset: Dataset, signed: bool) -> tuple[LookupTable, ...]:
    """Return the whole VOI LUTs. `signed`: their inputs, the modality values, may be below 0."""
    items = value(dataset, "VOILUTSequence")
    found = items if isinstance(items, Sequence) else ()
    tables = (_lookup_table(item, signed) for item in found)
    return tuple(table for table in tables if table is not None)


def _lookup_table(item: Dataset | None, signed: bool) -> LookupTable | None:
    if item is None:
        return None
    descriptor = numbers(item, "LUTDescriptor")
    if len(descriptor) != 3:
        return None
    count, first, bits = (int(entry) for entry in descriptor)
    count = count % MOST_ENTRIES or MOST_ENTRIES
    if signed and first >= 1 << 15:
        first -= 1 << 16  # written as US: only the sign of its inputs tells
    data = _entries(item, count)
    if len(data) < count or not 1 <= bits <= 16:
        return None
    return LookupTable(first, bits, data[:count], " ".join(texts(item, "LUTExplanation", item)))


def _entries(item: Dataset, count: int) -> tuple[int, ...]:
    raw = value(item, "LUTData")
    if isinstance(raw, bytes):
        if len(raw) < 2 * count:
            return tuple(raw)  # eight bits an entry
        order = ">" if item.original_encoding[1] is False else "<"
        return tuple(np.frombuffer(raw, f"{order}u2", count).tolist())
    return tuple(int(entry) & 0xFFFF for entry in numbers(item, "LUTData"))
