"""Where inputs come from, and who judges them. An input is bytes, and known by its number."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import chain, datasets, deliveries, samples, series, sessions
from tests.fuzz.mutate import spoilt

Inputs = Iterator[tuple[int, bytes]]


@dataclass(frozen=True)
class Source:
    """`inputs(first, count)` yields numbered inputs, the same ones every time."""

    inputs: Callable[[int, int], Inputs]
    judge: Callable[[bytes], str]


def _files(files: Callable[[], tuple[Path, ...]]) -> Callable[[int, int], Inputs]:
    def inputs(first: int, count: int) -> Inputs:
        paths = files()
        for number in range(first, first + count):
            chance = random.Random(f"file {number}")
            data = samples.content(paths[number % len(paths)])
            other = samples.content(chance.choice(paths))
            yield number, spoilt(chance, data, other)

    return inputs


SOURCES: dict[str, Source] = {
    "wheel": Source(_files(samples.wheel_files), chain.judge_file),
    "files": Source(_files(samples.all_files), chain.judge_file),
    "datasets": Source(datasets.inputs, chain.judge_file),
    "deliveries": Source(deliveries.inputs, deliveries.judge),
    "series": Source(series.numbers, series.judge_series),
    "manifests": Source(series.damaged, series.judge_manifest),
    "sessions": Source(sessions.inputs, sessions.judge),
}
