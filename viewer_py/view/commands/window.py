"""Window width and level (窗宽窗位, B-25): the eight presets (B-39), the image's own windows.

The figures of the keyboard choose (C-10): 1 the default and 2…8 the presets of CT; 9 and 0, whole
range and own windows, fit every modality.
"""

from __future__ import annotations

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.pixels import presets, voi
from viewer_py.view.command import Argument, Arguments, Choice, Command, CommandError, Entry, Kind
from viewer_py.view.look import with_look
from viewer_py.view.state import ViewerState

_LIMIT = 1e6


def shown_window(state: ViewerState) -> voi.Window:
    """Return the window in force in the active pane, the frame's default when none was chosen.

    Raises CommandError while the pane is empty.
    """
    pane, frame = state.pane(), state.active_frame()
    if frame is None:
        raise CommandError("影像尚未载入 / no image is loaded yet")
    return pane.window or voi.default_window(frame)


def _shown_values(state: ViewerState) -> dict[str, float]:
    if _no_image(state):
        return {}
    window = shown_window(state)
    return {"width": round(window.width, 2), "center": round(window.center, 2)}


def _no_image(state: ViewerState) -> str:
    return "" if state.active_frame() is not None else "影像尚未载入 / no image is loaded yet"


def _with_window(state: ViewerState, center: float, width: float) -> ViewerState:
    function = shown_window(state).function
    window = voi.usable(voi.Window(center, width, function))
    return with_look(state, window=window, preset="")


def set_window(state: ViewerState, args: Arguments) -> ViewerState:
    """Set centre and width in modality values."""
    return _with_window(state, float(args["center"]), float(args["width"]))


def adjust(state: ViewerState, args: Arguments) -> ViewerState:
    """Change centre and width by an amount in modality values, as a drag does."""
    window = shown_window(state)
    return _with_window(
        state,
        window.center + float(args["delta_center"]),
        window.width + float(args["delta_width"]),
    )


def use_preset(state: ViewerState, args: Arguments) -> ViewerState:
    """Use a named window; "default" is the frame's own, the others fit CT only."""
    preset = presets.find(str(args["name"]))
    series = state.active_series()
    if preset.window is not None and (series is None or not presets.apply_to(series.modality)):
        raise CommandError("该窗位只适用于 CT / this preset is for CT only")
    return with_look(state, window=preset.window, preset=preset.name)


def use_full_range(state: ViewerState, _args: Arguments) -> ViewerState:
    """Show every value of the image between black and white."""
    return with_look(state, window=voi.full_range(_grey_frame(state)), preset="")


def use_next_own(state: ViewerState, _args: Arguments) -> ViewerState:
    """Go on to the next window that the object itself carries (PS3.3 C.11.2.1.2), round and round.

    Raises CommandError where it has fewer than two.
    """
    own = voi.file_windows(_grey_frame(state))
    if len(own) < 2:
        raise CommandError(_FEW_OWN)
    shown = shown_window(state)
    place = own.index(shown) if shown in own else -1
    return with_look(state, window=own[(place + 1) % len(own)], preset="")


def _grey_frame(state: ViewerState) -> FrameAttributes:
    reason = _no_greys(state)
    frame = state.active_frame()
    if reason or frame is None:
        raise CommandError(reason)
    return frame


def _no_greys(state: ViewerState) -> str:
    frame = state.active_frame()
    if frame is None:
        return _no_image(state)
    return "彩色影像没有灰阶 / a colour image has no greys" if voi.is_color(frame) else ""


def _no_own(state: ViewerState) -> str:
    frame = state.active_frame()
    if frame is None or voi.is_color(frame):
        return _no_greys(state)
    return "" if len(voi.file_windows(frame)) > 1 else _FEW_OWN


_FEW_OWN = "影像没有多个自带窗 / the image has no further window of its own"
_ENGLISH = {
    "default": "Default",
    "head": "Head",
    "lung": "Lung",
    "chest": "Chest",
    "heart": "Heart",
    "abdomen": "Abdomen",
    "liver": "Liver",
    "bone": "Bone",
}

COMMANDS = (
    Command(
        name="window.preset",
        label="窗位",
        label_en="Presets",
        apply=use_preset,
        kind=Kind.MENU,
        group="window",
        icon="adjustments",
        arguments=(
            Argument("name", str, allowed=tuple(preset.name for preset in presets.PRESETS)),
        ),
        choices=tuple(
            Choice(
                preset.label,
                _ENGLISH[preset.name],
                {"name": preset.name},
                key=str(number),
                modalities=() if preset.window is None else ("CT",),
            )
            for number, preset in enumerate(presets.PRESETS, start=1)
        ),
        current=lambda state: state.pane().preset,
    ),
    Command(
        name="window.full",
        label="全灰阶",
        label_en="Full range",
        apply=use_full_range,
        kind=Kind.ACTION,
        sheet="window.preset",
        key="9",
        unavailable=_no_greys,
    ),
    Command(
        name="window.own",
        label="下一自带窗",
        label_en="Next own window",
        apply=use_next_own,
        kind=Kind.ACTION,
        sheet="window.preset",
        key="0",
        unavailable=_no_own,
    ),
    Command(
        name="window.set",
        label="设置窗宽窗位",
        label_en="Set window",
        apply=set_window,
        kind=Kind.ACTION,
        sheet="window.preset",
        arguments=(
            Argument("width", float, 0.0, _LIMIT, label="窗宽 W", label_en="Width", step=0.01),
            Argument("center", float, -_LIMIT, _LIMIT, label="窗位 L", label_en="Level", step=0.01),
        ),
        entry=Entry.FIELDS,
        values=_shown_values,
        unavailable=_no_image,
    ),
    Command(
        name="window.adjust",
        label="调整窗宽窗位",
        label_en="Adjust window",
        apply=adjust,
        gesture="right-drag",
        arguments=(
            Argument("delta_center", float, -_LIMIT, _LIMIT),
            Argument("delta_width", float, -_LIMIT, _LIMIT),
        ),
    ),
)
