"""What a hospital's own system retrieves has three panels: report, images, quality (C-37, E-31)."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from portal.app import create_app
from server.cloud import ImageCloud
from server.quality import judging
from tests.assets.conftest import built_assets as built_assets
from tests.factories import SignInFacts
from tests.launches.case import make_launch_case
from tests.visitor import Visitor


@pytest.mark.requirement("C-37", "E-31")
def test_the_frame_has_report_images_and_quality(
    cloud: ImageCloud, patient: SignInFacts, built_assets: Path
) -> None:
    settings = dataclasses.replace(cloud.settings, assets_dir=built_assets)
    app = create_app(dataclasses.replace(cloud, settings=settings))
    case = make_launch_case(app, cloud, patient)
    judging.judge_study(cloud, case.study_id)
    frame = Visitor(case.app)
    base = case.open(frame)
    page = frame.get(f"{base}/studies/{case.study_id}/dicom").get_data(as_text=True)
    assert 'data-report="true"' in page, "shown without being asked for"
    assert "影像表现" in page
    assert "data-viewer" in page
    assert "影像质控结果" in page
    assert "质量等级" in page
    assert "尚未生成" not in page
