"""The demo: a body made of formulas, the people around it, and their examinations."""

from pathlib import Path

from server.demo.catalogue import DemoStudy, demo_studies
from server.demo.files import write_plans
from server.demo.load import DemoSummary, LoadedStudy, load_demo
from server.demo.progress import Progress, silent

__all__ = [
    "DemoStudy",
    "DemoSummary",
    "LoadedStudy",
    "Progress",
    "demo_studies",
    "load_demo",
    "write_demo_files",
]


def write_demo_files(
    folder: Path, progress: Progress = silent, processes: int | None = None
) -> list[Path]:
    """Write all DICOM files of the demo below `folder` and return them; the same bytes each run."""
    plans = [plan for study in demo_studies() for plan in study.series]
    return write_plans(plans, folder, progress, processes)
