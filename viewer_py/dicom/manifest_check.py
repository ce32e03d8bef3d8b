"""Whether a manifest is what `manifest.to_json` writes, before anything is believed of it.

The types are those of the dataclasses, read once; a damaged manifest is refused as a whole, so that
nothing behind it meets a word where a number belongs, or a number that is none.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any

from viewer_py.dicom.attributes import FrameAttributes

MOST_FRAMES = 100_000
LARGEST_SIDE = 65535  # Rows and Columns are US (PS3.3 C.7.6.3)
LARGEST_NUMBER = 1e39  # float32 and a little; products of some of them stay finite
_WHOLE = {int}
_NUMBERS = {int, float}


class UnfitError(ValueError):
    """A part of the manifest is of another form; the message names it."""


def check_record(kind: type, raw: Any, extra: frozenset[str] = frozenset()) -> None:
    """Raise UnfitError unless `raw` is a mapping of fields of the dataclass `kind` to such values.

    Fields may be left out where they have defaults; `extra` are fields looked at elsewhere.
    """
    if not isinstance(raw, Mapping):
        raise UnfitError(f"{kind.__name__} is no object")
    hints = _hints(kind)
    for name, value in raw.items():
        if name not in hints or name in extra or not _fits(value, hints[name]):
            raise UnfitError(f"{kind.__name__}.{name} is not as it should be")
    missing = _required(kind) - set(raw) - extra
    if missing:
        raise UnfitError(f"{kind.__name__} lacks {min(missing)}")


def check_columns(columns: Any, count: Any) -> None:
    """Raise UnfitError unless these are the columns of `count` frames."""
    if type(count) is not int or not 0 <= count <= MOST_FRAMES or not isinstance(columns, Mapping):
        raise UnfitError("no number of frames, or no columns")
    hints = _hints(FrameAttributes)
    for name, packed in columns.items():
        for value in _values(name, packed, count):
            if name not in hints or not _fits(value, hints[name]):
                raise UnfitError(f"FrameAttributes.{name} is not as it should be")
            if name in ("rows", "columns") and not 0 < value <= LARGEST_SIDE:
                raise UnfitError(f"{value} {name}")
    missing = _required(FrameAttributes) - set(columns) if count else ()
    if missing:
        raise UnfitError(f"FrameAttributes lacks {min(missing)}")


def _values(name: str, packed: Any, count: int) -> list[Any]:
    """Return the different values of a column."""
    if isinstance(packed, Mapping):
        if "all" in packed:
            return [packed["all"]]
        each, pick, few = packed.get("each"), packed.get("pick"), packed.get("few")
        if isinstance(each, list) and len(each) == count and _is_beginning(packed, each):
            return each
        if isinstance(few, list) and isinstance(pick, list) and len(pick) == count:
            places = range(len(few))
            if set(map(type, pick)) <= _WHOLE and all(place in places for place in pick):
                return few
    raise UnfitError(f"the column {name} has the wrong length or form")


def _is_beginning(packed: Mapping[str, Any], each: list[Any]) -> bool:
    """Say whether the column's common beginning, if it has one, can stand before its values."""
    start = packed.get("start", "")
    return type(start) is str and (not start or set(map(type, each)) <= {str})


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


@functools.cache
def _required(kind: type) -> frozenset[str]:
    fields = dataclasses.fields(kind)
    return frozenset(one.name for one in fields if one.default is dataclasses.MISSING)


def _fits(value: Any, hint: Any) -> bool:
    """Say whether a value read from JSON is of a type of the dataclasses."""
    if hint is float:
        return type(value) in _NUMBERS and abs(value) <= LARGEST_NUMBER
    if hint in (int, str, bool, type(None)):
        return type(value) is hint
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is types.UnionType:
        return any(_fits(value, one) for one in arguments)
    if typing.get_origin(hint) is tuple:
        return isinstance(value, list) and _fits_tuple(value, arguments)
    return _is_record(hint, value)


def _fits_tuple(values: list[Any], arguments: tuple[Any, ...]) -> bool:
    if arguments[1:] != (Ellipsis,):
        return len(values) == len(arguments) and all(map(_fits, values, arguments))
    if arguments[0] is int:  # lookup tables are long
        return set(map(type, values)) <= _WHOLE
    return all(_fits(value, arguments[0]) for value in values)


def _is_record(kind: type, value: Any) -> bool:
    try:
        check_record(kind, value)
    except UnfitError:
        return False
    return True
