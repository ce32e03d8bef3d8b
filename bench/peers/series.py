"""The series that every viewer shows: a synthetic CT of 200 slices of 512 x 512."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from server import settings as settings_module
from server.cloud import open_cloud, upgrade_database
from server.demo import catalogue, load_demo
from server.demo.catalogue import DemoStudy
from server.demo.dicom.ct import CtSeries, Reconstruction
from server.demo.files import write_plans
from server.demo.phantom.frame import Anatomy

SLICES = 200
SIZE = 512
DESCRIPTION = "CT 512x512x200"
# Noise up to the finest detail: the hardest that a CT gives to a compressor.
MADE = Reconstruction(
    thickness=1.0,
    spacing=1.0,
    top=100.0,
    size=SIZE,
    width=0.7 * SIZE,
    noise=14.0,
    softness=0.6,
    windows=((40, 400, "Soft tissue"),),
    padded=False,
)
NAMES = "names.json"


def study() -> DemoStudy:
    """Return the study: one series, uncompressed, 12 bits in 16, 1 mm apart, 0.7 mm pixels."""
    model = catalogue.current_ct()
    header = replace(model.header, key="bench-peers", description=DESCRIPTION)
    series = catalogue.ct_header("volume", 2, "Volume", "CHEST", "Volume")
    return replace(
        model,
        header=header,
        series=(CtSeries(header, series, Anatomy(), SLICES, reconstruction=MADE),),
    )


def write_files(folder: Path) -> Path:
    """Write the series as DICOM files, and a list of their names; returns where they lie.

    What is there already stays.
    """
    plan = study().series
    lies = folder / "bench-peers" / "volume"
    if not (lies / NAMES).exists():
        files = write_plans(plan, folder)
        (lies / NAMES).write_text(json.dumps(sorted(file.name for file in files)))
    return lies


def fill_home(home: Path) -> None:
    """Put the study into a data home, as its patient's own."""
    settings = settings_module.load({"YINGYUN_HOME": str(home)})
    upgrade_database(settings)
    load_demo(open_cloud(settings), studies=(study(),), shipped=False)
