"""Whole deliveries, zip archives of spoilt files, through database, object store and jobs."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import logging
import random
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pydicom
import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import settings as settings_module
from server.cloud import ImageCloud, open_cloud, upgrade_database
from server.imaging import delivery
from server.ingest import ingest_paths
from server.model import Instance, Institution, ProcessingState, Series, Study
from tests.fuzz import datasets, samples
from tests.fuzz.mutate import spoilt
from viewer_py.dicom.manifest import from_json
from viewer_py.dicom.pack import HEAD, read_head

FILES = 20
INSTITUTION = "12500000450400001A"
SECRET_NAME = b"Mi^Mi=\xe7\xa7\x98^\xe5\xaf\x86"
SECRETS = ("秘", "密", "Mi Mi", "Mi^Mi")


def inputs(first: int, count: int) -> Iterator[tuple[int, bytes]]:
    """Yield zip archives of files, each spoilt a little, some twice the same."""
    for number in range(first, first + count):
        yield number, _archive(random.Random(f"delivery {number}"))


def _archive(chance: random.Random) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for place in range(FILES):
            archive.writestr(f"秘密/{place}", _file(chance, place))
    return target.getvalue()


def _file(chance: random.Random, place: int) -> bytes:
    if chance.random() < 0.5:
        data = datasets.absurd(chance)
    else:
        paths = samples.wheel_files()
        data = samples.content(chance.choice(paths))
        if chance.random() < 0.6:
            data = spoilt(chance, data, samples.content(chance.choice(paths)))
    # SOP Instance UIDs of their own, else all but the first would be conflicts.
    return data.replace(b"1.2.3.4.5\0", f"1.2.3.4{place % 10}\0\0".encode()[:10])


@functools.cache
def _template() -> Path:
    """Return the folder of a migrated, empty data home."""
    home = Path(tempfile.mkdtemp(prefix="yingyun-fuzz-home-"))
    upgrade_database(settings_module.load({"YINGYUN_HOME": str(home)}))
    return home


def _cloud(home: Path) -> ImageCloud:
    chosen = replace(settings_module.load({"YINGYUN_HOME": str(home)}), development=True)
    (home / "yingyun.db").write_bytes((_template() / "yingyun.db").read_bytes())
    cloud = open_cloud(chosen, immediate=True)
    with cloud.database.session() as session:
        session.add(
            Institution(
                code=INSTITUTION, name="示范医院", province_code="500000", province_name="重庆市"
            )
        )
    return cloud


def judge(data: bytes) -> str:
    """Deliver an archive; all of it is stored and prepared, or refused by name, in silence."""
    said = io.StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(said))
    handler = logging.StreamHandler(said)
    logging.getLogger().addHandler(handler)
    try:
        with tempfile.TemporaryDirectory(prefix="yingyun-fuzz-") as folder:
            home = Path(folder) / "home"
            home.mkdir()
            path = Path(folder) / "delivery.zip"
            path.write_bytes(data)
            outcome = _judge(_cloud(home), path)
    finally:
        logging.getLogger().removeHandler(handler)
        structlog.reset_defaults()
    assert not any(word in said.getvalue() for word in SECRETS), "a name in the log"
    return outcome


def _judge(cloud: ImageCloud, path: Path) -> str:
    summary = ingest_paths(cloud, [path], institution_code=INSTITUTION)
    assert summary.received == summary.stored + summary.duplicate + len(summary.rejected)
    assert all(one.reason and one.message for one in summary.rejected)
    with zipfile.ZipFile(path) as archive:
        contents = {hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    with cloud.database.session() as session:
        rows = session.scalars(select(Instance)).all()
        assert len(rows) == summary.stored, "something acknowledged is lost"
        for row in rows:
            kept = cloud.vault.read(row.series.study.data_key, row.object_key)
            assert hashlib.sha256(kept).hexdigest() == row.sha256 and row.sha256 in contents
        assert not session.scalars(
            select(Study).where(Study.state == ProcessingState.PENDING)
        ).all(), "a study that nobody prepares any more"
        ready = 0
        for series in session.scalars(select(Series)):
            assert series.failure != "internal_error", "an error that nobody foresaw"
            if series.state == ProcessingState.READY:
                _judge_series(cloud, session, series)
                ready += 1
    return "delivered" if ready else "nothing to show"


def _judge_series(cloud: ImageCloud, session: Session, series: Series) -> None:
    text = delivery.manifest_json(cloud, session, series)
    json.loads(text)
    manifest = from_json(text)
    count = len(manifest.frames)
    assert count == series.frame_count
    records = list(delivery.frame_records(cloud, session, series, range(count)))
    assert [read_head(record).frame_index for record in records] == list(range(count))
    assert all(read_head(one).payload_length == len(one) - HEAD.size for one in records)
    for place in {0, count // 2, count - 1}:
        assert delivery.rendered_png(cloud, session, series, place)


pydicom.config.settings.reading_validation_mode = pydicom.config.WARN
