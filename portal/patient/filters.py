"""What narrows the time line, between the address, the form and `server.timeline_filter`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext as _

from portal.typed import day_of, number_of
from server.timeline_filter import TimelineChoices, TimelineFilter, TimelineShow

ADDRESS = "/studies"
LONGEST = 64
# Names in the address, in the order in which they stand there.
FIELDS = ("show", "person", "text", "hospital", "modality", "part", "since", "until")
_NARROWING = ("text", "hospital", "modality", "part", "since", "until")


@dataclass(frozen=True)
class ActiveFilter:
    """One condition that is in force, and the address without it."""

    label: str
    value: str
    href: str


def asked() -> dict[str, str]:
    """Return what the address says, each field there, "" where it says nothing."""
    return {name: request.args.get(name, "").strip()[:LONGEST] for name in FIELDS}


def narrows(said: Mapping[str, str]) -> bool:
    """Whether more is asked than whose examinations and which view of them."""
    return any(said[name] for name in _NARROWING)


def filter_of(said: Mapping[str, str]) -> TimelineFilter:
    """Return what is asked of the server; days that do not fit narrow nothing (see `problem`)."""
    fits = not problem(said)
    return TimelineFilter(
        person_id=number_of(said["person"]),
        institution_id=number_of(said["hospital"]),
        modality=said["modality"],
        body_part=said["part"],
        since=day_of(said["since"]) if fits else None,
        until=day_of(said["until"]) if fits else None,
        text=said["text"],
        show=_show(said["show"]),
    )


def problem(said: Mapping[str, str]) -> str:
    """Return in plain words what is wrong with the days; "" where nothing is."""
    since, until = day_of(said["since"]), day_of(said["until"])
    if (said["since"] and since is None) or (said["until"] and until is None):
        return _("日期无法识别，已不按日期筛选。请按“年-月-日”填写，例如 2026-03-01。")
    if since is not None and until is not None and since > until:
        return _("开始日期晚于结束日期，已不按日期筛选。请更正日期。")
    return ""


def address(said: Mapping[str, str], **changes: str | None) -> str:
    """Return the address of the time line as it is asked for, with changes; None leaves out."""
    values = {**said, **changes}
    query = urlencode({name: value for name, value in values.items() if value})
    return f"{ADDRESS}?{query}" if query else ADDRESS


def without_filters(said: Mapping[str, str]) -> str:
    """Return the address of the same person and view, nothing narrowed."""
    return address(said, **dict.fromkeys(_NARROWING, ""))


def active_filters(said: Mapping[str, str], choices: TimelineChoices) -> tuple[ActiveFilter, ...]:
    """Return the conditions in force, each with the address that lifts it."""
    hospitals = {str(number): name for number, name in choices.institutions}
    labels = {
        "text": _("搜索"),
        "hospital": _("医院"),
        "modality": _("检查类型"),
        "part": _("部位"),
        "since": _("从"),
        "until": _("到"),
    }
    return tuple(
        ActiveFilter(
            label=labels[name],
            value=hospitals.get(said[name], _("其他医院")) if name == "hospital" else said[name],
            href=address(said, **{name: ""}),
        )
        for name in _NARROWING
        if said[name]
    )


def _show(text: str) -> TimelineShow:
    return TimelineShow(text) if text in set(TimelineShow) else TimelineShow.ALL
