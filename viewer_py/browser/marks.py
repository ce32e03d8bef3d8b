"""What a session paints over the pictures (lines, annotations), and what it says of annotations.

Nothing of it is made before there is some.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from viewer_py.browser.frame_store import FrameStore
from viewer_py.browser.volume_store import VolumeStore
from viewer_py.measure.annotation import Annotation
from viewer_py.scene.facts import Facts
from viewer_py.scene.model import Scene, Shape, ShapeKind
from viewer_py.view.annotations.store import AnnotationStore
from viewer_py.view.state import ViewerState

if TYPE_CHECKING:
    from viewer_py.browser.measurements import Measurements


class MarksHost(Protocol):
    """What showing annotations needs of the worker around it.

    `draw_shapes` takes JSON text [[kind, style, [x, y, …], [line, …]], …] in device pixels; with
    none the canvas gives its memory back. `save_picture` takes JSON text and answers the page.
    """

    def post(self, message: Mapping[str, Any]) -> None: ...
    def draw_shapes(self, shapes: str, width: int, height: int, pixel_ratio: float) -> None: ...
    def save_picture(self, request: str) -> None: ...


class Marks:
    """Measures, paints and tells of annotations."""

    def __init__(self, host: MarksHost, store: FrameStore, volumes: VolumeStore) -> None:
        self._host = host
        self._stores = (store, volumes)
        self._measurements: Measurements | None = None
        self._painted: tuple[object, ...] = ()
        self._told: tuple[object, ...] = ()
        self._saved: tuple[Annotation, ...] = ()

    def measured(self, state: ViewerState, facts: Facts) -> Facts:
        """Return the facts with the numbers of the annotations."""
        store = state.annotations
        if not store.items and store.draft is None:
            return facts
        if self._measurements is None:
            from viewer_py.browser.measurements import Measurements

            self._measurements = Measurements(*self._stores)
        return replace(facts, measurements=self._measurements.of(state))

    def paint(self, scene: Scene, pixel_ratio: float) -> None:
        """Paint the lines and shapes of all panes over the picture, when they changed."""
        shapes = _over(scene)
        wanted = (shapes, scene.width, scene.height) if shapes else ()
        if wanted == self._painted:
            return
        self._painted = wanted
        text = json.dumps([_flat(one) for one in shapes], ensure_ascii=False)
        self._host.draw_shapes(text, scene.width, scene.height, pixel_ratio)

    def tell(self, state: ViewerState, facts: Facts) -> None:
        """Tell the page what its list shows and what is to be saved, when that changed."""
        store = state.annotations
        shown = (
            (store.items, store.selected, store.asks, store.listed, store.hidden, store.shown),
            (state.panes, state.active_pane, state.maximized, state.grid, state.reformat),
            state.series,
            facts.measurements,
        )
        if shown == self._told or not (store.items or store.listed or self._told):
            return
        from viewer_py.browser.mark_report import report

        self._told = shown
        self._host.post(
            {
                "type": "annotations",
                "rows": report(state, facts),
                "selected": store.selected,
                "asks": store.asks,
                "listed": store.listed,
                "document": self._document(store),
            }
        )

    def report(self, state: ViewerState, facts: Facts) -> dict[str, Any]:
        """Return what `window.yingyun.state()` says of annotations."""
        store = state.annotations
        rows: list[dict[str, Any]] = []
        if store.items:
            from viewer_py.browser.mark_report import report

            rows = report(state, facts)
        draft = store.draft
        return {
            "items": rows,
            "selected": store.selected,
            "shown": store.shown,
            "listed": store.listed,
            "asks": store.asks,
            "draft": None if draft is None else {"kind": str(draft.kind), "points": draft.points},
            "undo": len(store.undo),
            "redo": len(store.redo),
        }

    def _document(self, store: AnnotationStore) -> str | None:
        """Return the annotations as they are to be saved; None while they are as they were."""
        if store.held is not None or store.items == self._saved:
            return None
        from viewer_py.measure.annotation_json import to_json

        self._saved = store.items
        return to_json(store.items)

    def picture(
        self, request: object, panes: list[dict[str, Any]], scene: Scene, painter: str | None
    ) -> None:
        """Have what was just painted saved as a file, with `panes`, the words, and the shapes."""
        shapes = [_flat(shape) for shape in _over(scene)]
        message = {
            "id": request,
            "painter": painter,
            "width": scene.width,
            "height": scene.height,
            "panes": panes,
            "shapes": shapes,
        }
        self._host.save_picture(json.dumps(message, ensure_ascii=False))

    def end(self) -> None:
        """Access is over: nothing of the annotations stays on the screen."""
        if self._painted:
            self._painted = ()
            self._host.draw_shapes("[]", 1, 1, 1.0)
        self._measurements = None


def _over(scene: Scene) -> tuple[Shape, ...]:
    """Return what lies over the pictures: of each pane its lines, and over these its shapes."""
    found: list[Shape] = []
    for pane in scene.panes:
        found += [
            Shape(ShapeKind.POLYLINE, ((one.x1, one.y1), (one.x2, one.y2)), one.style)
            for one in pane.lines
        ]
        found += pane.shapes
    return tuple(found)


def _flat(shape: Shape) -> list[Any]:
    places = [round(value, 2) for point in shape.points for value in point]
    return [str(shape.kind), shape.style, places, list(shape.lines)]
