"""Changing measurements and marks: moving, deleting, naming, undoing (C-13…C-15).

What draws is imported when something is drawn: no picture waits for it.
"""

from __future__ import annotations

from dataclasses import replace

from viewer_py.measure.annotation import AnnotationKind
from viewer_py.view.annotations import store as annotation_store
from viewer_py.view.command import Argument, Arguments, Command, Kind
from viewer_py.view.commands.mark_arguments import (
    FAR,
    ID,
    OPTIONAL_ID,
    PLACE,
    found_by,
    with_store,
)
from viewer_py.view.state import ViewerState

_MOST_TEXT = 200


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
        found_by(state, args)
    return with_store(state, replace(state.annotations, selected=wanted))


def remove(state: ViewerState, args: Arguments) -> ViewerState:
    """Delete an annotation, the selected one for want of an `id`."""
    found = found_by(state, args)
    return with_store(state, annotation_store.changed(state.annotations, (found,), ()))


def clear(state: ViewerState, _args: Arguments) -> ViewerState:
    """Delete all annotations; the page asks before, and undoing brings them back."""
    store = state.annotations
    if not store.items:
        return state
    return with_store(state, annotation_store.changed(replace(store, draft=None), store.items, ()))


def undo(state: ViewerState, _args: Arguments) -> ViewerState:
    """Take the last change of annotations back, or what is being drawn."""
    store = state.annotations
    if store.draft is not None:
        return with_store(state, replace(store, draft=None))
    return with_store(state, annotation_store.undone(store))


def redo(state: ViewerState, _args: Arguments) -> ViewerState:
    """Make the last change that was taken back again."""
    return with_store(state, annotation_store.redone(state.annotations))


def name(state: ViewerState, args: Arguments) -> ViewerState:
    """Give an annotation its words; a text without any is none, and goes."""
    found = found_by(state, args)
    text = " ".join(str(args["text"]).split())[:_MOST_TEXT]
    store = replace(state.annotations, asks="")
    if found.kind is AnnotationKind.TEXT and not text:
        return with_store(state, annotation_store.changed(store, (found,), ()))
    if text == found.text:
        return with_store(state, store)
    return with_store(
        state, annotation_store.changed(store, (found,), (replace(found, text=text),))
    )


def ask(state: ViewerState, args: Arguments) -> ViewerState:
    """Have the reader asked for the words of an annotation, of the selected one without `id`."""
    return with_store(state, replace(state.annotations, asks=found_by(state, args).annotation_id))


def _nothing_back(state: ViewerState) -> str:
    if state.annotations.undo or state.annotations.draft is not None:
        return ""
    return "没有可撤销的操作 / there is nothing to undo"


def _nothing_again(state: ViewerState) -> str:
    return "" if state.annotations.redo else "没有可重做的操作 / there is nothing to redo"


def _nothing_selected(state: ViewerState) -> str:
    return "" if state.annotations.selected else "请先选中一个标注 / select an annotation first"


COMMANDS = (
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
        sheet="mark", icon="trash", arguments=(OPTIONAL_ID,), unavailable=_nothing_selected,
    ),
    Command("annotation.grab", "抓住标注", "Take hold", grab,
            arguments=(ID, *PLACE, Argument("handle", int, 0, 10_000, optional=True),
                       Argument("touch", int, 0, 1, optional=True))),
    Command("annotation.drag", "拖动标注", "Drag", drag, arguments=PLACE),
    Command("annotation.drop", "放下标注", "Drop", drop,
            arguments=tuple(replace(one, optional=True) for one in PLACE)),
    Command("annotation.release", "放回标注", "Put back", release),
    Command("annotation.nudge", "微移标注", "Nudge", nudge,
            arguments=(Argument("right", float, -FAR, FAR),
                       Argument("down", float, -FAR, FAR))),
    Command("annotation.select", "选中标注", "Select", select, arguments=(ID,)),
    Command("annotation.clear", "清除全部标注", "Clear all marks", clear),
    Command("annotation.name", "标注命名", "Name", name,
            arguments=(ID, Argument("text", str))),
    Command("annotation.ask", "询问标注文字", "Ask for words", ask, arguments=(OPTIONAL_ID,)),
)  # fmt: skip
