"""Images per second of the preview job, stage by stage: python bench/prepare.py FOLDER."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom import dcmread

from server.imaging import codec, pictures
from server.imaging.decode import has_frames
from server.imaging.frames import display, source_frames

STAGES = ("read and decode", "HTJ2K", "display", "full picture", "fast picture")


class Stopwatch:
    """CPU seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the processor time of the block."""
        started = time.process_time()
        yield
        self.seconds[name] += time.process_time() - started


def main(folder: Path) -> None:
    """Prepare every image below a folder without storing it; print the rates on one core."""
    watch = Stopwatch()
    frames = packed = shown = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with watch.stage(STAGES[0]):
            dataset = dcmread(path, force=True)
            sources = list(source_frames(dataset)) if has_frames(dataset) else []
        for source in sources:
            with watch.stage(STAGES[1]):
                packed += len(codec.encode(source.stored, source.attributes)[1])
            with watch.stage(STAGES[2]):
                grey = display(source.stored, source.attributes)
            with watch.stage(STAGES[3]):
                full = pictures.full_picture(grey, source.attributes, flat=source.flat)
            with watch.stage(STAGES[4]):
                fast = pictures.fast_picture(grey, source.attributes, full)
            frames += 1
            shown += len(full.data) + len(fast.data)
    for stage in STAGES:
        print(f"{stage:16} {1000 * watch.seconds[stage] / frames:7.2f} ms a frame")
    total = sum(watch.seconds.values())
    print(f"{frames} frames, {frames / total:.0f} a second and core")
    print(f"pack {packed / frames / 1000:.0f} kB, pictures {shown / frames / 1000:.0f} kB a frame")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
