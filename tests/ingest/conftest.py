"""A cloud with one institution, real files of pydicom's wheel, and ways to spoil them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pydicom
import pydicom.data
import pytest
from pydicom.uid import generate_uid
from sqlalchemy import select

from server import settings
from server.cloud import ImageCloud, open_cloud
from server.ingest import IngestSummary, ingest_paths
from server.model import Instance, Institution, Study

INSTITUTION = "12500000450400001A"
WHEEL = Path(pydicom.data.__file__).parent / "test_files"
CT = WHEEL / "CT_small.dcm"


class SilentJobs:
    """Notes for which studies pictures were ordered."""

    def __init__(self) -> None:
        self.ordered: list[str] = []

    def judge_quality(self, study_id: str) -> None:
        """Judge nothing."""

    def prepare_study(self, study_id: str, *, emergency: bool = False) -> None:
        self.ordered.append(study_id)


@pytest.fixture
def cloud(tmp_path: Path, migrated_database: Path) -> ImageCloud:
    chosen = settings.load({"YINGYUN_HOME": str(tmp_path / "home")})
    chosen.home.mkdir()
    shutil.copy(migrated_database, chosen.home / "yingyun.db")
    opened = open_cloud(chosen)
    object.__setattr__(opened, "jobs", SilentJobs())
    with opened.database.session() as session:
        session.add(
            Institution(
                code=INSTITUTION, name="示范医院", province_code="500000", province_name="重庆市"
            )
        )
    return opened


def ingest(cloud: ImageCloud, *paths: Path, **options: object) -> IngestSummary:
    return ingest_paths(cloud, paths, institution_code=INSTITUTION, **options)  # type: ignore[arg-type]


def changed(
    change: Callable[[pydicom.Dataset], object] = lambda _: None, source: Path = CT
) -> bytes:
    """Return a real file with one thing changed, and SOP Instance UID of its own."""
    dataset = pydicom.dcmread(source)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    change(dataset)
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, dataset)
    return buffer.getvalue()


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def stored_objects(cloud: ImageCloud) -> dict[str, bytes]:
    """Return the decrypted content of every instance by SOP Instance UID."""
    with cloud.database.session() as session:
        rows = session.scalars(select(Instance)).all()
        return {
            row.sop_instance_uid: cloud.vault.read(row.series.study.data_key, row.object_key)
            for row in rows
        }


def only_study(cloud: ImageCloud) -> Study:
    with cloud.database.session() as session:
        return session.scalars(select(Study)).one()


def reasons(summary: IngestSummary) -> list[str]:
    return [rejection.reason for rejection in summary.rejected]
