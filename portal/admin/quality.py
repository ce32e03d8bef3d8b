"""Pages of numbers: how the quality of images was judged, and why not better (I-14, D-46)."""

from __future__ import annotations

from collections import Counter

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.admin import charts
from portal.admin.console import (
    Figure,
    Report,
    Table,
    asked_institution,
    asked_period,
    choosable,
    in_language,
    percent,
    report,
)
from portal.admin.pivoting import asked_dimensions, dimension_words, pivot_filters, spoken
from portal.admin.sections import reads
from portal.context import database_session
from server.centre import indicators
from server.centre.quality_statistics import Judged, judged_rows
from server.model import QualityOutcome
from server.quality.dimensions import GRADE_LABELS, Grade
from server.quality.rules import LABELS

blueprint = Blueprint("admin_quality", __name__)

MOST_BARS = 60


@blueprint.get("/admin/quality")
@reads("quality")
def judged() -> ResponseReturnValue:
    """Show outcomes, grades and causes by day, week, month and institution."""
    days, chosen = asked_period(), asked_institution()
    asked = asked_dimensions(time="day", group="institution" if chosen is None else "")
    rows = judged_rows(database_session(), days, chosen)
    groups = spoken(asked.by, indicators.pivot(rows, asked.by))
    total = sum((one.counts for one in rows), Judged())
    return report(
        Report(
            _("影像质控"),
            _("按影像到达日期统计每次检查最新的质控结果。原因表列出各规则发现问题的检查。"),
            (_outcomes(asked.by, groups), _causes(total)),
            _figures(groups, total),
            filters=pivot_filters(asked),
            asked={"period": days, "institution": chosen},
            institutions=choosable(),
        )
    )


def _outcome_words() -> dict[QualityOutcome, str]:
    return {
        QualityOutcome.PASSED: _("通过"),
        QualityOutcome.REVIEW: _("待复核"),
        QualityOutcome.FAILED: _("未通过"),
    }


def _outcomes(by: tuple[str, ...], groups: dict[tuple[str, ...], Judged]) -> Table:
    words, grades = dict(dimension_words()), list(Grade)
    return Table(
        _("质控结果"),
        (
            *(words[one] for one in by),
            _("检查"),
            *_outcome_words().values(),
            _("通过率"),
            *(in_language(GRADE_LABELS[one]) for one in grades),
        ),
        [
            (
                *key,
                one.studies,
                *(one.outcomes[outcome] for outcome in _outcome_words()),
                percent(one.outcomes[QualityOutcome.PASSED], one.judged),
                *(one.grades[grade] for grade in grades),
            )
            for key, one in groups.items()
        ],
        numbers=frozenset(range(len(by), len(by) + 5 + len(grades))),
        empty=_("这段时间没有收到影像。"),
    )


def _causes(total: Judged) -> Table:
    return Table(
        _("原因分析"),
        (_("规则"), _("检查"), _("占已质控")),
        [
            (in_language(LABELS.get(rule, rule)), count, percent(count, total.judged))
            for rule, count in _ranked(total.rules)
        ],
        numbers=frozenset({1, 2}),
        empty=_("这段时间没有发现问题。"),
    )


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _figures(groups: dict[tuple[str, ...], Judged], total: Judged) -> tuple[Figure, ...]:
    figures = []
    if 0 < len(groups) <= MOST_BARS:
        title = _("质控结果（次）")
        names = [" · ".join(key) for key in groups]
        series = {
            word: [one.outcomes[outcome] for one in groups.values()]
            for outcome, word in _outcome_words().items()
        }
        figures.append(Figure(title, charts.bars(title, names, series, stacked=True)))
    if total.rules:
        title = _("发现问题的检查（次）")
        ranked = _ranked(total.rules)
        names = [in_language(LABELS.get(rule, rule)) for rule, _count in ranked]
        bars = charts.bars(title, names, {title: [count for _rule, count in ranked]})
        figures.append(Figure(title, bars))
    return tuple(figures)
