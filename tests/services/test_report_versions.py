"""What one version of a report says otherwise than another, in sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.model import Report
from server.report_versions import changes, sentences


def report(findings: str, impression: str = "") -> Report:
    return Report(
        findings=findings,
        impression=impression,
        exam_item="",
        exam_overview="",
        reporting_physician="",
        reviewing_physician="",
    )


@pytest.mark.parametrize(
    ("before", "after", "removed", "added"),
    [
        ("甲。乙。丙。", "甲。丙。", ("乙。",), ()),
        ("甲。丙。", "甲。乙。丙。", (), ("乙。",)),
        ("甲。乙5mm。", "甲。乙6mm。", ("乙5mm。",), ("乙6mm。",)),
        ("", "甲", (), ("甲",)),
    ],
)
def test_changes_by_sentence(
    before: str, after: str, removed: tuple[str, ...], added: tuple[str, ...]
) -> None:
    (change,) = changes(report(before), report(after))
    assert (change.label, change.removed, change.added) == ("影像表现", removed, added)


@given(st.text(alphabet="甲乙丙，。；\n ", max_size=30))
def test_a_version_differs_in_nothing_from_itself(text: str) -> None:
    assert changes(report(text, text), report(text, text)) == ()


@given(st.text(alphabet="甲乙1mm，。；\n", max_size=40))
def test_sentences_lose_no_letter(text: str) -> None:
    kept = "".join(sentences(text))
    assert [one for one in kept if one not in "。；\n"] == [
        one for one in text if one not in "。；\n"
    ]
