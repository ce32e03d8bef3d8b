"""By what a table of numbers is made: a unit of time, and up to two kinds of groups (D-46)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from flask import request
from flask_babel import gettext as _

from portal.admin.console import Picker
from portal.admin.words import level_word

TIMES, GROUPS = ("day", "week", "month"), ("region", "level", "institution")
T = TypeVar("T")


@dataclass(frozen=True)
class Dimensions:
    """What the address asks for; "" where it does not."""

    time: str
    group: str
    also: str

    @property
    def by(self) -> tuple[str, ...]:
        """The names of the dimensions, each once; never none."""
        asked = tuple(dict.fromkeys(one for one in (self.time, self.group, self.also) if one))
        return asked or ("institution",)


def asked_dimensions(*, time: str = "", group: str = "institution") -> Dimensions:
    """Return the dimensions of the address, or these."""
    return Dimensions(
        _one_of("time", ("", *TIMES), time),
        _one_of("group", ("", *GROUPS), group),
        _one_of("also", ("", *GROUPS), ""),
    )


def dimension_words() -> list[tuple[str, str]]:
    """Return the dimensions and what they are called."""
    return [
        ("day", _("日")),
        ("week", _("周")),
        ("month", _("月")),
        ("region", _("地区")),
        ("level", _("机构等级")),
        ("institution", _("机构")),
    ]


def pivot_filters(asked: Dimensions) -> tuple[Picker, ...]:
    """Return what a page offers to choose."""
    words = dimension_words()
    times = [("", _("不按时间")), *(one for one in words if one[0] in TIMES)]
    groups = [one for one in words if one[0] in GROUPS]
    return (
        ("time", _("时间维度"), times, asked.time),
        ("group", _("维度"), [("", _("不分组")), *groups], asked.group),
        ("also", _("再按"), [("", _("不再细分")), *groups], asked.also),
    )


def spoken(by: tuple[str, ...], groups: dict[tuple[str, ...], T]) -> dict[tuple[str, ...], T]:
    """Return groups by the words for their keys, "-" for what is not known."""
    return {
        tuple(
            (level_word(part) if name == "level" else part) or "-"
            for name, part in zip(by, key, strict=True)
        ): counts
        for key, counts in groups.items()
    }


def _one_of(name: str, allowed: tuple[str, ...], default: str) -> str:
    given = request.args.get(name, default)
    return given if given in allowed else default
