"""Messages between the page and the worker: JSON both ways.

Page to worker: `start`, `command`, `state`, `pointer`, `wheel`, `key`, `resize`. Worker to page:
`scene`, `progress`, `renderer`, `interactive`, `series-loaded`, `notice`, `reply`, `refused`,
`unshown`, `undrawable`. Of a scene the page is told what changed (viewer_py/browser/changes.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from viewer_py.browser.aids import (
    aids_hint,
    aids_message,
    aids_report,
    bar_message,
    follows_pointer,
)
from viewer_py.browser.arranging import beside_message, key_badges, pane_study, read_entry
from viewer_py.scene.facts import NO_FACTS, Facts
from viewer_py.scene.model import ImageLayer, PaneScene, Scene
from viewer_py.view.annotations.store import ANNOTATION_TOOLS
from viewer_py.view.calls import Call
from viewer_py.view.commands.stack import frame_count, frame_number
from viewer_py.view.commands.window import shown_window
from viewer_py.view.film import film_request
from viewer_py.view.gestures import PointerEvent, PointerKind
from viewer_py.view.habits import NO_HABITS, Habits, Reader, habits_of, linking_of, remembered
from viewer_py.view.layout import is_in_strip, shown_panes
from viewer_py.view.reading_modes import NO_LINKS, Linking
from viewer_py.view.state import Pane, PaneKind, SeriesEntry, ViewerState
from viewer_py.view.toolbar import in_force, unfitting
from viewer_py.view.wheel import WheelEvent

_FAR = 1e12  # no coordinate, time or size is beyond


class MessageError(ValueError):
    """A message lacks what its kind needs, or has it in another form."""


@dataclass(frozen=True)
class Start:
    """What the page tells the worker first."""

    catalogue: tuple[SeriesEntry, ...]
    series_id: str
    frame_index: int
    width: float
    height: float
    pixel_ratio: float
    touch: bool
    gigabytes: float | None
    renderer: str = "auto"
    hangs: bool = False  # by a hanging rule, on a large screen
    habits: Habits = NO_HABITS
    linking: Linking = NO_LINKS


def read_events(message: Mapping[str, Any]) -> tuple[PointerEvent, ...]:
    """Read the events of a `pointer` message; raises MessageError."""
    events = message.get("events")
    if not isinstance(events, list) or not all(isinstance(one, Mapping) for one in events):
        raise MessageError("events must be a list of objects")
    return tuple(read_pointer(one) for one in events)


def read_command(message: Mapping[str, Any]) -> Call:
    """Read a `command`; raises MessageError."""
    args = message.get("args")
    if args is not None and not isinstance(args, Mapping):
        raise MessageError("args must be an object")
    return Call(str(message.get("name")), dict(args or {}))


def _number(message: Mapping[str, Any], name: str) -> float:
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise MessageError(f"{name} must be a number")
    if not abs(value) <= _FAR:
        raise MessageError(f"{name} is out of range")
    return float(value)


def read_start(message: Mapping[str, Any]) -> Start:
    """Read `start`; raises MessageError."""
    try:
        catalogue = tuple(read_entry(row) for row in message["catalogue"])
    except (KeyError, TypeError, ValueError) as error:
        raise MessageError(f"catalogue: {error}") from error
    gigabytes = message.get("gigabytes")
    return Start(
        catalogue=catalogue,
        series_id=str(message.get("series_id", "")),
        frame_index=int(_number(message, "frame_index")),
        width=max(_number(message, "width"), 1.0),
        height=max(_number(message, "height"), 1.0),
        pixel_ratio=_number(message, "pixel_ratio"),
        touch=bool(message.get("touch")),
        gigabytes=None if gigabytes is None else _number(message, "gigabytes"),
        renderer=str(message.get("renderer", "auto")),
        hangs=message.get("hangs") is True,
        **_working(message),
    )


def _working(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the reader works: for whom the page is laid out, and what is kept for him."""
    kept = message.get("kept")
    if not isinstance(kept, Mapping):
        kept = {}
    doctor = message.get("reader") == Reader.DOCTOR
    reader = Reader.DOCTOR if doctor else Reader.PATIENT
    return {"habits": habits_of(reader, kept), "linking": linking_of(kept)}


def read_pointer(message: Mapping[str, Any]) -> PointerEvent:
    """Read one pointer event; raises MessageError."""
    try:
        kind = PointerKind(str(message.get("kind")))
    except ValueError as error:
        raise MessageError(str(error)) from error
    return PointerEvent(
        kind=kind,
        pointer_id=int(_number(message, "pointer_id")),
        x=_number(message, "x"),
        y=_number(message, "y"),
        button=int(_number(message, "button")),
        touch=bool(message.get("touch")),
        time=_number(message, "time") / 1000 if "time" in message else 0.0,
    )


def read_wheel(message: Mapping[str, Any]) -> WheelEvent:
    """Read a wheel event; raises MessageError."""
    return WheelEvent(
        x=_number(message, "x"),
        y=_number(message, "y"),
        delta=_number(message, "delta"),
        ctrl=bool(message.get("ctrl")),
    )


def _scale(pane: PaneScene, pixel_ratio: float) -> dict[str, Any] | None:
    bar = pane.scale_bar
    if bar is None:
        return None
    return {
        "length_css": bar.length_px / pixel_ratio,
        "length_mm": bar.length_mm,
        "calibration": bar.calibration,
    }


def _pane(state: ViewerState, index: int, scene: PaneScene) -> dict[str, Any]:
    ratio, area = state.canvas.pixel_ratio, scene.area
    return {
        "index": index,
        "kind": str(state.panes[index].kind),
        "area": [area.x / ratio, area.y / ratio, area.width / ratio, area.height / ratio],
        "active": index == state.active_pane,
        "small": is_in_strip(state, index),
        "corners": asdict(scene.corners),
        "marks": asdict(scene.marks),
        "scale": _scale(scene, ratio),
        "badges": [*key_badges(state, index), *scene.badges],
        "failure": scene.failure,
        "bar": bar_message(scene),
        "study": pane_study(state, index),
    }


def _lines(scene: PaneScene, ratio: float) -> list[dict[str, Any]]:
    """Return the lines over a pane, in CSS pixels of the reading area."""
    return [
        {"ends": [end / ratio for end in (one.x1, one.y1, one.x2, one.y2)], "style": one.style}
        for one in scene.lines
    ]


def hint(state: ViewerState) -> str:
    """Return the name of the words that tell a reader what to do now, or the words themselves.

    "" when there is nothing to tell.
    """
    if state.wants_fusion:
        return "fusing"
    if state.tool in ANNOTATION_TOOLS:
        from viewer_py.view.annotations.hints import hint as annotation_hint

        return annotation_hint(state)
    if state.reformat is not None and state.reformat.curve.drawing:
        return "drawing"
    return aids_hint(state)


def scene_message(state: ViewerState, scene: Scene) -> dict[str, Any]:
    """Return what the page shows in its DOM: the words of each pane, slider, toolbar."""
    shown = zip(shown_panes(state), scene.panes, strict=True)
    return {
        "type": "scene",
        "panes": [_pane(state, index, pane) for index, pane in shown],
        "mode": "mpr" if state.reformat is not None else "stack",
        "fused": state.reformat is not None and state.reformat.fusion is not None,
        "hint": hint(state),
        "tool": state.tool,
        "follows": follows_pointer(state),
        "series_id": state.pane().series_id,
        "frame_index": frame_number(state),
        "frame_count": frame_count(state),
        "kept": remembered(state.habits, state.linking),
        "in_force": in_force(state),
        "unfitting": unfitting(state),
        "film": film_request(state) if state.habits.reader is Reader.DOCTOR else {},
        **aids_message(state),
        **beside_message(state),
    }


def _reformat_report(state: ViewerState, facts: Facts) -> dict[str, Any] | None:
    reformat = state.reformat
    if reformat is None:
        return None
    geometry = state.geometry(reformat.series_id)
    return {
        "series_id": reformat.series_id,
        "volume_state": None if geometry is None else str(geometry.state),
        "cross_hair": asdict(reformat.cross_hair),
        "curve": asdict(reformat.curve),
        "rendering": None if reformat.rendering is None else asdict(reformat.rendering),
        "fusion": None if reformat.fusion is None else asdict(reformat.fusion),
        "volumes": {name: asdict(one) for name, one in facts.volumes.items()},
    }


def _pane_report(pane: Pane) -> dict[str, Any]:
    return {
        "kind": str(pane.kind),
        "series_id": pane.series_id,
        "frame_index": pane.frame_index,
        "direction": str(pane.direction) if pane.kind is PaneKind.PLANE else None,
        "slab": asdict(pane.slab) if pane.kind is PaneKind.PLANE else None,
        "zoom": pane.viewport.zoom,
        "window": None if pane.window is None else asdict(pane.window),
        "tile": asdict(pane.tile),
        "color_map": pane.color_map,
        "filter": pane.filter,
    }


def state_report(state: ViewerState, scene: Scene, facts: Facts = NO_FACTS) -> dict[str, Any]:
    """Return the serialisable state that `window.yingyun.state()` answers with.

    What is said of one pane is said of the active one; `panes` names them all, and `scene` holds
    the words of those on the screen.
    """
    pane, view = state.pane(), state.pane().viewport
    shown = shown_panes(state)
    drawn = scene.panes[shown.index(state.active_pane)]
    window = shown_window(state) if state.active_frame() is not None else None
    image = drawn.image
    return {
        "series": [asdict(entry) for entry in state.catalogue],
        "series_id": pane.series_id,
        "frame_index": frame_number(state),
        "frame_count": frame_count(state),
        "window": None if window is None else asdict(window),
        "preset": pane.preset,
        "zoom": view.zoom,
        "pan": [view.pan_x, view.pan_y],
        "rotation": view.rotation,
        "flip": [view.flip_horizontal, view.flip_vertical],
        "inverted": pane.inverted,
        "color_map": pane.color_map,
        "filter": pane.filter,
        "tool": state.tool,
        "habits": remembered(state.habits, state.linking),
        "playing": state.playing,
        "frames_per_second": state.frames_per_second,
        "canvas": asdict(state.canvas),
        "matrix": list(image.matrix) if isinstance(image, ImageLayer) else None,
        "corners": asdict(drawn.corners),
        "marks": asdict(drawn.marks),
        "scale_bar": _scale(drawn, state.canvas.pixel_ratio),
        "badges": list(drawn.badges),
        "layout": {**asdict(state.grid), "maximized": state.maximized},
        "active_pane": state.active_pane,
        "panes": [_pane_report(one) for one in state.panes],
        "scene": [
            {**_pane(state, index, one), "lines": _lines(one, state.canvas.pixel_ratio)}
            for index, one in zip(shown, scene.panes, strict=True)
        ],
        "reformat": _reformat_report(state, facts),
        **aids_report(state),
        **beside_message(state),
    }
