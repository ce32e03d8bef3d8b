"""A process that judges inputs one by one, and tells its parent of each before it begins.

python -m tests.fuzz.child SOURCE FIRST COUNT FOLDER: the parent reads "> number" and "< outcome"
from standard output; the input in work lies in FOLDER, for when this process does not survive it.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from tests.fuzz.guard import guarded, limit_memory
from tests.fuzz.sources import SOURCES


def main(source_name: str, first: int, count: int, folder: Path) -> None:
    """Judge the inputs `first` to `first + count`, not included."""
    warnings.simplefilter("ignore")
    source = SOURCES[source_name]
    current = folder / "current"
    limit_memory()
    for number, data in source.inputs(first, count):
        current.write_bytes(data)
        _say(f"> {number}")
        _say(f"< {guarded(source.judge, data)}")


def _say(line: str) -> None:
    sys.stdout.write(line.replace("\n", " ") + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
