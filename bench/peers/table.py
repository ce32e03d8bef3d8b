"""The table: one row a figure, ours beside the peer's, and how many times better ours is."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.peers.reading import Readings

OURS, THEIRS = "Yingyun", "cornerstone3D"
Runs = Mapping[str, Sequence[Readings]]


@dataclass(frozen=True)
class Figure:
    """What a row shows: the name of a reading, its words and unit, and whether more is better."""

    name: str
    words: str
    unit: str
    more_is_better: bool = False


FIGURES = (
    Figure("first", "first image on the screen, cold", "s"),
    Figure("own", "the viewer's own canvas shows it, cold", "s"),
    Figure("warm_first", "first image, second visit", "s"),
    Figure("warm_own", "the viewer's own canvas, second visit", "s"),
    Figure("first_mb", "bytes until the first image, cold", "MB"),
    Figure("own_mb", "bytes until the own canvas, cold", "MB"),
    Figure("all", "all 200 slices, since the navigation, cold", "s"),
    Figure("all_mb", "bytes until all 200 slices, cold", "MB"),
    Figure("load", "all 200 slices, since they were asked for", "s"),
    Figure("images_per_second", "images a second", "1/s", more_is_better=True),
    Figure("scroll", "scroll step, cached", "ms"),
    Figure("scroll_cpu", "scroll step, cached: processor time", "ms"),
    Figure("windowing", "window step", "ms"),
    Figure("windowing_cpu", "window step: processor time", "ms"),
    Figure("mpr", "three MPR views from a loaded stack", "s"),
    Figure("mprOne", "MPR step, one view", "ms"),
    Figure("mprOne_cpu", "MPR step, one view: processor time", "ms"),
    Figure("mprThree", "MPR step, three views", "ms"),
    Figure("mprThree_cpu", "MPR step, three views: processor time", "ms"),
    Figure("mip", "20 mm MIP step", "ms"),
    Figure("mip_cpu", "20 mm MIP step: processor time", "ms"),
    Figure("loaded_peak_mb", "peak memory, all slices loaded", "MB"),
    Figure("peak_mb", "peak memory, to the end", "MB"),
)


@dataclass(frozen=True)
class Row:
    """A row of the table; `times` says how many times better ours is, None without two readings."""

    words: str
    ours: str
    theirs: str
    times: float | None

    @property
    def verdict(self) -> str:
        """Return the last column."""
        if self.times is None:
            return "–"
        return f"{self.times:.2f} ×" if self.times >= 1 else f"**{self.times:.2f} ×**"


def rows(
    figures: Iterable[Figure], ours: Sequence[Readings], theirs: Sequence[Readings]
) -> list[Row]:
    """Return the rows for which at least one of both has a reading."""
    made = []
    for figure in figures:
        mine, other = _median(ours, figure.name), _median(theirs, figure.name)
        if mine is not None or other is not None:
            made.append(
                Row(
                    figure.words,
                    _text(mine, figure),
                    _text(other, figure),
                    _times(figure, mine, other),
                )
            )
    return made


def _median(runs: Sequence[Readings], name: str) -> float | None:
    found = [run[name] for run in runs if name in run]
    return statistics.median(found) if found else None


def _times(figure: Figure, mine: float | None, other: float | None) -> float | None:
    if not mine or not other:
        return None
    return mine / other if figure.more_is_better else other / mine


def _text(value: float | None, figure: Figure) -> str:
    if value is None:
        return "–"
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f} {figure.unit}"


def markdown(title: str, made: Sequence[Row]) -> str:
    """Return the rows as a table with a heading."""
    lines = [
        f"### {title}",
        "",
        f"| | {OURS} | {THEIRS} | ours better by |",
        "|---|---:|---:|---:|",
    ]
    lines += [f"| {row.words} | {row.ours} | {row.theirs} | {row.verdict} |" for row in made]
    return "\n".join(lines)


def lost(made: Iterable[Row]) -> list[str]:
    """Return the words of the rows in which the peer is better."""
    return [row.words for row in made if row.times is not None and row.times < 1]
