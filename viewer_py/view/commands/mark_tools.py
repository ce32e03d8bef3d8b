"""Choosing what to measure or mark with (测量, 标记; B-28…B-30, C-13…C-15)."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.measure.annotation import AnnotationKind
from viewer_py.view.command import Argument, Arguments, Choice, Command, CommandError, Kind
from viewer_py.view.commands.mark_arguments import KINDS, with_store
from viewer_py.view.habits import resting_tool
from viewer_py.view.state import PaneKind, ViewerState

_RADIOGRAPHS = ("DX", "CR", "DR", "RG")


def choose(state: ViewerState, args: Arguments) -> ViewerState:
    """Make drawing `kind` what the left button and one finger do; again: back to panning."""
    kind = str(args["kind"])
    reason = kind_refusal(state, kind)
    if reason:
        raise CommandError(reason)
    tool = kind if state.tool != kind else resting_tool(state.habits)
    state = with_store(state, replace(state.annotations, draft=None, shown=True))
    return replace(state, tool=tool, playing=False)


def kind_refusal(state: ViewerState, kind: str) -> str:
    """Return why `kind` cannot be drawn on what is shown, "" when it can."""
    if state.pane().kind not in (PaneKind.STACK, PaneKind.PLANE):
        return "此窗格不能标注 / nothing can be drawn in this pane"
    frame, series = state.active_frame(), state.active_series()
    if kind != AnnotationKind.CARDIOTHORACIC or frame is None or series is None:
        return ""
    if series.modality not in _RADIOGRAPHS:
        return "只适用于胸部 X 线片 / for chest radiographs only"
    from viewer_py.measure.cardiothoracic import refusal
    from viewer_py.measure.model import MeasuredImage

    image = MeasuredImage(
        series.modality, frame.rows, frame.columns, frame=frame, body_part=series.body_part
    )
    words = refusal(image)
    return f"{words.chinese} / {words.english}" if words else ""


def _chosen(state: ViewerState) -> str | None:
    return state.tool if state.tool in KINDS else None


def _no_cardiothoracic(state: ViewerState) -> str:
    return kind_refusal(state, str(AnnotationKind.CARDIOTHORACIC))


def _no_drawing(state: ViewerState) -> str:
    return kind_refusal(state, "")


def _choice(kind: AnnotationKind, label: str, english: str, icon: str, **more: object) -> Choice:
    return Choice(label, english, {"kind": str(kind)}, icon=icon, **more)  # type: ignore[arg-type]


_MEASURES = (
    _choice(AnnotationKind.LENGTH, "直线", "Length", "ruler-measure", key="l"),
    _choice(AnnotationKind.RECTANGLE, "矩形", "Rectangle", "square"),
    _choice(AnnotationKind.ELLIPSE, "椭圆", "Ellipse", "oval", key="e"),
    _choice(AnnotationKind.CIRCLE, "圆形", "Circle", "circle"),
    _choice(AnnotationKind.ANGLE, "角度", "Angle", "angle", key="a"),
    _choice(AnnotationKind.COBB, "COBB角", "Cobb angle", "vector-spline"),
    _choice(AnnotationKind.FREEHAND, "自由", "Freehand", "scribble"),
    _choice(AnnotationKind.PROBE, "CT值", "CT value", "point", modalities=("CT", "PT")),
    _choice(
        AnnotationKind.CARDIOTHORACIC, "心胸比", "Cardiothoracic ratio", "heartbeat",
        unavailable=_no_cardiothoracic,
    ),
)  # fmt: skip
_MARKS = (
    _choice(AnnotationKind.ARROW, "箭头", "Arrow", "arrow-up-right"),
    _choice(AnnotationKind.TEXT, "文字", "Text", "typography", key="t"),
)

COMMANDS = (
    Command(
        name="annotation.measure",
        label="测量",
        label_en="Measure",
        apply=choose,
        kind=Kind.RADIO,
        sheet="measure",
        arguments=(Argument("kind", str, allowed=KINDS),),
        choices=_MEASURES,
        current=_chosen,
        unavailable=_no_drawing,
    ),
    Command(
        name="annotation.mark",
        label="标记",
        label_en="Mark",
        apply=choose,
        kind=Kind.RADIO,
        sheet="mark",
        arguments=(Argument("kind", str, allowed=KINDS),),
        choices=_MARKS,
        current=_chosen,
        unavailable=_no_drawing,
    ),
)  # fmt: skip
