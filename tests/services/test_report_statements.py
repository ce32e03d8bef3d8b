"""Sentences of reports come under the organ they are about, and none is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.demo import reports as demo
from server.demo.reports import DemoReport
from server.report_statements import compared, part_of
from server.report_versions import sentences

DEMO = [one for one in vars(demo).values() if isinstance(one, DemoReport)]


@pytest.mark.parametrize(
    ("sentence", "part"),
    [
        ("右肺上叶后段见一实性结节。", "肺与气道"),
        ("肺动脉主干及左右分支内未见明确充盈缺损。", "心脏与大血管"),
        ("右侧胸腔后部见弧形水样密度影。", "胸膜与胸廓"),
        ("肝右叶后段见一稍低密度灶，邻近右肾。", "肝与胆道"),
        ("左肾下极见一囊肿。", "肾、输尿管与肾上腺"),
        ("双侧额叶皮层下见高信号。", "脑"),
        ("胸腰椎轻度退行性改变。", "脊柱"),
        ("未见明显异常。", "其他"),
    ],
)
def test_the_organ_named_first_counts(sentence: str, part: str) -> None:
    assert part_of(sentence) == part


@pytest.mark.parametrize("report", DEMO, ids=lambda one: one.exam_item)
def test_the_demos_findings_name_their_organs(report: DemoReport) -> None:
    rows = compared(report.findings, "")
    assert rows and "其他" not in {row.part for row in rows}


@given(st.text("肺肝脑甲1. 。；\n", max_size=40), st.text("肺肝甲。\n", max_size=20))
def test_no_sentence_is_lost_or_doubled(first: str, second: str) -> None:
    rows = compared(first, second)
    for side, text in ((0, first), (1, second)):
        said = [one.words for row in rows for one in (row.first, row.second)[side]]
        assert len(said) <= len(sentences(text))
        letters = sorted(letter for one in said for letter in one if letter in "肺肝脑甲")
        assert letters == sorted(letter for letter in text if letter in "肺肝脑甲")


def test_the_same_words_in_both_are_marked() -> None:
    (row,) = compared("右肺清晰。左肺见结节。", "右肺清晰。")
    assert [one.same for one in row.first] == [True, False]
    assert [one.same for one in row.second] == [True]
