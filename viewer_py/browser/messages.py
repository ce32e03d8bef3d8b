"""Messages between the page and the worker: JSON both ways.

Page to worker: `start`, `command`, `state`, `pointer`, `wheel`, `key`, `resize`. Worker to page:
`scene`, `progress`, `renderer`, `interactive`, `series-loaded`, `notice`, `reply`, `refused`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from viewer_py.scene.model import ImageLayer, PaneScene, Scene
from viewer_py.view.commands.stack import frame_count
from viewer_py.view.commands.window import shown_window
from viewer_py.view.pointer import PointerEvent, PointerKind
from viewer_py.view.state import SeriesEntry, ViewerState
from viewer_py.view.toolbar import in_force, unfitting
from viewer_py.view.wheel import WheelEvent


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


def _number(message: Mapping[str, Any], name: str) -> float:
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise MessageError(f"{name} must be a number")
    return float(value)


def read_start(message: Mapping[str, Any]) -> Start:
    """Read `start`; raises MessageError."""
    try:
        catalogue = tuple(
            SeriesEntry(
                series_id=str(row["series_id"]),
                modality=str(row["modality"]),
                frame_count=int(row["frame_count"]),
                series_number=row.get("series_number"),
                description=str(row.get("description") or ""),
            )
            for row in message["catalogue"]
        )
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
    )


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


def scene_message(state: ViewerState, scene: Scene) -> dict[str, Any]:
    """Return what the page shows in its DOM: corners, letters, scale bar, slider, toolbar."""
    pane = scene.panes[state.active_pane]
    return {
        "type": "scene",
        "corners": asdict(pane.corners),
        "marks": asdict(pane.marks),
        "scale": _scale(pane, state.canvas.pixel_ratio),
        "series_id": state.pane().series_id,
        "frame_index": state.pane().frame_index,
        "frame_count": frame_count(state),
        "in_force": in_force(state),
        "unfitting": unfitting(state),
    }


def state_report(state: ViewerState, scene: Scene) -> dict[str, Any]:
    """Return the serialisable state that `window.yingyun.state()` answers with."""
    pane, drawn, view = state.pane(), scene.panes[state.active_pane], state.pane().viewport
    window = shown_window(state) if state.active_frame() is not None else None
    return {
        "series": [asdict(entry) for entry in state.catalogue],
        "series_id": pane.series_id,
        "frame_index": pane.frame_index,
        "frame_count": frame_count(state),
        "window": None if window is None else asdict(window),
        "preset": pane.preset,
        "zoom": view.zoom,
        "pan": [view.pan_x, view.pan_y],
        "rotation": view.rotation,
        "flip": [view.flip_horizontal, view.flip_vertical],
        "inverted": pane.inverted,
        "tool": state.tool,
        "playing": state.playing,
        "frames_per_second": state.frames_per_second,
        "canvas": asdict(state.canvas),
        "matrix": list(drawn.image.matrix) if isinstance(drawn.image, ImageLayer) else None,
        "corners": asdict(drawn.corners),
        "marks": asdict(drawn.marks),
        "scale_bar": _scale(drawn, state.canvas.pixel_ratio),
    }
