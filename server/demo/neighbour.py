"""The demo's second province: a small centre beside the first, whose study can be applied for."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from server.cloud import open_cloud, upgrade_database
from server.demo import people
from server.demo.catalogue import DemoStudy
from server.demo.dicom.dx import DxSeries
from server.demo.dicom.subjects import SeriesHeader, StudyHeader
from server.demo.load import load_demo
from server.demo.phantom.frame import Anatomy
from server.demo.progress import Progress, silent
from server.demo.reports import DemoReport
from server.jobs.queue import JobQueue
from server.provinces.peers import new_key_pair
from server.settings import Settings

OWN_NAME, NEIGHBOUR_NAME = "shifan", "yangli"
_FOLDER = "neighbour"
# What the first centre's own place in the world would be mistaken for by the second.
_NOT_SHARED = ("DATABASE_URL", "OBJECT_STORE_URL", "REDIS_URL", "MASTER_KEY_FILE", "DEVELOPMENT")

_REPORT = DemoReport(
    "胸部正位DR",
    "立位后前位摄影。",
    "胸廓对称，气管居中。两肺纹理走行自然，未见明确实变影。心影大小形态正常，双侧膈面光整，"
    "肋膈角锐利。",
    "心、肺、膈未见明确异常。",
    "刘示例",
    "D980000000304",
    "刘示例",
)


def neighbour_study() -> DemoStudy:
    """Return the radiograph of the demo's patient that only the other province has."""
    header = StudyHeader(
        key="dx-2025-neighbour",
        patient=people.PATIENT.patient("Y0000001"),
        hospital=people.ABROAD,
        taken_at=datetime(2025, 6, 17, 10, 42, 8),
        accession_number="DX2025061700087",
        description="胸部正位DR",
        referring_physician="He^Shifan=何^示范",
        performing_physician="Ji^Shijia=技^师甲",
        character_set=("GB18030",),
    )
    series = SeriesHeader("pa", 1, "DX", "胸部后前位", "CHEST", "胸部正位", "虚拟DR", "DR01", 20)
    body = Anatomy(nodule_diameter=5.0, effusion_depth=0.0)
    picture = DxSeries(header, series, body, columns=1024, rows=1120, ray_step=1.5)
    return DemoStudy(header, people.PATIENT, "DX", (picture,), _REPORT)


def provinces_file(home: Path) -> Path:
    """Return where the first centre's file of provinces stands."""
    return home / _FOLDER / f"{OWN_NAME}.json"


def write_provinces(home: Path, own_url: str, neighbour_url: str) -> None:
    """Write keys, once, and the files by which the two centres know each other."""
    folder = home / _FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    own = _peer(folder, OWN_NAME, own_url, people.PROVINCIAL.province_code, "示范省")
    other = _peer(folder, NEIGHBOUR_NAME, neighbour_url, people.ABROAD.province_code, "样例省")
    for name, peer in ((OWN_NAME, other), (NEIGHBOUR_NAME, own)):
        content = {"name": name, "private_key_file": f"{name}.key", "centres": [peer]}
        (folder / f"{name}.json").write_text(
            json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8"
        )


def neighbour_environment(
    environ: Mapping[str, str], home: Path, assets_dir: Path, url: str
) -> dict[str, str]:
    """Return the settings of the second centre, which shares nothing but the browser's assets."""
    hidden = {f"YINGYUN_{name}" for name in _NOT_SHARED}
    kept = {name: text for name, text in environ.items() if name not in hidden}
    return kept | {
        "YINGYUN_HOME": str(home / _FOLDER / "home"),
        "YINGYUN_ASSETS_DIR": str(assets_dir),
        "YINGYUN_BASE_URL": url,
        "YINGYUN_REGION_CODE": people.ABROAD.province_code,
        "YINGYUN_PROVINCES_FILE": str(home / _FOLDER / f"{NEIGHBOUR_NAME}.json"),
    }


def load_neighbour(settings: Settings, progress: Progress = silent) -> None:
    """Bring people and the one study into the second centre; pictures are made at once, for it
    has no worker. Safe to repeat."""
    upgrade_database(settings)
    cloud = replace(open_cloud(settings), jobs=JobQueue(settings, immediate=True))
    cloud.jobs.attach(cloud)
    load_demo(cloud, progress, studies=(neighbour_study(),), shipped=False)


def _peer(folder: Path, name: str, url: str, code: str, words: str) -> dict[str, str]:
    private_file, public_file = folder / f"{name}.key", folder / f"{name}.pub"
    if not (private_file.exists() and public_file.exists()):
        private, public = new_key_pair()
        private_file.unlink(missing_ok=True)
        descriptor = os.open(private_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(private)
        public_file.write_bytes(public)
    return {
        "name": name,
        "url": url,
        "public_key_file": public_file.name,
        "province_code": code,
        "province_name": words,
    }
