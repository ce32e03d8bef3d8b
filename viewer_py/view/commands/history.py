"""Other studies of the same person, beside the current one (历史检查, C-25, C-34)."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Command, CommandError, Kind
from viewer_py.view.state import Grid, Pane, SeriesEntry, ViewerState
from viewer_py.view.studies import OtherStudy

_STUDY = (Argument("study_id", str),)


def toggle(state: ViewerState, _args: Arguments) -> ViewerState:
    """Open or close the list of other studies; it is fetched when it is first opened."""
    shown = not state.history.shown
    return replace(state, history=replace(state.history, shown=shown, wanted=True))


def load(state: ViewerState, _args: Arguments) -> ViewerState:
    """Have the list of other studies fetched without opening it."""
    return replace(state, history=replace(state.history, wanted=True))


def _listed(state: ViewerState, args: Arguments) -> OtherStudy:
    study = state.history.study(str(args["study_id"]))
    if study is None:
        raise CommandError(
            "没有这个历史检查，或无权查看 / there is no such other study, or it may not be seen"
        )
    return study


def added(state: ViewerState, study: OtherStudy) -> ViewerState:
    """Return the state whose catalogue holds the series of another study, at its end."""
    if study.study_id in state.history.added:
        return state
    history = replace(state.history, added=(*state.history.added, study.study_id))
    return replace(state, catalogue=(*state.catalogue, *study.series), history=history)


def add(state: ViewerState, args: Arguments) -> ViewerState:
    """Add the series of a listed study to those that can be opened.

    Raises CommandError for a study that the server did not list.
    """
    return added(state, _listed(state, args))


def beside(state: ViewerState, args: Arguments) -> ViewerState:
    """Lay a listed study beside the current one, the series that match beside each other.

    The list of studies gives its room to the images. Which match is told by their manifests; the
    wish is kept until these are there (`settle`).
    Raises CommandError for a study that the server did not list.
    """
    study = _listed(state, args)
    if not study.series:
        raise CommandError("该检查没有可显示的影像 / the study has no images that can be shown")
    state = added(state, study)
    history = replace(state.history, pairing=study.study_id, shown=False)
    return settle(replace(state, history=history))


def candidates(state: ViewerState) -> tuple[SeriesEntry, ...]:
    """Return the series of the study to be laid beside that may match the active one."""
    study = state.history.study(state.history.pairing)
    if study is None:
        return ()
    entry = _active_entry(state)
    same = tuple(one for one in study.series if entry and one.modality == entry.modality)
    return same or study.series


def _active_entry(state: ViewerState) -> SeriesEntry | None:
    return next((one for one in state.catalogue if one.series_id == state.pane().series_id), None)


def wanted_manifests(state: ViewerState) -> tuple[str, ...]:
    """Return the series whose manifests the wish to lay a study beside waits for."""
    if not state.history.pairing:
        return ()
    ids = [one.series_id for one in candidates(state)]
    active = state.pane().series_id
    return tuple(
        series_id
        for series_id in (*ids, *((active,) if active else ()))
        if state.series_by_id(series_id) is None
    )


def settle(state: ViewerState) -> ViewerState:
    """Lay the study beside as soon as what matters is known; before that the state stays."""
    if not state.history.pairing or wanted_manifests(state):
        return state
    # What is compared is needed after a click only.
    from viewer_py.view.pairing import best_match, image_beside
    from viewer_py.view.series_facts import facts_of

    choices = candidates(state)
    state = replace(state, history=replace(state.history, pairing=""))
    current = facts_of(state, state.pane().series_id or "")
    series = state.active_series()
    if current is None or series is None:
        return state
    found = best_match(
        current, (one for entry in choices if (one := facts_of(state, entry.series_id)))
    )
    other = None if found is None else state.series_by_id(found.series_id)
    if other is None:
        return state
    return _laid_beside(
        state, other.series_id, image_beside(series, state.pane().frame_index, other)
    )


def _laid_beside(state: ViewerState, series_id: str, frame_index: int) -> ViewerState:
    """Put a series into the pane after the active one, and link the two.

    The window of the active pane holds in both where both are of one modality.
    """
    from viewer_py.view.commands.layout import set_grid
    from viewer_py.view.linking import anchored
    from viewer_py.view.reformatting import closed
    from viewer_py.view.tiles import group_of, leaders

    state = replace(closed(state), maximized=False, playing=False)
    if len(leaders(state)) < 2:
        upright = state.canvas.height > state.canvas.width
        grid = Grid(1, 2) if upright else Grid(2, 1)
        state = set_grid(state, {"columns": grid.columns, "rows": grid.rows})
    panes, own = leaders(state), group_of(state, state.active_pane).start
    target = panes[(panes.index(own) + 1) % len(panes)]
    active = state.pane()
    modalities = {one.series_id: one.modality for one in state.catalogue}
    alike = modalities.get(active.series_id or "") == modalities.get(series_id)
    pane = Pane(
        series_id=series_id,
        frame_index=frame_index,
        window=active.window if alike else None,
        preset=active.preset if alike else "default",
        inverted=active.inverted if alike else False,
        tile=state.panes[target].tile,
    )
    state = state.with_pane(pane, target)
    links = replace(state.linking, scroll=True, zoom=True, window=alike or state.linking.window)
    return replace(state, linking=replace(links, anchors=anchored(state), by_hand=False))


COMMANDS = (
    Command(
        name="history.toggle",
        label="历史检查",
        label_en="History",
        apply=toggle,
        kind=Kind.TOGGLE,
        group="studies",
        icon="history",
        key="H",
        current=lambda state: state.history.shown,
    ),
    Command(name="history.load", label="读取历史检查", label_en="Load history", apply=load),
    Command(name="study.add", label="加入检查", label_en="Add study", apply=add, arguments=_STUDY),
    Command(
        name="study.beside",
        label="并排对比",
        label_en="Compare side by side",
        apply=beside,
        arguments=_STUDY,
    ),
)
