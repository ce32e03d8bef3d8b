"""What arrives and what leaves: uploads and the index."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from portal.admin import charts
from portal.admin.console import (
    Cell,
    Figure,
    Report,
    Table,
    actor,
    asked_institution,
    asked_period,
    choosable,
    in_language,
    moment,
    percent,
    report,
    show,
)
from portal.admin.sections import changes, reads
from portal.context import current_cloud, database_session
from server import clock, outbox
from server.centre import index_upload, indicators, settlements
from server.centre.acting import OutOfReachError
from server.centre.period import Period
from server.collection import listing
from server.csv_files import CsvError
from server.model import Institution, OutboxState, Study, SupplementTask
from server.quality.rules import LABELS

blueprint = Blueprint("admin_uploading", __name__)

YUAN = 100


@blueprint.get("/admin/uploads")
@reads("uploads")
def uploads() -> ResponseReturnValue:
    """Show timeliness, completeness and validity, what is to be sent again, what lacks upload
    (D-30, D-57, I-18)."""
    session, days, chosen = database_session(), asked_period(), asked_institution()
    groups = indicators.pivot(indicators.day_rows(session, days, chosen), ("institution",))
    rates = Table(
        _("上传监测"),
        (_("机构"), _("检查"), _("及时率"), _("完整率"), _("有效率"), _("待质控")),
        [
            (
                name,
                one.studies,
                percent(one.timely, one.studies),
                percent(one.complete, one.judged),
                percent(one.valid, one.judged),
                one.studies - one.judged,
            )
            for (name,), one in groups.items()
        ],
        numbers=frozenset(range(1, 6)),
    )
    missing = settlements.lacking(session, days, chosen)
    lacking = Table(
        _("未完整上传的检查（%(count)s）", count=len(missing)),
        (_("机构"), _("时间"), _("检查号"), _("检查"), _("原因")),
        [
            (one.institution, moment(one.at), one.accession_number or "-", one.what or "-",
             _lacking_word(one.reason))
            for one in missing[:500]
        ],
        single=True,
    )  # fmt: skip
    return report(
        Report(
            _("上传监测"),
            _("收到的影像自动检查；缺失时自动生成补传任务并通知机构，补齐后自动关闭。"),
            (rates, _tasks(chosen), lacking, _incomplete(days, chosen)),
            _figures(groups),
            notes=(
                _(
                    "未提供数字影像处理和上传存储服务的，检查费用减收 5 元："
                    "以上 %(count)s 次合计 %(yuan)s 元。",
                    count=len(missing),
                    yuan=len(missing) * settlements.REDUCTION_FEN // YUAN,
                ),
            ),
            asked={"period": days, "institution": chosen},
            institutions=choosable(),
        )
    )


def _incomplete(days: Period, chosen: int | None) -> Table:
    """Show which of images, report and settlement each exam still lacks (E-47)."""

    def tick(there: bool) -> str:
        return _("已到") if there else _("缺")

    found = listing.incomplete(database_session(), days.start, days.end, chosen, most=500)
    return Table(
        _("未完成的上传（影像、报告、结算）"),
        (_("机构"), _("检查号"), _("首次登记"), _("影像"), _("报告"), _("结算"), _("期限")),
        [
            (
                one.institution, one.accession_number, moment(one.opened_at),
                tick(one.has_images), tick(one.has_report), tick(one.has_settlement),
                Cell(_("结算逾期"), badge="danger") if one.late else "-",
            )
            for one in found
        ],
        single=True,
        empty=_("没有未完成的上传。"),
    )  # fmt: skip


@blueprint.get("/admin/index")
@reads("index")
def index() -> str:
    """Show how far the outbox is (D-09, D-55)."""
    session = database_session()
    states = outbox.states(session)
    table = Table(
        _("按种类"),
        (_("种类"), _("等待上传"), _("已接收"), _("被拒收")),
        [(kind, *(found.get(state, 0) for state in OutboxState)) for kind, found in states.items()],
        numbers=frozenset({1, 2, 3}),
        empty=_("还没有需要上传的记录。"),
    )
    return show(
        "admin/index.html",
        table=table,
        unannounced=index_upload.unannounced(session),
        entries=index_upload.troubled(session),
        heads="，".join(settlements.HEADS),
        moment=moment,
    )


@blueprint.post("/admin/index/retry")
@changes("index")
def retry() -> ResponseReturnValue:
    """Have an entry tried again."""
    try:
        index_upload.retry(database_session(), actor(), request.form.get("entry", ""))
    except OutOfReachError as error:
        raise NotFound from error
    database_session().commit()
    current_cloud().jobs.deliver_outbox()
    flash(_("已安排重新上传。"), "success")
    return redirect("/admin/index", 303)


@blueprint.post("/admin/index/settlements")
@changes("index")
def settle() -> ResponseReturnValue:
    """Take settlements from a CSV file; they go into the index with their studies (D-11), whose
    quality is judged again by what was settled (I-07)."""
    file, began = request.files.get("file"), clock.now()
    try:
        new = settlements.load(database_session(), actor(), file.read() if file else b"")
        settled = settlements.settled_since(database_session(), began)
        database_session().commit()
        for study_id in settled:
            current_cloud().jobs.judge_quality(study_id)
        flash(_("已导入结算数据：新增 %(count)s 条。", count=new), "success")
    except CsvError as error:
        database_session().rollback()
        flash(in_language(str(error)), "error")
    return redirect("/admin/index", 303)


def _tasks(institution_id: int | None) -> Table:
    query = (
        select(SupplementTask, Study, Institution.name)
        .join(Study, Study.study_id == SupplementTask.study_id)
        .join(Institution, Institution.id == SupplementTask.institution_id)
        .where(SupplementTask.closed_at.is_(None))
        .order_by(SupplementTask.opened_at)
        .limit(200)
    )
    if institution_id is not None:
        query = query.where(SupplementTask.institution_id == institution_id)
    return Table(
        _("等待补传"),
        (_("机构"), _("检查号"), _("检查"), _("原因"), _("自")),
        [
            (name, study.accession_number or "-", f"{study.modality} {study.body_part}".strip(),
             "；".join(in_language(LABELS.get(rule, rule)) for rule in task.rules),
             moment(task.opened_at))
            for task, study, name in database_session().execute(query)
        ],
        empty=_("没有等待补传的检查。"),
        single=True,
    )  # fmt: skip


def _figures(groups: dict[tuple[str, ...], indicators.Counts]) -> tuple[Figure, ...]:
    if not 0 < len(groups) <= 20:
        return ()

    def rate(part: int, whole: int) -> float:
        return round(100 * part / whole, 1) if whole else 0.0

    counts = list(groups.values())
    series = {
        _("及时率"): [rate(one.timely, one.studies) for one in counts],
        _("完整率"): [rate(one.complete, one.judged) for one in counts],
        _("有效率"): [rate(one.valid, one.judged) for one in counts],
    }
    title = _("及时率、完整率、有效率（%）")
    return (Figure(title, charts.bars(title, [name for (name,) in groups], series, unit="%")),)


def _lacking_word(reason: str) -> str:
    return {
        "no_study": _("已结算，没有收到影像"),
        "unreadable": _("影像无法读取"),
        "supplement": _("质控未通过，待补传"),
        "no_report": _("没有已审核的报告"),
    }[reason]
