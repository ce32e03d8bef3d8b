"""Real series beside the repository, where there are some, and studies of the demo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from server.cloud import ImageCloud
from server.demo import samples
from server.demo.load import load_demo
from server.ingest import ingest_paths
from server.model import Institution, QualityOutcome, QualityResult
from tests.imaging.conftest import SHARED

VOLUMES = SHARED / "volumes"
MOST = 12
OF_IMAGES = {"valid_image", "real_human", "unaltered", "one_examination", "not_repeated"}


def some_files(folder: Path) -> list[Path]:
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    middle = len(files) // 2
    return files[max(middle - MOST // 2, 0) : middle + MOST // 2]


@pytest.fixture
def judged(
    cloud: ImageCloud, hospital: Institution, result_of: Callable[[str], QualityResult]
) -> Callable[[list[Path]], QualityResult]:
    def deliver(files: list[Path]) -> QualityResult:
        summary = ingest_paths(cloud, files, institution_code=hospital.code)
        (study_id,) = summary.study_ids
        return result_of(study_id)

    return deliver


@pytest.mark.skipif(not VOLUMES.exists(), reason="no shared data beside the repository")
@pytest.mark.parametrize("name", ["ct-abdomen", "mr-brain-1", "pet-whole-body"])
def test_people_are_taken_for_people(
    name: str, judged: Callable[[list[Path]], QualityResult]
) -> None:
    result = judged(some_files(VOLUMES / name))
    assert not OF_IMAGES & {one["rule"] for one in result.findings}
    assert result.grade in {"A", "B", ""}
    figures = {one["name"]: one["value"] for one in result.figures}
    assert figures["noise"] > 0
    assert figures["signal_to_noise"] > 5


@pytest.mark.skipif(not VOLUMES.exists(), reason="no shared data beside the repository")
def test_a_slice_that_is_missing_is_missed(
    judged: Callable[[list[Path]], QualityResult],
) -> None:
    files = sorted(one for one in (VOLUMES / "mr-brain-2").rglob("*") if one.is_file())
    result = judged(files)
    words = [one["evidence"] for one in result.findings if one["rule"] == "complete"]
    assert any("缺少 1 层" in one for one in words)
    assert any("缺少影像号 35" in one for one in words)


def test_studies_of_the_demo_have_results(cloud: ImageCloud) -> None:
    load_demo(cloud, studies=(samples.small_us(), samples.small_mr()), shipped=False)
    with cloud.database.session() as session:
        results = session.scalars(select(QualityResult)).all()
    assert len(results) == 2
    for one in results:
        assert one.outcome == QualityOutcome.PASSED, one.findings
        assert one.completeness == 100
