"""`yingyun quality`: judge the quality of studies now, and print what was found (D-21)."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from sqlalchemy.orm import Session

from portal.commands.common import ready_cloud
from server.model import QualityResult
from server.quality import judging, supplement
from server.quality.dimensions import GRADE_LABELS, GRADE_RULES, LABELS, Grade
from server.quality.rules import LABELS as RULE_LABELS

NOT_ALL = 1
_OUTCOMES = {
    "passed": "质控通过 / passed",
    "review": "待人工复核 / to be reviewed",
    "failed": "质控未通过 / failed",
}


@click.command()
@click.argument("study_ids", metavar="STUDY...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="每行一个 JSON / one JSON object a line")
def quality(study_ids: tuple[str, ...], as_json: bool) -> None:
    """评定检查的影像质量 / Judge the quality of studies by their rules as they are now.

    A study whose facts and rules are unchanged keeps the result it has. Exit status 1 when one is
    not known.
    """
    cloud = ready_cloud()
    missing = 0
    for study_id in study_ids:
        result = judging.judge_study(cloud, study_id)
        if result is None:
            missing += 1
            click.echo(f"没有这次检查：{study_id} / no such study: {study_id}", err=True)
            continue
        with cloud.database.session() as session:
            told = _told(session, result)
        click.echo(json.dumps(told, ensure_ascii=False) if as_json else _spoken(told))
    if missing:
        sys.exit(NOT_ALL)


def _told(session: Session, result: QualityResult) -> dict[str, Any]:
    """Return a result as plain data; names no person."""
    return {
        "study_id": result.study_id,
        "version": result.version,
        "rules_version": result.rules_version,
        "judged_at": result.judged_at.isoformat(timespec="seconds"),
        "outcome": str(result.outcome),
        "grade": result.grade,
        "grade_rule": result.grade_rule,
        "completeness": result.completeness,
        "awaits_supplement": supplement.open_task(session, result.study_id) is not None,
        "findings": result.findings,
        "dimensions": result.dimensions,
        "figures": result.figures,
    }


def _spoken(told: dict[str, Any]) -> str:
    lines = [
        f"{told['study_id']}  {_OUTCOMES[told['outcome']]}",
        f"  质量等级 / grade: {GRADE_LABELS[Grade(told['grade'])]}",
        f"    {GRADE_RULES[told['grade_rule']]}",
        f"  元数据完整率 / completeness: {told['completeness']} %",
    ]
    lines += [
        f"  {LABELS[one['name']]}: {one['value']}" for one in told["dimensions"] if one["value"]
    ]
    lines += [
        f"  ! {RULE_LABELS.get(one['rule'], one['rule'])}: {one['evidence']}"
        for one in told["findings"]
    ]
    if told["awaits_supplement"]:
        lines.append("  已请上传机构补传 / its institution was asked for a supplement")
    return "\n".join(lines)
