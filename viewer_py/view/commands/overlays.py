"""Overlay planes 60xx shown or not: they are drawn over the frames that have some."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Choice, Command, CommandError, Kind
from viewer_py.view.state import ViewerState

SHOWN = {"on": ("显示叠加层", "Overlays on"), "off": ("隐藏叠加层", "Overlays off")}


def _has_none(state: ViewerState) -> str:
    series = state.active_series()
    if series is None or not series.overlay_bytes:
        return "本序列没有叠加层 / this series has no overlay planes"
    return ""


def set_overlays(state: ViewerState, args: Arguments) -> ViewerState:
    """Show the overlay planes, or the bare images."""
    reason = _has_none(state)
    if reason:
        raise CommandError(reason)
    return replace(state, shows_overlays=args["shown"] == "on")


COMMANDS = (
    Command(
        name="image.overlays",
        label="叠加层",
        label_en="Overlays",
        apply=set_overlays,
        kind=Kind.RADIO,
        sheet="color",
        arguments=(Argument("shown", str, allowed=tuple(SHOWN)),),
        choices=tuple(
            Choice(chinese, english, {"shown": name}) for name, (chinese, english) in SHOWN.items()
        ),
        current=lambda state: "on" if state.shows_overlays else "off",
        unavailable=_has_none,
    ),
)
