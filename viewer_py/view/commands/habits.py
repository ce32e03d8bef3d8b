"""How the page is worked: mouse buttons (C-06), place of the toolbar (C-28), side panels, keys."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Choice, Command, Kind
from viewer_py.view.habits import TOOLBAR_PLACES, resting_tool
from viewer_py.view.mouse_mapping import FREE, MAPPINGS
from viewer_py.view.state import ViewerState


def map_mouse(state: ViewerState, args: Arguments) -> ViewerState:
    """Let the mouse buttons work as a mapping says; the chosen tool is laid down."""
    habits = replace(state.habits, mouse=str(args["name"]))
    return replace(state, habits=habits, tool=resting_tool(habits))


def place_toolbar(state: ViewerState, args: Arguments) -> ViewerState:
    """Put the toolbar above or below the pictures; without `place` to the other side."""
    other = "top" if state.habits.toolbar == "bottom" else "bottom"
    place = str(args.get("place", other))
    return replace(state, habits=replace(state.habits, toolbar=place))


def show_navigation(state: ViewerState, _args: Arguments) -> ViewerState:
    """Fold the navigation bar away, or bring it back."""
    habits = state.habits
    return replace(state, habits=replace(habits, navigation=not habits.navigation))


def show_report(state: ViewerState, _args: Arguments) -> ViewerState:
    """Show the report beside the pictures, or put it away."""
    return replace(state, habits=replace(state.habits, report=not state.habits.report))


def use_keys(state: ViewerState, _args: Arguments) -> ViewerState:
    """Switch the commands of single keys off or on."""
    return replace(state, habits=replace(state.habits, keys=not state.habits.keys))


def _mapping(state: ViewerState) -> str:
    return state.habits.mouse if state.tool == FREE else ""


COMMANDS = (
    Command(
        name="mouse.mapping",
        label="鼠标快捷功能",
        label_en="Mouse buttons",
        apply=map_mouse,
        kind=Kind.MENU,
        icon="mouse",
        sheet="mouse",
        arguments=(Argument("name", str, allowed=tuple(one.name for one in MAPPINGS)),),
        choices=tuple(Choice(one.label, one.label_en, {"name": one.name}) for one in MAPPINGS),
        current=_mapping,
    ),
    Command(
        name="toolbar.place",
        label="功能栏置底",
        label_en="Toolbar below",
        apply=place_toolbar,
        kind=Kind.TOGGLE,
        icon="layout-bottombar",
        key="B",
        arguments=(Argument("place", str, allowed=TOOLBAR_PLACES, optional=True),),
        current=lambda state: state.habits.toolbar == "bottom",
    ),
    Command(
        name="navigation.show",
        label="导航条",
        label_en="Navigation",
        apply=show_navigation,
        kind=Kind.TOGGLE,
        icon="layout-sidebar",
        key="N",
        current=lambda state: state.habits.navigation,
    ),
    Command(
        name="report.show",
        label="报告",
        label_en="Report",
        apply=show_report,
        kind=Kind.TOGGLE,
        icon="report-medical",
        key="O",
        current=lambda state: state.habits.report,
    ),
    Command(
        name="keys.use",
        label="单键快捷键",
        label_en="Single-key shortcuts",
        apply=use_keys,
        kind=Kind.TOGGLE,
        icon="keyboard",
        current=lambda state: state.habits.keys,
    ),
)
