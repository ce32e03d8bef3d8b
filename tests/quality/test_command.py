"""`yingyun quality`: judged now, told as text or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
from click.testing import CliRunner

from portal.cli import cli
from server.cloud import ImageCloud


def test_studies_are_judged_and_told(cloud: ImageCloud, deliver: Callable[..., str]) -> None:
    environ = {"YINGYUN_HOME": str(cloud.settings.home), "YINGYUN_REGION_CODE": "500000"}
    good = deliver()
    black = deliver({number: np.zeros((64, 64), np.uint16) for number in (1, 2, 3)})
    asked = ["quality", good, black, "nobody"]
    spoken = CliRunner().invoke(cli, asked, env=environ)
    assert spoken.exit_code == 1
    assert "没有这次检查：nobody" in spoken.stderr
    for words in ("质控通过 / passed", "质控未通过 / failed", "丁级 / Grade D", "已请上传机构补传"):
        assert words in spoken.stdout
    told = CliRunner().invoke(cli, [*asked[:3], "--json"], env=environ)
    assert told.exit_code == 0
    first, second = map(json.loads, told.stdout.splitlines())
    assert (first["study_id"], first["outcome"], first["version"]) == (good, "passed", 1)
    assert (second["grade"], second["awaits_supplement"]) == ("D", True)
    assert "张三丰" not in spoken.output + told.output
