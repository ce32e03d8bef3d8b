"""Volume rendering (三维重建; B-47, C-32): open, turn, transfer function, cut away."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.dicom.geometry import dot
from viewer_py.dicom.manifest import Vector3
from viewer_py.view.command import Argument, Arguments, Choice, Command, CommandError, Kind
from viewer_py.view.planes import turned
from viewer_py.view.reformatting import EXTRA, opened, the_reformat, unavailable
from viewer_py.view.state import Axes, PaneKind, Rendering, ViewerState, Viewport
from viewer_py.volume.model import VolumeGeometry

# Names of viewer_py.volume.transfer; which of them a modality opens with.
PRESETS = {
    "bone": ("骨骼", "Bone"),
    "vessels": ("血管", "Vessels"),
    "skin": ("皮肤", "Skin"),
    "lung": ("肺部", "Lung"),
    "mip": ("最大密度", "MIP"),
}
_ONLY_CT = ("bone", "vessels", "skin", "lung")
_HALF = 0.5

# From the front: the patient's left on the reader's right, the head above.
_FROM_THE_FRONT: Axes = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))

# Which way each cut goes (LPS): what lies that way of the middle is taken away.
_CUTS: dict[str, Vector3] = {
    "anterior": (0.0, -1.0, 0.0),
    "posterior": (0.0, 1.0, 0.0),
    "left": (1.0, 0.0, 0.0),
    "right": (-1.0, 0.0, 0.0),
    "head": (0.0, 0.0, 1.0),
    "foot": (0.0, 0.0, -1.0),
}


def first_preset(modality: str) -> str:
    """Return the transfer function a rendering of this modality opens with."""
    return "bone" if modality == "CT" else "mip"


def opened_rendering(state: ViewerState) -> ViewerState:
    """Return the state with a rendering in the fourth pane, active; reformats are opened first."""
    state = opened(state)
    reformat = the_reformat(state)
    series = state.series_by_id(reformat.series_id)
    modality = series.modality if series is not None else ""
    rendering = reformat.rendering or Rendering(first_preset(modality), _FROM_THE_FRONT)
    extra = state.panes[EXTRA]
    if extra.kind is not PaneKind.RENDERING:
        extra = replace(extra, kind=PaneKind.RENDERING, viewport=Viewport(), window=None)
    state = state.with_pane(extra, EXTRA)
    reformat = replace(reformat, rendering=rendering)
    return replace(state, reformat=reformat, active_pane=EXTRA)


def toggle(state: ViewerState, _args: Arguments) -> ViewerState:
    """Open the rendering, or take it away."""
    if not _is_open(state):
        return opened_rendering(state)
    state = state.with_pane(replace(state.panes[EXTRA], kind=PaneKind.EMPTY), EXTRA)
    reformat = replace(the_reformat(state), rendering=None)
    active = 0 if state.active_pane == EXTRA else state.active_pane
    return replace(state, reformat=reformat, active_pane=active, maximized=False)


def _is_open(state: ViewerState) -> bool:
    return state.reformat is not None and state.panes[EXTRA].kind is PaneKind.RENDERING


def _changed(state: ViewerState, **changes: object) -> ViewerState:
    reformat = the_reformat(state)
    assert reformat.rendering is not None
    rendering = replace(reformat.rendering, **changes)  # type: ignore[arg-type]
    return replace(state, reformat=replace(reformat, rendering=rendering))


def rotate(state: ViewerState, args: Arguments) -> ViewerState:
    """Turn the volume by `right` degrees about the screen's upright and `down` about its width."""
    if not _is_open(state):
        raise CommandError("请先打开三维重建 / open the rendering first")
    rendering = the_reformat(state).rendering
    assert rendering is not None
    axes = rendering.axes
    axes = turned(axes, axes[1], float(args["right"]))
    axes = turned(axes, axes[0], -float(args["down"]))
    return _changed(state, axes=axes)


def use_preset(state: ViewerState, args: Arguments) -> ViewerState:
    """Use another transfer function; the rendering is opened when it is not."""
    name = str(args["name"])
    series = state.active_series()
    if name in _ONLY_CT and (series is None or series.modality != "CT"):
        raise CommandError("此方案只适用于 CT / this preset is for CT only")
    state = opened_rendering(state)
    # A preset stands for its own values, not for the window the last one was shifted to.
    state = state.with_pane(replace(state.panes[EXTRA], window=None), EXTRA)
    return _changed(state, preset=name)


def clip(state: ViewerState, args: Arguments) -> ViewerState:
    """Cut a side of the volume away, half of it or `share`; "none" brings all back."""
    state = opened_rendering(state)
    cut = str(args["cut"])
    if cut == "none":
        return _changed(state, cut="", clip_low=(0.0, 0.0, 0.0), clip_high=(1.0, 1.0, 1.0))
    geometry = state.geometry(the_reformat(state).series_id)
    assert geometry is not None
    low, high = _box_without(geometry, _CUTS[cut], float(args.get("share", _HALF)))
    return _changed(state, cut=cut, clip_low=low, clip_high=high)


def _box_without(geometry: VolumeGeometry, away: Vector3, share: float) -> tuple[Vector3, Vector3]:
    """Return the bounds left when `share` of the volume towards `away` is taken off."""
    sides = (geometry.column_step, geometry.row_step, geometry.normal)
    lengths = [dot(side, side) ** 0.5 for side in sides]
    along = [dot(side, away) / length for side, length in zip(sides, lengths, strict=True)]
    axis = max(range(3), key=lambda one: abs(along[one]))
    low, high = [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]
    if along[axis] > 0:
        high[axis] = 1.0 - share
    else:
        low[axis] = share
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def _of_rendering(state: ViewerState, name: str) -> str | None:
    if not _is_open(state) or state.reformat is None:
        return None
    value: str = getattr(state.reformat.rendering, name)
    return value


COMMANDS = (
    Command(
        name="rendering.open",
        label="三维重建",
        label_en="3-D",
        apply=toggle,
        kind=Kind.TOGGLE,
        group="volume",
        icon="cube-3d-sphere",
        key="d",
        current=_is_open,
        unavailable=unavailable,
    ),
    Command(
        name="rendering.rotate",
        label="转动三维",
        label_en="Turn the rendering",
        apply=rotate,
        gesture="drag",
        arguments=(
            Argument("right", float, -360.0, 360.0),
            Argument("down", float, -360.0, 360.0),
        ),
    ),
    Command(
        name="rendering.preset",
        label="方案",
        label_en="Preset",
        apply=use_preset,
        kind=Kind.RADIO,
        sheet="rendering",
        arguments=(Argument("name", str, allowed=tuple(PRESETS)),),
        choices=tuple(
            Choice(chinese, english, {"name": name}, modalities=("CT",) if name in _ONLY_CT else ())
            for name, (chinese, english) in PRESETS.items()
        ),
        current=lambda state: _of_rendering(state, "preset"),
        unavailable=unavailable,
    ),
    Command(
        name="rendering.clip",
        label="裁切",
        label_en="Cut",
        apply=clip,
        kind=Kind.RADIO,
        sheet="rendering",
        arguments=(
            Argument("cut", str, allowed=("none", *_CUTS)),
            Argument("share", float, 0.0, 1.0, optional=True),
        ),
        choices=(
            Choice("不裁切", "Nothing", {"cut": "none"}),
            Choice("去前半", "Front", {"cut": "anterior"}),
            Choice("去后半", "Back", {"cut": "posterior"}),
            Choice("去左半", "Left", {"cut": "left"}),
            Choice("去右半", "Right", {"cut": "right"}),
            Choice("去上半", "Head", {"cut": "head"}),
            Choice("去下半", "Foot", {"cut": "foot"}),
        ),
        current=lambda state: (
            None if (cut := _of_rendering(state, "cut")) is None else cut or "none"
        ),
        unavailable=unavailable,
    ),
)
