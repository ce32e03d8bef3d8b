"""What a pane says of the others: localiser lines over it, and how it is linked."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.scene.model import Line, PaneScene
from viewer_py.view.linking import link_words
from viewer_py.view.reference_lines import reference_lines
from viewer_py.view.state import ViewerState


def with_company(state: ViewerState, index: int, scene: PaneScene) -> PaneScene:
    """Return the scene of pane `index` with the lines of the active image and the words of links.

    The lines need no pixels (B-31, C-16); the words say where panes do not scroll together (C-34).
    """
    lines = tuple(
        Line(*line.ends[0], *line.ends[1], line.style) for line in reference_lines(state, index)
    )
    words = link_words(state, index)
    badges = (*scene.badges, words) if words else scene.badges
    return replace(scene, lines=scene.lines + lines, badges=badges)
