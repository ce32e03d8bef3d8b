"""PET laid over CT or MR (C-24, C-35, B-46)."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Choice, Command, CommandError, Kind
from viewer_py.view.commands.image import COLOR_MAPS
from viewer_py.view.commands.series import middle_frame
from viewer_py.view.fusion_pair import Pair, Unknown, choose_pair, unlikely
from viewer_py.view.reformatting import closed, opened, the_reformat
from viewer_py.view.state import Fusion, Pane, ViewerState

_COLORS = {name: words for name, words in COLOR_MAPS.items() if name}
_LARGEST_UPPER = 1e7


def unavailable(state: ViewerState) -> str:
    """Return why no fusion can be had, "" when one may."""
    return "" if _fusion(state) is not None else unlikely(state)


def _fusion(state: ViewerState) -> Fusion | None:
    return None if state.reformat is None else state.reformat.fusion


def toggle(state: ViewerState, _args: Arguments) -> ViewerState:
    """Lay the PET of the study over its CT or MR, or take it away.

    The pair is chosen from the manifests; while some are still to be read the wish is kept
    (`wants_fusion`), and `settle` carries it out once they are there.
    """
    if state.wants_fusion:
        return replace(state, wants_fusion=False)
    if _fusion(state) is not None:
        return replace(state, reformat=replace(the_reformat(state), fusion=None))
    reason = unlikely(state)
    if reason:
        raise CommandError(reason)
    return settle(replace(state, wants_fusion=True))


def settle(state: ViewerState) -> ViewerState:
    """Carry out the wish for a fusion as soon as all manifests that matter are there.

    Raises CommandError when the study has no pair; the wish is then to be dropped.
    """
    if not state.wants_fusion:
        return state
    state, found = choose_pair(state)
    if isinstance(found, Unknown):
        return state
    if isinstance(found, str):
        raise CommandError(found)
    return _laid_over(replace(state, wants_fusion=False), found)


def wanted_manifests(state: ViewerState) -> tuple[str, ...]:
    """Return the series whose manifests a wish for a fusion waits for."""
    if not state.wants_fusion:
        return ()
    _, found = choose_pair(state)
    return found.series_ids if isinstance(found, Unknown) else ()


def _laid_over(state: ViewerState, pair: Pair) -> ViewerState:
    if state.reformat is None or state.reformat.series_id != pair.under:
        state = closed(state)
        if state.pane().series_id != pair.under:
            series = state.series_by_id(pair.under)
            assert series is not None  # the pair was chosen from what was read
            frame = middle_frame(len(series.frames))
            state = state.with_pane(Pane(series_id=pair.under, frame_index=frame))
        state = opened(state)
    fusion = Fusion(series_id=pair.over)
    return replace(state, reformat=replace(the_reformat(state), fusion=fusion))


def _changed(state: ViewerState, **changes: object) -> ViewerState:
    reformat = the_reformat(state)
    if reformat.fusion is None:
        raise CommandError("请先打开融合 / switch the fusion on first")
    fusion = replace(reformat.fusion, **changes)  # type: ignore[arg-type]
    return replace(state, reformat=replace(reformat, fusion=fusion))


def set_opacity(state: ViewerState, args: Arguments) -> ViewerState:
    """Set how much the PET covers: 0 nothing, 1 all."""
    return _changed(state, opacity=float(args["opacity"]))


def set_color_map(state: ViewerState, args: Arguments) -> ViewerState:
    """Set the colours of the PET."""
    return _changed(state, color_map=str(args["name"]))


def set_upper(state: ViewerState, args: Arguments) -> ViewerState:
    """Set the value that gets the brightest colour: SUV, or the stored unit where SUV is unknown.

    0 is the default: SUV 5, or the series' own window.
    """
    upper = float(args["upper"])
    return _changed(state, upper=upper or None)


def needs_fusion(state: ViewerState) -> str:
    """Return why a command on the PET cannot be used, "" when it can."""
    return "" if _fusion(state) is not None else "请先打开融合 / switch the fusion on first"


def _of_fusion(state: ViewerState, name: str) -> float | str | None:
    fusion = _fusion(state)
    return None if fusion is None else getattr(fusion, name)


COMMANDS = (
    Command(
        name="fusion.toggle",
        label="PET 融合",
        label_en="PET fusion",
        apply=toggle,
        kind=Kind.TOGGLE,
        group="volume",
        icon="layers-intersect",
        key="u",
        current=lambda state: state.wants_fusion or _fusion(state) is not None,
        unavailable=unavailable,
    ),
    Command(
        name="fusion.opacity",
        label="PET 比例",
        label_en="Share of PET",
        apply=set_opacity,
        kind=Kind.RADIO,
        sheet="fusion",
        arguments=(Argument("opacity", float, 0.0, 1.0),),
        choices=tuple(
            Choice(f"{share:.0%}", f"{share:.0%}", {"opacity": share})
            for share in (0.0, 0.25, 0.5, 0.75, 1.0)
        ),
        current=lambda state: _of_fusion(state, "opacity"),
        unavailable=needs_fusion,
    ),
    Command(
        name="fusion.color_map",
        label="PET 颜色",
        label_en="Colours of PET",
        apply=set_color_map,
        kind=Kind.RADIO,
        sheet="fusion",
        arguments=(Argument("name", str, allowed=tuple(_COLORS)),),
        choices=tuple(
            Choice(chinese, english, {"name": name}) for name, (chinese, english) in _COLORS.items()
        ),
        current=lambda state: _of_fusion(state, "color_map"),
        unavailable=needs_fusion,
    ),
    Command(
        name="fusion.upper",
        label="PET 上限",
        label_en="Upper SUV",
        apply=set_upper,
        kind=Kind.RADIO,
        sheet="fusion",
        arguments=(Argument("upper", float, 0.0, _LARGEST_UPPER),),
        choices=(
            Choice("默认", "Default", {"upper": 0.0}),
            *(
                Choice(f"SUV {upper:g}", f"SUV {upper:g}", {"upper": upper})
                for upper in (2.5, 5.0, 10.0)
            ),
        ),
        current=lambda state: _of_fusion(state, "upper") or 0.0 if _fusion(state) else None,
        unavailable=needs_fusion,
    ),
)
