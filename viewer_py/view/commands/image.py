"""How values become greys and colours: invert (B-27), pseudo-colour (B-35), filters (C-36)."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.pixels.voi import is_color
from viewer_py.view.command import Argument, Arguments, Choice, Command, CommandError, Kind
from viewer_py.view.look import with_look
from viewer_py.view.state import PaneKind, ViewerState


def invert(state: ViewerState, _args: Arguments) -> ViewerState:
    """Reverse light and dark."""
    return with_look(state, inverted=not state.pane().inverted)


def toggle_bar(state: ViewerState, _args: Arguments) -> ViewerState:
    """Show the bar of greys and their values beside the picture, or only that of colours."""
    return replace(state, shows_bar=not state.shows_bar)


def _only_grey(state: ViewerState) -> str:
    frame = state.active_frame()
    if frame is not None and is_color(frame):
        return "影像本身是彩色的 / the image has colours of its own"
    if state.pane().kind is PaneKind.RENDERING:
        return "三维图像的颜色由方案决定 / a rendering takes its colours from its preset"
    return ""


def set_color_map(state: ViewerState, args: Arguments) -> ViewerState:
    """Show greys in the colours of a map, "" in grey (B-35)."""
    reason = _only_grey(state)
    if reason:
        raise CommandError(reason)
    return with_look(state, color_map=str(args["name"]))


def set_filter(state: ViewerState, args: Arguments) -> ViewerState:
    """Smooth, sharpen or bring out edges, "" shows the values as they are (C-36)."""
    reason = _only_grey(state)
    if reason:
        raise CommandError(reason)
    return with_look(state, filter=str(args["name"]))


# The maps of viewer_py.pixels.color_maps and the filters of viewer_py.pixels.filters, whose tables
# are not made before the first picture; "" is none.
COLOR_MAPS = {
    "": ("灰阶", "Grey"),
    "hot_iron": ("热铁", "Hot iron"),
    "pet": ("PET", "PET"),
    "hot_metal_blue": ("蓝热", "Hot metal blue"),
    "pet_20_step": ("PET 20 阶", "PET 20 step"),
    "rainbow": ("彩虹", "Rainbow"),
    "cubehelix": ("匀亮彩", "Cubehelix"),
}
FILTERS = {
    "": ("原始", "None"),
    "smooth": ("平滑", "Smooth"),
    "sharpen": ("锐化", "Sharpen"),
    "edge_enhance": ("边缘增强", "Edges"),
    "median": ("中值去噪", "Median"),
}

COMMANDS = (
    Command(
        name="image.invert",
        label="反像",
        label_en="Invert",
        apply=invert,
        kind=Kind.TOGGLE,
        group="image",
        icon="circle-half-2",
        key="i",
        current=lambda state: state.pane().inverted,
    ),
    Command(
        name="image.color_map",
        label="伪彩",
        label_en="Colours",
        apply=set_color_map,
        kind=Kind.RADIO,
        sheet="color",
        arguments=(Argument("name", str, allowed=tuple(COLOR_MAPS)),),
        choices=tuple(
            Choice(chinese, english, {"name": name})
            for name, (chinese, english) in COLOR_MAPS.items()
        ),
        current=lambda state: state.pane().color_map,
        unavailable=_only_grey,
    ),
    Command(
        name="image.bar",
        label="灰阶标尺",
        label_en="Grey bar",
        apply=toggle_bar,
        kind=Kind.TOGGLE,
        sheet="color",
        current=lambda state: state.shows_bar,
        unavailable=_only_grey,
    ),
    Command(
        name="image.filter",
        label="滤波",
        label_en="Filter",
        apply=set_filter,
        kind=Kind.RADIO,
        sheet="color",
        arguments=(Argument("name", str, allowed=tuple(FILTERS)),),
        choices=tuple(
            Choice(chinese, english, {"name": name}) for name, (chinese, english) in FILTERS.items()
        ),
        current=lambda state: state.pane().filter,
        unavailable=_only_grey,
    ),
)
