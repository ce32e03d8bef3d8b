"""What each tool is used for, one after the other, on phantoms: the looks kept as pictures.

A look begins from a series as it opens, does something with commands and with a real mouse, and
says which words must then stand beside the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.view.phantom import HOT

Where = tuple[float, float]  # shares of the reading area: (0, 0) top left, (1, 1) bottom right


@dataclass(frozen=True)
class Do:
    """One command of the table."""

    name: str
    args: dict[str, Any]


@dataclass(frozen=True)
class Drag:
    """The left button held from place to place."""

    course: tuple[Where, ...]


@dataclass(frozen=True)
class Click:
    """The left button pressed and let go."""

    at: Where


@dataclass(frozen=True)
class Hover:
    """The pointer brought to a place."""

    at: Where


@dataclass(frozen=True)
class Type:
    """Words given to the mark that asks for them."""

    words: str


Act = Do | Drag | Click | Hover | Type


@dataclass(frozen=True)
class Look:
    """One tool in use on a series; `said` are words of the page, `measures` the newest mark's.

    Its picture must differ from that of the series as it opens, unless it only says something.
    """

    name: str
    series: str
    acts: tuple[Act, ...]
    said: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    changes_the_picture: bool = True


def do(name: str, /, **args: Any) -> Do:
    return Do(name, args)


def tool(name: str) -> Do:
    return do("tool.choose", tool=name)


def mark(kind: str, *acts: Act, series: str = "body", measures: tuple[str, ...] = ()) -> Look:
    """Return the look of a measurement or mark that is drawn with the mouse."""
    command = "annotation.mark" if kind in ("arrow", "text") else "annotation.measure"
    return Look(kind, series, (do(command, kind=kind), *acts), measures=measures)


def reformats(name: str, *acts: Act, said: tuple[str, ...] = (), series: str = "body") -> Look:
    """Return a look of the reformats, the cross-hair on what is hot."""
    place = dict(zip("xyz", HOT, strict=True))
    return Look(name, series, (do("mpr.toggle"), do("mpr.cursor", **place), *acts), said=said)


MIDDLE, RIGHT, LOWER = (0.5, 0.5), (0.72, 0.5), (0.5, 0.75)
ACROSS = ((0.3, 0.35), (0.7, 0.6))
PLAIN = tuple(Look(f"plain-{series}", series, ()) for series in ("body", "axial", "chest"))

WINDOW = (
    Look("window-drag", "body", (tool("window"), Drag(((0.5, 0.5), (0.3, 0.8))))),
    Look("window-preset", "body", (do("window.preset", name="lung"),), said=("W 1500 L -600",)),
    Look("invert", "body", (do("image.invert"),), said=("反像",)),
    Look("color", "body", (do("image.color_map", name="hot_iron"),)),
    Look("smooth", "axial", (do("image.filter", name="smooth"),)),
    Look("sharpen", "axial", (do("image.filter", name="sharpen"),)),
)
PLACE = (
    Look("zoom", "body", (tool("zoom"), Drag((MIDDLE, (0.5, 0.2))))),
    Look("pan", "body", (tool("pan"), Drag((MIDDLE, RIGHT)))),
    Look("mirror-left-right", "body", (do("viewport.flip", axis="horizontal"),), said=("左右",)),
    Look("mirror-top-bottom", "body", (do("viewport.flip", axis="vertical"),), said=("上下",)),
    Look("rotate", "body", (do("viewport.rotate", degrees=90),), said=("旋转 90°",)),
    Look("rotate-back", "body", (do("viewport.rotate", degrees=-90),), said=("旋转 270°",)),
    Look("rotate-freely", "body", (tool("rotate"), Drag((RIGHT, (0.66, 0.66), LOWER)))),
    Look("magnifier", "axial", (tool("magnifier"), Hover((0.4, 0.4)), Hover((0.55, 0.45)))),
    Look("page", "body", (do("stack.scroll", by=14),), said=("47 / 64",)),
)
MARKS = (
    mark("length", Drag(ACROSS), measures=("length",)),
    mark("rectangle", Drag(ACROSS), measures=("area", "mean")),
    mark("ellipse", Drag(ACROSS), measures=("area", "mean")),
    mark("circle", Drag((MIDDLE, RIGHT)), measures=("area", "mean")),
    mark("angle", Drag((RIGHT, MIDDLE)), Click(LOWER), measures=("angle",)),
    mark(
        "cobb", Drag(((0.3, 0.3), (0.7, 0.3))), Drag(((0.3, 0.7), (0.7, 0.6))), measures=("cobb",)
    ),
    mark(
        "freehand",
        Drag(((0.35, 0.35), (0.65, 0.35), (0.65, 0.65), (0.35, 0.65), (0.35, 0.35))),
        measures=("area", "mean"),
    ),
    mark("probe", Click((0.45, 0.45)), measures=("value",)),
    mark(
        "cardiothoracic",
        *(Click(at) for at in ((0.5, 0.1), (0.5, 0.9), (0.4, 0.6), (0.65, 0.62))),
        *(Click(at) for at in ((0.25, 0.7), (0.75, 0.72))),
        series="chest",
        measures=("ratio", "heart", "chest"),
    ),
    mark("arrow", Drag(ACROSS)),
    mark("text", Click((0.4, 0.6)), Type("结节")),
)
VOLUMES = (
    reformats("mpr", said=("轴状位", "冠状位", "矢状位")),
    reformats("mpr-direction", do("mpr.direction", direction="coronal")),
    reformats("mpr-oblique", do("mpr.turn", degrees=25), said=("斜",)),
    *(
        reformats(
            f"slab-{projection}",
            do("mpr.projection", projection=projection),
            do("mpr.thickness", thickness=80),
            said=(f"{projection} 80 mm",),
        )
        for projection in ("MIP", "MinIP", "AvgIP")
    ),
    reformats(
        "curve",
        do("curve.draw"),
        *(Click(at) for at in ((0.14, 0.35), (0.22, 0.25), (0.34, 0.4))),
        do("curve.finish"),
        said=("曲面重建",),
    ),
    reformats("rendering", do("rendering.open"), said=("三维重建", "骨骼")),
    reformats("rendering-cut", do("rendering.clip", cut="anterior"), said=("三维重建",)),
    reformats("fusion", do("fusion.toggle"), said=("SUV",)),
)
TOGETHER = (
    Look("layout-1x2", "body", (do("layout.set", columns=1, rows=2),)),
    Look("layout-2x2", "body", (do("layout.set", columns=2, rows=2),)),
    Look("layout-own", "axial", (do("layout.set", columns=3, rows=1),)),
    Look("tiles", "body", (do("layout.tiles", columns=3, rows=2),)),
    Look(
        "reference-lines",
        "axial",
        (do("layout.set", columns=2, rows=1), do("reference.toggle"), do("reference.ends")),
    ),
    Look(
        "localizer",
        "axial",
        (do("layout.set", columns=2, rows=1), tool("localizer"), Click((0.2, 0.45))),
    ),
    Look(
        "linked",
        "axial",
        (do("layout.set", columns=3, rows=1), do("link.scroll"), do("stack.scroll", by=8)),
        said=("未联动",),
    ),
    Look("one-of-many", "axial", (do("layout.set", columns=2, rows=2), do("layout.maximize")),
         changes_the_picture=False),
    Look("key-image", "body", (do("key.toggle"),), said=("关键影像",), changes_the_picture=False),
)  # fmt: skip
LOOKS = (*PLAIN, *WINDOW, *PLACE, *MARKS, *VOLUMES, *TOGETHER)
