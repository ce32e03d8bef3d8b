"""Hanging the study by a rule (挂片协议, C-07); the rules are in `view.hanging_rules`."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Choice, Command, CommandError, Kind
from viewer_py.view.hanging_rules import RULES, Rule, fitting_rule, may_fit, rule
from viewer_py.view.state import Grid, Hanging, Pane, ViewerState

AUTO, OFF = "auto", "off"
NO_RULE = "没有适合此检查的挂片协议 / no hanging rule fits this study"


def apply(state: ViewerState, args: Arguments) -> ViewerState:
    """Hang the study by a rule, by the one that fits, or go back to one pane.

    What a rule must know of the series is read first; the wish is kept until then (`settle`).
    Raises CommandError where no rule fits.
    """
    name = str(args["rule"])
    if name == OFF:
        return _one_pane(state)
    if name == AUTO:
        fitting = fitting_rule(state.catalogue)
        if fitting is None:
            raise CommandError(NO_RULE)
        name = fitting.name
    return settle(replace(state, hanging=replace(state.hanging, wished=name)))


def _one_pane(state: ViewerState) -> ViewerState:
    from viewer_py.view.reformatting import closed

    state = closed(state)
    pane = state.pane()
    one = Pane(series_id=pane.series_id, frame_index=pane.frame_index)
    links = replace(state.linking, scroll=False, zoom=False, anchors=())
    return replace(
        state, panes=(one,), active_pane=0, grid=Grid(), maximized=False, hanging=Hanging(),
        linking=links,
    )  # fmt: skip


def wanted_manifests(state: ViewerState) -> tuple[str, ...]:
    """Return the series whose manifests a wished rule waits for."""
    if not state.hanging.wished:
        return ()
    from viewer_py.view import hanging

    return hanging.wanted_manifests(state, state.hanging.wished)


def settle(state: ViewerState) -> ViewerState:
    """Hang by the wished rule as soon as all that it must know is there.

    Raises CommandError where too few of its places can be filled; the wish is then to be dropped.
    """
    if not state.hanging.wished or wanted_manifests(state):
        return state
    from viewer_py.view.hanging import hung

    wished = state.hanging.wished
    found = hung(replace(state, hanging=Hanging()), rule(wished))
    if found is None:
        label = rule(wished)
        raise CommandError(
            f"此检查不适用挂片协议“{label.label}” / the rule {label.label_en} does not fit"
        )
    return replace(found, hanging=Hanging(rule=wished))


def label_of(name: str) -> str:
    """Return what a rule is called, "中文 / English"."""
    one = rule(name)
    return f"{one.label} / {one.label_en}"


def _no_rule(state: ViewerState) -> str:
    return "" if fitting_rule(state.catalogue) is not None else NO_RULE


def _choice(one: Rule) -> Choice:
    def unavailable(state: ViewerState) -> str:
        return "" if may_fit(one, state.catalogue) else NO_RULE

    return Choice(one.label, one.label_en, {"rule": one.name}, unavailable=unavailable)


_CHOICES = (
    Choice("自动", "Automatic", {"rule": AUTO}, unavailable=_no_rule),
    *(_choice(one) for one in RULES),
    Choice("不挂片", "None", {"rule": OFF}),
)

COMMANDS = (
    Command(
        name="hanging.apply",
        label="挂片",
        label_en="Hanging",
        apply=apply,
        kind=Kind.RADIO,
        sheet="layout",
        arguments=(
            Argument("rule", str, allowed=tuple(str(one.args["rule"]) for one in _CHOICES)),
        ),
        choices=_CHOICES,
        current=lambda state: state.hanging.rule or OFF,
    ),
)
