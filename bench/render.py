"""Measure the pixel pipeline and the numpy renderer, and print milliseconds.

    python -m bench.render

Nothing is asserted: the figures depend on the machine, and are for comparing two commits on one.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.pixels import pipeline
from viewer_py.pixels.voi import SIGMOID, Window
from viewer_py.render import numpy_renderer
from viewer_py.render.sources import FrameSources
from viewer_py.scene.model import (
    CornerText,
    ImageLayer,
    Matrix,
    OrientationMarks,
    PaneScene,
    Rectangle,
    Scene,
)

ROUNDS = 15
SOFT_TISSUE = Window(40, 400)


def milliseconds(work: Callable[[], object]) -> float:
    """Return the median time of `work`."""
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def noise(size: int) -> tuple[np.ndarray, FrameAttributes]:
    """Return a square CT-like frame; a corner of it is padding."""
    stored = np.random.default_rng(1).integers(-1024, 3000, (size, size)).astype(np.int16)
    stored[: size // 10, : size // 10] = -2000
    frame = FrameAttributes(
        "1.2.3", 1, size, size, signed=True, pixel_padding_value=-2000, smallest_value=-1024
    )
    return stored, frame


def scene(width: int, height: int, frame: FrameAttributes, turned: bool = False) -> Scene:
    """Return one pane over the whole canvas, the image fitted into it."""
    zoom = min(width / frame.columns, height / frame.rows)
    if turned:
        cosine, sine = zoom * 0.8, zoom * 0.6
        matrix: Matrix = (cosine, sine, -sine, cosine, width / 4, -height / 4)
    else:
        left = (width - zoom * frame.columns) / 2
        matrix = (zoom, 0.0, 0.0, zoom, left, (height - zoom * frame.rows) / 2)
    layer = ImageLayer("series", 0, frame, matrix, SOFT_TISSUE)
    area = Rectangle(0, 0, width, height)
    return Scene(width, height, (PaneScene(area, layer, CornerText(), OrientationMarks()),))


def main() -> None:
    """Print one line a measurement."""
    for size in (512, 2048):
        stored, frame = noise(size)
        for name, window in (("LINEAR", SOFT_TISSUE), ("SIGMOID", Window(40, 400, SIGMOID))):
            took = milliseconds(lambda s=stored, f=frame, w=window: pipeline.display(s, f, w))
            print(f"display {size}x{size} {name:8} {took:8.2f} ms")
    for width, height, ratio in ((390, 844, 3), (1440, 900, 1)):
        for size in (512, 2048):
            stored, frame = noise(size)
            for turned in (False, True):
                view = scene(width * ratio, height * ratio, frame, turned)
                sources = FrameSources(lambda *_, s=stored: s)
                took = milliseconds(lambda v=view, s=sources: numpy_renderer.render(v, s))
                how = "turned" if turned else "upright"
                print(f"render {width}x{height}@{ratio} of {size}x{size} {how:8} {took:8.2f} ms")


if __name__ == "__main__":
    main()
