"""A hospital that delivers CT series of known pixels, judged as soon as they are prepared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.uid import generate_uid

from server.cloud import ImageCloud
from server.ingest import ingest_paths
from server.model import Institution, QualityResult
from server.quality.judging import latest
from tests.factories import make_institution
from tests.imaging.conftest import as_file, ct_slice, phantom

ELEMENTS: dict[str, Any] = {
    "SpecificCharacterSet": "ISO_IR 192",
    "PatientName": "张三丰",
    "PatientID": "P-1001",
    "PatientSex": "M",
    "PatientAge": "045Y",
    "StudyDate": "20260301",
    "StudyTime": "103000",
    "StudyDescription": "胸部平扫",
    "InstitutionName": "第一示范医院",
    "BodyPartExamined": "CHEST",
    "AccessionNumber": "A-77",
    "SliceThickness": 2,
    "KVP": 120,
    "SeriesNumber": 2,
}


@pytest.fixture
def hospital(cloud: ImageCloud) -> Institution:
    return make_institution(cloud)


@pytest.fixture
def deliver(cloud: ImageCloud, hospital: Institution, tmp_path: Path) -> Callable[..., str]:
    """Deliver slices; returns the study's id. Elements are changed by keyword, for all slices."""

    def send(
        slices: dict[int, np.ndarray] | None = None,
        *,
        person_id: int | None = None,
        study_uid: str = "",
        series_uid: str = "",
        **changed: Any,
    ) -> str:
        folder = tmp_path / generate_uid()
        folder.mkdir()
        series_uid, study_uid = series_uid or generate_uid(), study_uid or generate_uid()
        chosen = slices or {number: phantom(number) for number in range(1, 5)}
        for number, pixels in chosen.items():
            elements = ELEMENTS | {"StudyInstanceUID": study_uid} | changed
            dataset = ct_slice(pixels, number, series_uid, **elements)
            (folder / f"{number}.dcm").write_bytes(as_file(dataset))
        summary = ingest_paths(cloud, [folder], institution_code=hospital.code, person_id=person_id)
        assert not summary.rejected, summary.rejected
        (study_id,) = summary.study_ids
        return study_id

    return send


@pytest.fixture
def result_of(cloud: ImageCloud) -> Callable[[str], QualityResult]:
    """Return the result that holds for a study."""

    def look(study_id: str) -> QualityResult:
        with cloud.database.session() as session:
            found = latest(session, study_id)
            assert found is not None
            return found

    return look
