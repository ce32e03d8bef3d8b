"""Marking key images and going through them alone (关键影像)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from viewer_py.view.command import Argument, Arguments, Command, CommandError, Kind
from viewer_py.view.key_images import KeyImage
from viewer_py.view.state import PaneKind, ViewerState

MOST = 500
_NONE = "还没有关键影像 / no image is marked as a key image"


def active_image(state: ViewerState) -> KeyImage | None:
    """Return the image in the active pane as a key image would name it; None where none can be."""
    pane, frame = state.pane(), state.active_frame()
    entry = next((one for one in state.catalogue if one.series_id == pane.series_id), None)
    if pane.kind is not PaneKind.STACK or frame is None or entry is None or entry.study_id:
        return None
    return KeyImage(entry.series_id, frame.sop_instance_uid, frame.frame_number, pane.frame_index)


def is_key(state: ViewerState) -> bool:
    """Tell whether the image in the active pane is marked."""
    image = active_image(state)
    return image is not None and image in state.key_images


def _unavailable(state: ViewerState) -> str:
    if active_image(state) is not None:
        return ""
    return (
        "只能标记本次检查的原始影像 / "
        "only stored images of the study that was opened can be key images"
    )


def toggle(state: ViewerState, _args: Arguments) -> ViewerState:
    """Mark the image in the active pane as a key image, or take its mark away."""
    image = active_image(state)
    if image is None:
        raise CommandError(_unavailable(state))
    if image in state.key_images:
        return replace(state, key_images=tuple(one for one in state.key_images if one != image))
    if len(state.key_images) >= MOST:
        raise CommandError(f"关键影像不能多于 {MOST} 幅 / no more than {MOST} key images")
    return replace(state, key_images=_in_order(state, (*state.key_images, image)))


def _in_order(state: ViewerState, images: tuple[KeyImage, ...]) -> tuple[KeyImage, ...]:
    places = {entry.series_id: place for place, entry in enumerate(state.catalogue)}
    known = (one for one in images if one.series_id in places)
    return tuple(sorted(known, key=lambda one: (places[one.series_id], one.frame_index)))


def go_on(state: ViewerState, _args: Arguments) -> ViewerState:
    """Go to the next key image, round the end of the study."""
    return _stepped(state, 1)


def go_back(state: ViewerState, _args: Arguments) -> ViewerState:
    """Go to the key image before, round the beginning of the study."""
    return _stepped(state, -1)


def _stepped(state: ViewerState, by: int) -> ViewerState:
    """Return the state on another key image; its series comes into the active pane."""
    from viewer_py.view.commands.series import opened

    if not state.key_images:
        raise CommandError(_NONE)
    target = _next(state, by)
    if target.series_id == state.pane().series_id and state.pane().kind is PaneKind.STACK:
        pane = replace(state.pane(), frame_index=target.frame_index)
        return replace(state.with_pane(pane), playing=False)
    entry = next(one for one in state.catalogue if one.series_id == target.series_id)
    return opened(state, entry, target.frame_index)


def _next(state: ViewerState, by: int) -> KeyImage:
    places = {entry.series_id: place for place, entry in enumerate(state.catalogue)}
    here = (places.get(state.pane().series_id or "", -1), state.pane().frame_index)
    keys = [(places[one.series_id], one.frame_index) for one in state.key_images]
    if by > 0:
        return state.key_images[next((n for n, key in enumerate(keys) if key > here), 0)]
    before = [number for number, key in enumerate(keys) if key < here]
    return state.key_images[before[-1] if before else -1]


def load(state: ViewerState, args: Arguments) -> ViewerState:
    """Take the key images that the server keeps, JSON of a list, beside those marked meanwhile.

    Raises CommandError when they are of another form.
    """
    images = dict.fromkeys((*_given(args), *state.key_images))
    return replace(state, key_images=_in_order(state, tuple(images))[:MOST])


def restore(state: ViewerState, args: Arguments) -> ViewerState:
    """Have these key images and no others: those from before a change that is taken back.

    Raises CommandError when they are of another form.
    """
    images = tuple(dict.fromkeys(_given(args)))
    return replace(state, key_images=_in_order(state, images)[:MOST])


def _given(args: Arguments) -> tuple[KeyImage, ...]:
    try:
        return tuple(_read(row) for row in json.loads(str(args["images"])))
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError("关键影像数据有误 / these are no key images") from error


def _read(row: Any) -> KeyImage:
    return KeyImage(
        str(row["series_id"]),
        str(row["sop_instance_uid"]),
        int(row["frame_number"]),
        max(int(row["frame_index"]), 0),
    )


def _none(state: ViewerState) -> str:
    return "" if state.key_images else _NONE


COMMANDS = (
    Command(
        name="key.toggle",
        label="关键影像",
        label_en="Key image",
        apply=toggle,
        kind=Kind.TOGGLE,
        group="studies",
        icon="star",
        key="K",
        current=is_key,
        unavailable=_unavailable,
    ),
    Command(
        name="key.previous",
        label="上一幅关键影像",
        label_en="Previous key image",
        apply=go_back,
        key="<",
        unavailable=_none,
    ),
    Command(
        name="key.next",
        label="下一幅关键影像",
        label_en="Next key image",
        apply=go_on,
        key=">",
        unavailable=_none,
    ),
    Command(
        name="key.load",
        label="载入关键影像",
        label_en="Load key images",
        apply=load,
        arguments=(Argument("images", str),),
    ),
    Command(
        name="key.restore",
        label="恢复关键影像",
        label_en="Restore key images",
        apply=restore,
        arguments=(Argument("images", str),),
    ),
)
