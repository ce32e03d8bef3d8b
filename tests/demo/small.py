"""The small studies all together, and their files."""

from __future__ import annotations

from pathlib import Path

from server.demo import samples
from server.demo.catalogue import DemoStudy
from server.demo.files import write_plans


def small_studies() -> tuple[DemoStudy, ...]:
    """Return one small study of each kind, for `load_demo(cloud, studies=…, shipped=False)`."""
    return (
        samples.small_ct(),
        samples.small_mr(),
        samples.small_dx(),
        samples.small_us(),
        samples.small_pet_ct(),
        samples.small_draft(),
        samples.small_stranger(),
        samples.small_emergency(),
    )


def write_sample(study: DemoStudy, folder: Path) -> list[Path]:
    """Write a small study below `folder`, in this process, and return its files in order."""
    return write_plans(study.series, folder, processes=1)
