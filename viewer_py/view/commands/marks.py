"""Measuring and marking (测量, 标记; B-28…B-30, C-13…C-15): choose a tool, draw, edit, list.

What draws is imported when something is drawn: no picture waits for it.
"""

from __future__ import annotations

from dataclasses import replace

from viewer_py.measure.annotation import Annotation, AnnotationKind
from viewer_py.view.annotations import store as annotation_store
from viewer_py.view.annotations.store import AnnotationStore
from viewer_py.view.command import Argument, Arguments, Choice, Command, CommandError, Kind
from viewer_py.view.habits import resting_tool
from viewer_py.view.state import PaneKind, ViewerState

_FAR = 1e5
_RADIOGRAPHS = ("DX", "CR", "DR", "RG")
_MOST_TEXT = 200
_KINDS = tuple(str(kind) for kind in AnnotationKind)
_PLACE = (Argument("x", float, -_FAR, _FAR), Argument("y", float, -_FAR, _FAR))
_ID = Argument("id", str)
_OPTIONAL_ID = Argument("id", str, optional=True)


def _with(state: ViewerState, store: AnnotationStore) -> ViewerState:
    return replace(state, annotations=store)


# --- tools ----------------------------------------------------------------------------------


def choose(state: ViewerState, args: Arguments) -> ViewerState:
    """Make drawing `kind` what the left button and one finger do; again: back to panning."""
    kind = str(args["kind"])
    reason = kind_refusal(state, kind)
    if reason:
        raise CommandError(reason)
    tool = kind if state.tool != kind else resting_tool(state.habits)
    state = _with(state, replace(state.annotations, draft=None, shown=True))
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
    return state.tool if state.tool in _KINDS else None


def _no_cardiothoracic(state: ViewerState) -> str:
    return kind_refusal(state, str(AnnotationKind.CARDIOTHORACIC))


def _no_drawing(state: ViewerState) -> str:
    return kind_refusal(state, "")


# --- drawing --------------------------------------------------------------------------------


def press(state: ViewerState, args: Arguments) -> ViewerState:
    """Begin to draw `kind` at (`x`, `y`), or set the next point of what is being drawn."""
    from viewer_py.view.annotations.drawing import pressed

    kind = AnnotationKind(str(args["kind"]))
    touch = bool(args.get("touch", 0))
    return pressed(state, kind, float(args["x"]), float(args["y"]), touch=touch)


def follow(state: ViewerState, args: Arguments) -> ViewerState:
    """Bring the point that is being placed to (`x`, `y`)."""
    from viewer_py.view.annotations.drawing import followed

    return followed(state, float(args["x"]), float(args["y"]))


def lift(state: ViewerState, args: Arguments) -> ViewerState:
    """Let the pointer go at (`x`, `y`): what was `dragged` stands, a click leaves the line."""
    from viewer_py.view.annotations.drawing import lifted

    dragged = bool(args.get("dragged", 0))
    return lifted(state, float(args["x"]), float(args["y"]), dragged=dragged)


def retract(state: ViewerState, _args: Arguments) -> ViewerState:
    """Take the press of the pointer back."""
    from viewer_py.view.annotations.drawing import retracted

    return retracted(state)


def finish(state: ViewerState, _args: Arguments) -> ViewerState:
    """End what is being drawn with the points it has."""
    from viewer_py.view.annotations.drawing import finished

    return finished(state)


def cancel(state: ViewerState, _args: Arguments) -> ViewerState:
    """Let go of what is being drawn or moved; with neither, of what is selected."""
    store = state.annotations
    if store.held is not None:
        return release(state, {})
    if store.draft is not None:
        return _with(state, replace(store, draft=None))
    return _with(state, replace(store, selected=""))


# --- editing --------------------------------------------------------------------------------


def grab(state: ViewerState, args: Arguments) -> ViewerState:
    """Take hold of an annotation at (`x`, `y`): of its `handle`, or else of all of it."""
    from viewer_py.view.annotations.moving import grabbed

    handle = args.get("handle")
    return grabbed(
        state,
        str(args["id"]),
        None if handle is None else int(handle),
        (float(args["x"]), float(args["y"])),
        touch=bool(args.get("touch", 0)),
    )


def drag(state: ViewerState, args: Arguments) -> ViewerState:
    """Move what is held to (`x`, `y`)."""
    from viewer_py.view.annotations.moving import dragged

    return dragged(state, float(args["x"]), float(args["y"]))


def drop(state: ViewerState, _args: Arguments) -> ViewerState:
    """Let what is held stay where it is."""
    from viewer_py.view.annotations.moving import dropped

    return dropped(state)


def release(state: ViewerState, _args: Arguments) -> ViewerState:
    """Put what is held back to where it was."""
    from viewer_py.view.annotations.moving import released

    return released(state)


def nudge(state: ViewerState, args: Arguments) -> ViewerState:
    """Move what is selected by CSS pixels."""
    from viewer_py.view.annotations.moving import nudged

    return nudged(state, float(args["right"]), float(args["down"]))


def select(state: ViewerState, args: Arguments) -> ViewerState:
    """Select an annotation; an empty `id` selects none."""
    wanted = str(args["id"])
    if wanted:
        _found(state, args)
    return _with(state, replace(state.annotations, selected=wanted))


def remove(state: ViewerState, args: Arguments) -> ViewerState:
    """Delete an annotation, the selected one for want of an `id`."""
    found = _found(state, args)
    return _with(state, annotation_store.changed(state.annotations, (found,), ()))


def clear(state: ViewerState, _args: Arguments) -> ViewerState:
    """Delete all annotations; the page asks before, and undoing brings them back."""
    store = state.annotations
    if not store.items:
        return state
    return _with(state, annotation_store.changed(replace(store, draft=None), store.items, ()))


def _found(state: ViewerState, args: Arguments) -> Annotation:
    store = state.annotations
    found = store.find(str(args.get("id") or store.selected))
    if found is None:
        raise CommandError("没有这个标注 / there is no such annotation")
    return found


def undo(state: ViewerState, _args: Arguments) -> ViewerState:
    """Take the last change of annotations back, or what is being drawn."""
    store = state.annotations
    if store.draft is not None:
        return _with(state, replace(store, draft=None))
    return _with(state, annotation_store.undone(store))


def redo(state: ViewerState, _args: Arguments) -> ViewerState:
    """Make the last change that was taken back again."""
    return _with(state, annotation_store.redone(state.annotations))


def name(state: ViewerState, args: Arguments) -> ViewerState:
    """Give an annotation its words; a text without any is none, and goes."""
    found = _found(state, args)
    text = " ".join(str(args["text"]).split())[:_MOST_TEXT]
    store = replace(state.annotations, asks="")
    if found.kind is AnnotationKind.TEXT and not text:
        return _with(state, annotation_store.changed(store, (found,), ()))
    if text == found.text:
        return _with(state, store)
    return _with(state, annotation_store.changed(store, (found,), (replace(found, text=text),)))


def ask(state: ViewerState, args: Arguments) -> ViewerState:
    """Have the reader asked for the words of an annotation, of the selected one without `id`."""
    return _with(state, replace(state.annotations, asks=_found(state, args).annotation_id))


# --- seeing ---------------------------------------------------------------------------------


def show(state: ViewerState, _args: Arguments) -> ViewerState:
    """Hide all annotations, or show them again."""
    store = state.annotations
    return _with(state, replace(store, shown=not store.shown, selected="", draft=None))


def hide(state: ViewerState, args: Arguments) -> ViewerState:
    """Hide one annotation, or show it again."""
    store = state.annotations
    changed = store.hidden ^ {_found(state, args).annotation_id}
    return _with(state, replace(store, hidden=changed, shown=True))


def show_list(state: ViewerState, _args: Arguments) -> ViewerState:
    """Open the list of annotations, or close it."""
    return _with(state, replace(state.annotations, listed=not state.annotations.listed))


def go(state: ViewerState, args: Arguments) -> ViewerState:
    """Go to the image that an annotation lies on, and select it."""
    from viewer_py.view.annotations.going import gone_to

    return gone_to(state, _found(state, args))


# --- in and out -----------------------------------------------------------------------------


def create(state: ViewerState, args: Arguments) -> ViewerState:
    """Make an annotation of `points`, JSON text: [[column, row], …] of an image, or LPS in mm."""
    from viewer_py.view.annotations.creating import created

    return created(state, args)


def load(state: ViewerState, args: Arguments) -> ViewerState:
    """Take over a `document` of viewer_py.measure.annotation_json, joined with what is here.

    `base` is the document that both sides began with.
    """
    from viewer_py.view.annotations.creating import loaded

    base = args.get("base")
    return loaded(state, str(args["document"]), None if base is None else str(base))


def _nothing_back(state: ViewerState) -> str:
    if state.annotations.undo or state.annotations.draft is not None:
        return ""
    return "没有可撤销的操作 / there is nothing to undo"


def _nothing_again(state: ViewerState) -> str:
    return "" if state.annotations.redo else "没有可重做的操作 / there is nothing to redo"


def _nothing_selected(state: ViewerState) -> str:
    return "" if state.annotations.selected else "请先选中一个标注 / select an annotation first"


def _nothing_there(state: ViewerState) -> str:
    return "" if state.annotations.items else "还没有标注 / there are no annotations yet"


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
        arguments=(Argument("kind", str, allowed=_KINDS),),
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
        arguments=(Argument("kind", str, allowed=_KINDS),),
        choices=_MARKS,
        current=_chosen,
        unavailable=_no_drawing,
    ),
    Command(
        name="annotation.undo", label="撤销", label_en="Undo", apply=undo, kind=Kind.ACTION,
        sheet="mark", icon="arrow-back-up", unavailable=_nothing_back,
    ),
    Command(
        name="annotation.redo", label="重做", label_en="Redo", apply=redo, kind=Kind.ACTION,
        sheet="mark", icon="arrow-forward-up", unavailable=_nothing_again,
    ),
    Command(
        name="annotation.remove", label="删除", label_en="Delete", apply=remove, kind=Kind.ACTION,
        sheet="mark", icon="trash", arguments=(_OPTIONAL_ID,), unavailable=_nothing_selected,
    ),
    Command(
        name="annotation.show", label="显示标注", label_en="Show marks", apply=show,
        kind=Kind.TOGGLE, sheet="mark", icon="eye", current=lambda state: state.annotations.shown,
        unavailable=_nothing_there,
    ),
    Command(
        name="annotation.list", label="标注列表", label_en="List of marks", apply=show_list,
        kind=Kind.TOGGLE, sheet="mark", icon="list-details",
        current=lambda state: state.annotations.listed,
    ),
    Command("annotation.press", "落笔", "Press", press, gesture="press",
            arguments=(Argument("kind", str, allowed=_KINDS), *_PLACE,
                       Argument("touch", int, 0, 1, optional=True))),
    Command("annotation.follow", "移动笔", "Follow", follow, gesture="drag", arguments=_PLACE),
    Command("annotation.lift", "提笔", "Lift", lift, gesture="lift",
            arguments=(*_PLACE, Argument("dragged", int, 0, 1, optional=True))),
    Command("annotation.retract", "收回落笔", "Take the press back", retract),
    Command("annotation.finish", "完成标注", "Finish", finish, gesture="double-tap"),
    Command("annotation.cancel", "取消标注", "Cancel", cancel),
    Command("annotation.grab", "抓住标注", "Take hold", grab,
            arguments=(_ID, *_PLACE, Argument("handle", int, 0, 10_000, optional=True),
                       Argument("touch", int, 0, 1, optional=True))),
    Command("annotation.drag", "拖动标注", "Drag", drag, arguments=_PLACE),
    Command("annotation.drop", "放下标注", "Drop", drop,
            arguments=tuple(replace(one, optional=True) for one in _PLACE)),
    Command("annotation.release", "放回标注", "Put back", release),
    Command("annotation.nudge", "微移标注", "Nudge", nudge,
            arguments=(Argument("right", float, -_FAR, _FAR),
                       Argument("down", float, -_FAR, _FAR))),
    Command("annotation.select", "选中标注", "Select", select, arguments=(_ID,)),
    Command("annotation.clear", "清除全部标注", "Clear all marks", clear),
    Command("annotation.name", "标注命名", "Name", name,
            arguments=(_ID, Argument("text", str))),
    Command("annotation.ask", "询问标注文字", "Ask for words", ask, arguments=(_OPTIONAL_ID,)),
    Command("annotation.hide", "隐藏标注", "Hide", hide, arguments=(_ID,)),
    Command("annotation.go", "转到标注", "Go to mark", go, arguments=(_ID,)),
    Command("annotation.create", "新建标注", "Create", create,
            arguments=(
                Argument("kind", str, allowed=_KINDS),
                Argument("points", str),
                Argument("coordinates", str, allowed=("image", "patient"), optional=True),
                Argument("series_id", str, optional=True),
                Argument("frame", int, 0, 1_000_000, optional=True),
                Argument("closed", int, 0, 1, optional=True),
                Argument("text", str, optional=True),
            )),
    Command("annotation.load", "载入标注", "Load", load,
            arguments=(Argument("document", str), Argument("base", str, optional=True))),
)  # fmt: skip
