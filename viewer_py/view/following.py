"""What a command brings with it in the other panes: linked panes, and tiles."""

from __future__ import annotations

from viewer_py.view.state import ViewerState


def followed(before: ViewerState, after: ViewerState) -> ViewerState:
    """Return `after` with its linked panes and tiles as the active pane wants them."""
    if after.panes is before.panes or len(after.panes) == 1:
        return after
    from viewer_py.view.linking import linked  # not before there are several panes
    from viewer_py.view.tiles import filled

    return filled(linked(before, after))
