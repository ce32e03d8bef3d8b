"""The words on the pictures in English: the engine's Chinese lines, looked up word by word."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale

from portal.study import picture_words
from portal.study.picture_words import WORDS, translated
from server.assets.node import run_node

ROOT = Path(__file__).resolve().parents[2]
CHINESE = re.compile(r"[\u3400-\u9fff]")
LINES = {
    "男 54岁": "Male 54 y",
    "检查号 CT2026101200187": "Accession no. CT2026101200187",
    "层厚 1.5 mm  位置 -12.5 mm": "Slice 1.5 mm  Place -12.5 mm",
    "缺少 2 层，空缺处不插补": "2 slices missing, gaps left open",
    "内存有限，以 1/2 分辨率重建": "Little memory: 1/2 of the resolution",
    "斜轴状位  12 / 200": "Oblique axial  12 / 200",
    "示范省立医院": "示范省立医院",
    "序列 2  胸部平扫": "Series 2  胸部平扫",
}


@pytest.fixture
def table(app: Flask) -> dict[str, str]:
    with app.test_request_context(), force_locale("en"):
        return dict(picture_words._table("en"))


@pytest.mark.requirement("A-49")
def test_lines_of_a_picture_are_translated_and_names_left(table: dict[str, str]) -> None:
    assert {line: translated(line, table) for line in LINES} == LINES
    assert len(table) == len(WORDS)
    for source, word in table.items():
        assert not CHINESE.search(word), source
        assert word.count("#") == source.count("#"), source


def test_the_browser_s_table_says_the_same(table: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "said.mjs"
    module = (ROOT / "static" / "viewer" / "words.js").as_uri()
    script.write_text(
        f"import {{ useWords, worded }} from {json.dumps(module)};"
        f"useWords({json.dumps(table)});"
        f"console.log(JSON.stringify({json.dumps(list(LINES))}.map(worded)));"
        "useWords({});"
        f"console.log(worded({json.dumps(next(iter(LINES)))}));"
    )
    said, left = run_node([script]).splitlines()
    assert json.loads(said) == list(LINES.values())
    assert left == next(iter(LINES))
