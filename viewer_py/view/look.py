"""Window, colours and filter: set in one plane of a volume, they hold in all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from viewer_py.view.state import PaneKind, ViewerState

_LINKED = (PaneKind.PLANE, PaneKind.CURVE)


def with_look(state: ViewerState, **changes: Any) -> ViewerState:
    """Return the state with fields of the active pane changed, and of the panes linked to it.

    The planes and the curve of a reformation are linked; a rendering has a window of its own.
    """
    active = state.pane()
    if active.kind not in _LINKED:
        return state.with_pane(replace(active, **changes))
    panes = tuple(
        replace(pane, **changes) if pane.kind in _LINKED else pane for pane in state.panes
    )
    return replace(state, panes=panes)
