"""Zoom, pan, rotate, flip and reset (缩放、移动、旋转、镜像、复位; B-23, B-24, B-45)."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Choice, Command, CommandError, Entry, Kind
from viewer_py.view.fit import clamped_pan, clamped_zoom
from viewer_py.view.layout import pane_place, pane_size
from viewer_py.view.look import with_look
from viewer_py.view.resizing import kept_in_place
from viewer_py.view.state import CanvasSize, Pane, ViewerState, Viewport


def _shown(state: ViewerState, viewport: Viewport) -> ViewerState:
    limited = clamped_pan(pane_size(state), replace(viewport, zoom=clamped_zoom(viewport.zoom)))
    return state.with_pane(replace(state.pane(), viewport=limited))


def zoom(state: ViewerState, args: Arguments) -> ViewerState:
    """Enlarge by `factor` and keep the point (`x`, `y`) where it is.

    The point is in CSS pixels from the top left of the reading area; the pane's centre by default.
    """
    view, size, (left, top) = state.pane().viewport, pane_size(state), pane_place(state)
    target = clamped_zoom(view.zoom * float(args["factor"]))
    factor = target / view.zoom
    middle_x, middle_y = left + size.width / 2, top + size.height / 2
    x = float(args.get("x", middle_x)) - middle_x
    y = float(args.get("y", middle_y)) - middle_y
    return _shown(
        state,
        replace(
            view,
            zoom=target,
            pan_x=x - (x - view.pan_x) * factor,
            pan_y=y - (y - view.pan_y) * factor,
        ),
    )


def pan(state: ViewerState, args: Arguments) -> ViewerState:
    """Move the picture by (`x`, `y`) CSS pixels, right and down."""
    view = state.pane().viewport
    return _shown(
        state,
        replace(view, pan_x=view.pan_x + float(args["x"]), pan_y=view.pan_y + float(args["y"])),
    )


def place(state: ViewerState, args: Arguments) -> ViewerState:
    """Set zoom (1 fits), pan and rotation outright; what is left out stays."""
    view = state.pane().viewport
    return _shown(
        state,
        replace(
            view,
            zoom=float(args.get("zoom", view.zoom)),
            pan_x=float(args.get("pan_x", view.pan_x)),
            pan_y=float(args.get("pan_y", view.pan_y)),
            rotation=float(args.get("rotation", view.rotation)),
        ),
    )


def rotate(state: ViewerState, args: Arguments) -> ViewerState:
    """Turn the picture clockwise by `degrees`."""
    view = state.pane().viewport
    return _shown(state, replace(view, rotation=(view.rotation + float(args["degrees"])) % 360))


def upright(state: ViewerState, _args: Arguments) -> ViewerState:
    """Take rotation and flips back; zoom and pan stay."""
    view = replace(state.pane().viewport, rotation=0.0, flip_horizontal=False, flip_vertical=False)
    return _shown(state, view)


def _signed_rotation(state: ViewerState) -> float:
    """Return the rotation, -180…180 degrees."""
    rotation = state.pane().viewport.rotation % 360
    return rotation - 360 if rotation > 180 else rotation


def turn_to(state: ViewerState, args: Arguments) -> ViewerState:
    """Lay the picture at `degrees` clockwise from how it is stored."""
    view = state.pane().viewport
    return _shown(state, replace(view, rotation=float(args["degrees"]) % 360))


def flip(state: ViewerState, args: Arguments) -> ViewerState:
    """Mirror the picture as it is seen: left-right or top-bottom.

    Flips apply before the rotation, so a mirror on the screen turns the rotation round.
    """
    view = state.pane().viewport
    rotation = -view.rotation % 360
    if args["axis"] == "horizontal":
        mirrored = replace(view, flip_horizontal=not view.flip_horizontal, rotation=rotation)
    else:
        mirrored = replace(view, flip_vertical=not view.flip_vertical, rotation=rotation)
    return _shown(state, mirrored)


def reset(state: ViewerState, _args: Arguments) -> ViewerState:
    """Put zoom, pan, rotation, flips, window, colours and filter back (B-45).

    Series and image stay, and so do direction and slab of a plane.
    """
    new = Pane()
    state = state.with_pane(replace(state.pane(), viewport=new.viewport))
    return with_look(
        state,
        window=new.window,
        preset=new.preset,
        inverted=new.inverted,
        color_map=new.color_map,
        filter=new.filter,
    )


def resize(state: ViewerState, args: Arguments) -> ViewerState:
    """Take over the size of the reading area (CSS pixels) and the device pixel ratio.

    What is looked at stays where it was in its pane.
    """
    canvas = CanvasSize(float(args["width"]), float(args["height"]), float(args["pixel_ratio"]))
    if canvas.width * canvas.height * canvas.pixel_ratio**2 > _MOST_PIXELS:
        raise CommandError("阅片区过大 / the reading area has too many pixels")
    return kept_in_place(state, replace(state, canvas=canvas))


_ANY = 1e5
_MOST_PIXELS = 36_000_000  # a screen of 8K; the picture is four bytes a pixel

COMMANDS = (
    Command(
        name="viewport.zoom",
        label="缩放",
        label_en="Zoom",
        apply=zoom,
        kind=Kind.ACTION,
        group="zoom",
        gesture="pinch",
        arguments=(
            Argument("factor", float, 0.01, 100.0),
            Argument("x", float, -_ANY, _ANY, optional=True),
            Argument("y", float, -_ANY, _ANY, optional=True),
        ),
        choices=(
            Choice("放大", "Zoom in", {"factor": 1.25}, icon="zoom-in", key="+"),
            Choice("缩小", "Zoom out", {"factor": 0.8}, icon="zoom-out", key="-"),
        ),
    ),
    Command(
        name="viewport.pan",
        label="移动",
        label_en="Pan",
        apply=pan,
        gesture="one-finger",
        arguments=(Argument("x", float, -_ANY, _ANY), Argument("y", float, -_ANY, _ANY)),
    ),
    Command(
        name="viewport.set",
        label="设置视图",
        label_en="Set view",
        apply=place,
        arguments=(
            Argument("zoom", float, 0.0, 1000.0, optional=True),
            Argument("pan_x", float, -_ANY, _ANY, optional=True),
            Argument("pan_y", float, -_ANY, _ANY, optional=True),
            Argument("rotation", float, -360.0, 360.0, optional=True),
        ),
    ),
    Command(
        name="viewport.rotate",
        label="旋转",
        label_en="Rotate",
        apply=rotate,
        kind=Kind.ACTION,
        sheet="turn",
        arguments=(Argument("degrees", float, -360.0, 360.0),),
        choices=(
            Choice("顺时针 90°", "Clockwise", {"degrees": 90.0}),
            Choice("逆时针 90°", "Anticlockwise", {"degrees": -90.0}),
        ),
    ),
    Command(
        name="viewport.angle",
        label="任意角度",
        label_en="Any angle",
        apply=turn_to,
        kind=Kind.ACTION,
        sheet="turn",
        arguments=(Argument("degrees", float, -180.0, 180.0),),
        entry=Entry.SLIDER,
        values=lambda state: {"degrees": _signed_rotation(state)},
    ),
    Command(
        name="viewport.flip",
        label="镜像",
        label_en="Mirror",
        apply=flip,
        kind=Kind.ACTION,
        sheet="turn",
        arguments=(Argument("axis", str, allowed=("horizontal", "vertical")),),
        choices=(
            Choice("左右镜像", "Mirror", {"axis": "horizontal"}),
            Choice("上下镜像", "Turn over", {"axis": "vertical"}),
        ),
    ),
    Command(
        name="viewport.upright",
        label="回正",
        label_en="Upright",
        apply=upright,
        kind=Kind.ACTION,
        sheet="turn",
    ),
    Command(
        name="viewport.reset",
        label="复位",
        label_en="Reset",
        apply=reset,
        kind=Kind.ACTION,
        group="reset",
        icon="restore",
        key="r",
    ),
    Command(
        name="canvas.resize",
        label="阅片区大小",
        label_en="Reading area size",
        apply=resize,
        arguments=(
            Argument("width", float, 1.0, 32768.0),
            Argument("height", float, 1.0, 32768.0),
            Argument("pixel_ratio", float, 0.25, 8.0),
        ),
    ),
)
