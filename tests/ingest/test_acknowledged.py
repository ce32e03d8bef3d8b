"""Only what is kept for its sender is acknowledged, also where the very bytes are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.archive import erasure
from server.cloud import ImageCloud
from server.ingest import ingest_paths
from tests.factories import make_institution
from tests.ingest.conftest import changed, ingest, only_study, put, reasons


@pytest.mark.requirement("I-04")
def test_what_is_kept_for_another_hospital_is_not_acknowledged(
    cloud: ImageCloud, tmp_path: Path
) -> None:
    file = put(tmp_path / "in", "1.dcm", changed())
    assert ingest(cloud, file).stored == 1
    other = make_institution(cloud, name="第二示范医院")
    done = ingest_paths(cloud, [file], institution_code=other.code)
    assert (done.duplicate, reasons(done)) == (0, ["institution_mismatch"])
    assert ingest(cloud, file).duplicate == 1


@pytest.mark.requirement("F-32")
def test_what_was_erased_is_not_acknowledged_again(cloud: ImageCloud, tmp_path: Path) -> None:
    file = put(tmp_path / "in", "1.dcm", changed())
    ingest(cloud, file)
    with cloud.database.session() as session:
        study = session.merge(only_study(cloud))
        erasure.erase_study(session, study, actor_kind="system", actor="test", reason="test")
    done = ingest(cloud, file)
    assert (done.duplicate, reasons(done)) == (0, ["conflict"])
