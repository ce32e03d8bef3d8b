"""Objects' data sets as DICOM JSON, bulk data replaced by addresses (PS3.18 10.4.1.1.2, F)."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pydicom import DataElement, Dataset

from server.dicomweb.objects import StoredObject
from server.dicomweb.opening import PIXEL_DATA, PIXEL_TAGS, OpenObject, open_header
from server.dicomweb.readers import NotFoundError

if TYPE_CHECKING:
    from server.cloud import ImageCloud

BULK_BYTES = 1024  # binary values above this are bulk data, named by an address
_WORDS = {PIXEL_DATA: "OW", 0x7FE00008: "OF", 0x7FE00009: "OD"}
_BITS_OF_A_BYTE = 8
Json = dict[str, Any]


def json_array(rows: Iterable[Json]) -> Iterator[bytes]:
    """Yield a JSON array, each element as soon as it is there."""
    separator = b"["
    for row in rows:
        yield separator + json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()
        separator = b",\n"
    yield b"[]" if separator == b"[" else b"]"


def metadata(cloud: ImageCloud, objects: Iterable[StoredObject], base_url: str) -> Iterator[Json]:
    """Yield the data set of each object, its pixels as an address. Raises StorageError."""
    for stored in objects:
        with stored.open(cloud) as file:
            opened = open_header(file)
        yield _with_pixels(opened, f"{base_url}/{stored.path}/bulkdata")


def bulk_data(cloud: ImageCloud, stored: StoredObject, path: str) -> bytes:
    """Return the value at a path of an object, as it is stored.

    A path is made of tags and places in sequences, from 0: `00282112/0/00420011`. Raises
    NotFoundError, StorageError.
    """
    with stored.open(cloud) as file:
        opened = open_header(file)
        place = opened.pixels
        if place is not None and path.upper() == f"{place.tag:08X}" and place.length is not None:
            return place.read(0, place.length)
    steps = path.upper().split("/")
    found: Dataset | None = opened.header
    while found is not None and len(steps) > 2:
        found, steps = _item(found, steps[0], steps[1]), steps[2:]
    element = _element(found, steps[0]) if found is not None and len(steps) == 1 else None
    if element is None or not isinstance(element.value, bytes):
        raise NotFoundError("没有该数据 / no such bulk data")
    return element.value


def simple_json(dataset: Dataset, bulk_url: str = "") -> Json:
    """Return a data set as JSON; long binary values become addresses below `bulk_url`.

    An element that cannot be written is left out.
    """
    written: Json = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for tag in dataset.keys():  # noqa: SIM118 - a data set's own iteration parses the values
            try:
                written[f"{int(tag):08X}"] = _value(dataset[tag], f"{bulk_url}/{int(tag):08X}")
            except Exception:  # noqa: S112
                # pydicom raises many kinds on malformed values; and its words may hold them.
                continue
    return written


def _with_pixels(opened: OpenObject, bulk_url: str) -> Json:
    written = simple_json(opened.header, bulk_url)
    place = opened.pixels
    if place is not None:
        short = int(opened.header.get("BitsAllocated") or 16) <= _BITS_OF_A_BYTE
        vr = "OB" if place.length is None or short else _WORDS[place.tag]
        tag = f"{place.tag:08X}"
        written[tag] = {"vr": vr, "BulkDataURI": f"{bulk_url}/{tag}"}
    return written


def _value(element: DataElement, bulk_url: str) -> Json:
    if element.VR == "SQ":
        items = [
            simple_json(item, f"{bulk_url}/{place}") for place, item in enumerate(element.value)
        ]
        return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
    if isinstance(element.value, bytes) and len(element.value) > BULK_BYTES:
        return {"vr": element.VR, "BulkDataURI": bulk_url}
    made = element.to_json_dict(None, BULK_BYTES)
    if "Value" in made:
        made["Value"] = [_finite(one) for one in made["Value"]]
    return made


def _finite(value: Any) -> Any:
    """Write what is no number as a word, for JSON has no such numbers (PS3.18 F.2.3.1)."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("inf" if value > 0 else "-inf")


def _element(dataset: Dataset, tag: str) -> DataElement | None:
    try:
        number = int(tag, 16)
        return dataset[number] if number not in PIXEL_TAGS and number in dataset else None
    except (ValueError, OverflowError, KeyError):
        return None


def _item(dataset: Dataset, tag: str, place: str) -> Dataset | None:
    element = _element(dataset, tag)
    if element is None or element.VR != "SQ" or not place.isdecimal():
        return None
    items = element.value
    return items[int(place)] if len(place) < 7 and int(place) < len(items) else None
