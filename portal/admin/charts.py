"""Charts as SVG within the page, coloured by static/css/chart.css, with a title that is read out.

pygal draws; its style sheet, script and tooltips are left out, because our policy allows no style
or script within the page and because light and dark are ours to choose.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

import pygal
from markupsafe import Markup

# pygal adds a finder of a form that importlib gave up (no `find_spec`), for its own plug-ins, which
# nobody here has: each import of anything else would warn of it, and from Python 3.12 on fail.
sys.meta_path[:] = [one for one in sys.meta_path if hasattr(one, "find_spec")]

SVG = "{http://www.w3.org/2000/svg}"
WIDTH, HEIGHT = 760, 320
LEGEND_COLUMNS, LEGEND_ROW = 4, 22
_LEFT_OUT = {"defs", "script", "style", "desc"}


def bars(
    title: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    stacked: bool = False,
    unit: str = "",
    newest_last: bool = False,
) -> Markup:
    """Return bars, one a label in each series; beside each other or on top.

    With `newest_last` a chart that is wider than the screen begins at its end.
    """
    kind = pygal.StackedBar if stacked else pygal.Bar
    return _drawn(kind, title, labels, series, unit, newest_last=newest_last)


def lines(
    title: str, labels: Sequence[str], series: Mapping[str, Sequence[float]], *, unit: str = ""
) -> Markup:
    """Return one line a series."""
    return _drawn(pygal.Line, title, labels, series, unit)


def _drawn(
    kind: Any,
    title: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    unit: str,
    *,
    newest_last: bool = False,
) -> Markup:
    chart = kind(
        css=[],
        js=[],
        width=WIDTH,
        height=HEIGHT,
        show_legend=len(series) > 1,
        legend_at_bottom=True,
        legend_at_bottom_columns=LEGEND_COLUMNS,
        margin=10,
        x_label_rotation=35 if len(labels) > 8 else 0,
        show_minor_x_labels=len(labels) <= 16,
        truncate_label=12,
        truncate_legend=14,
        include_x_axis=True,
        value_formatter=lambda value: f"{value:g}{unit}",
    )
    chart.x_labels = list(labels)
    if len(labels) > 16:
        chart.x_labels_major = list(labels)[:: len(labels) // 8]
    for name, values in series.items():
        chart.add(name, list(values))
    tree = chart.render_tree()
    if len(series) > 1:
        # pygal reckons its legend's rows lower than our type draws them.
        rows = -(-len(series) // LEGEND_COLUMNS)
        tree.set("viewBox", f"0 0 {WIDTH} {HEIGHT + rows * LEGEND_ROW}")
    _clean(tree)
    # Within the page a namespace prefix would make other elements of it than SVG's.
    for one in tree.iter():
        if isinstance(one.tag, str):
            one.tag = one.tag.removeprefix(SVG)
    tree.attrib.pop("xmlns", None)
    tree.set("role", "img")
    tree.set("aria-label", title)
    text = ET.tostring(tree, encoding="unicode", method="html")
    # Drawn here; ElementTree escapes the words in it.
    # On phones it scrolls within its frame, by keyboard too.
    frame = '<div class="chart{}" tabindex="0" role="group" aria-label="{}">{}</div>'
    begins = " chart-newest" if newest_last else ""
    return Markup(frame).format(begins, title, Markup(text))  # noqa: S704


def _clean(tree: Any) -> None:
    """Take out what a page must not hold, and what only a pointer could see."""
    for parent in list(tree.iter()):
        for child in list(parent):
            tag = child.tag.removeprefix(SVG) if isinstance(child.tag, str) else None
            tooltip = "tooltip" in str(child.get("class", "")).split()
            if tag is None or tag in _LEFT_OUT or tag == "title" or tooltip:
                parent.remove(child)
        parent.attrib.pop("style", None)
        if parent.get("id"):
            parent.attrib.pop("id")
