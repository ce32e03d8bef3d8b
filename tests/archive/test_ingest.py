"""Real files into either kind of running: database and object store together."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from server import audit
from server.ingest import ingest_paths, sweep_orphans
from server.model import Instance
from server.storage.verify import verify_storage
from tests.archive.conftest import Archive
from tests.backends import BOTH
from tests.factories import make_institution
from tests.ingest.conftest import SilentJobs, changed, put


@BOTH
@pytest.mark.requirement("F-14", "F-28")
def test_what_is_delivered_is_stored_sealed_and_comes_back(
    archive: Archive, tmp_path: Path
) -> None:
    cloud = archive.cloud
    object.__setattr__(cloud, "jobs", SilentJobs())
    institution = make_institution(cloud)
    files = {str(number): changed() for number in range(4)}
    for name, data in files.items():
        put(tmp_path / "in", name, data)
    put(tmp_path / "in", "broken", b"no image")

    def deliver() -> tuple[int, int, int]:
        done = ingest_paths(cloud, [tmp_path / "in"], institution_code=institution.code)
        return done.stored, done.duplicate, len(done.rejected)

    assert deliver() == (4, 0, 1)
    assert deliver() == (0, 4, 1)
    with cloud.database.session() as session:
        rows = session.scalars(select(Instance)).all()
        found = {cloud.vault.read(one.series.study.data_key, one.object_key) for one in rows}
        keys = [one.object_key for one in rows]
        assert audit.verify(session).ok
    assert found == set(files.values())
    stored = cloud.vault.store.get(keys[0])
    assert b"DICM" not in stored and b"CompressedSamples" not in stored
    assert sweep_orphans(cloud) == () and verify_storage(cloud).ok
    cloud.vault.store.put(keys[0], stored[:100] + bytes([stored[100] ^ 1]) + stored[101:])
    cloud.vault.store.delete(keys[1])
    assert {one.reason for one in verify_storage(cloud).faults} == {"damaged", "missing"}
