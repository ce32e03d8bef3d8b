"""How the archive is: recalls from cold storage, backups and drills, keys.

All of it is read here and changed elsewhere: keys and backups at the machine, by its operator.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.admin.console import (
    Cell,
    Report,
    Table,
    asked_institution,
    asked_period,
    choosable,
    moment,
    report,
)
from portal.admin.sections import reads
from portal.context import current_cloud, database_session
from server import backup, clock, transfers
from server.archive import recalls, replica, rotation
from server.backup.making import DRILLED, MADE, read_description
from server.model import (
    AuditEvent,
    DataKey,
    Institution,
    InstitutionKey,
    Recall,
    RecallState,
    Study,
    StudyArchive,
    Tier,
)

blueprint = Blueprint("admin_archive", __name__)

MOST = 200
BACKUPS_SHOWN = 20


@blueprint.get("/admin/recalls")
@reads("recalls")
def cold() -> ResponseReturnValue:
    """Show how much lies cold, and the recalls with their deadline (D-43, D-44, G-07)."""
    session, days, chosen = database_session(), asked_period(), asked_institution()
    query = (
        select(Recall, Study, Institution.name)
        .join(Study, Study.study_id == Recall.study_id)
        .join(Institution, Institution.id == Study.institution_id)
        .where(Recall.requested_at >= days.start, Recall.requested_at < days.end)
        .order_by(Recall.requested_at.desc())
        .limit(MOST)
    )
    if chosen is not None:
        query = query.where(Study.institution_id == chosen)
    minutes = round(recalls.expected(session).total_seconds() / 60)
    orders = Table(
        _("调回记录"),
        (_("申请时间"), _("机构"), _("类型"), _("检查号"), _("状态"), _("期限"), _("完成时间")),
        [
            (moment(one.requested_at), name, study.modality, study.accession_number or "-",
             _recall_state(one), moment(one.due_at), moment(one.finished_at))
            for one, study, name in session.execute(query)
        ],
        empty=_("这段时间没有调回申请。"),
        single=True,
    )  # fmt: skip
    return report(
        Report(
            _("冷数据调回"),
            _("打开冷存储中的检查时自动申请调回，2 小时内完成；超时列入告警。"),
            (_tiers(chosen), orders),
            notes=(_("按最近的记录，一次调回约 %(minutes)s 分钟。", minutes=max(minutes, 1)),),
            asked={"period": days, "institution": chosen},
            institutions=choosable(),
        )
    )


@blueprint.get("/admin/backups")
@reads("backups")
def backups() -> ResponseReturnValue:
    """Show the newest backups and restore drills, and what has no second copy (F-19, F-31)."""
    cloud = current_cloud()
    folder = cloud.settings.backup_dir
    notes = [
        _("每小时自动备份一次，失败时告警。")
        if folder
        else _("没有设置自动备份（YINGYUN_BACKUP_DIR），现在只有手动备份。")
    ]
    if folder is not None:
        notes.append(_newest(folder))
    if cloud.settings.replica_store_url is None:
        notes.append(_("没有设置第二存储（YINGYUN_REPLICA_STORE_URL），影像只有一份。"))
    else:
        notes.append(_("第二存储：%(count)s 个影像尚无副本。", count=replica.pending(cloud)))
    made = Table(
        _("备份"),
        (_("时间"), _("新增对象"), _("新增字节"), _("审计条数")),
        [
            (moment(one.time), _detail(one, "objects"), _detail(one, "bytes"),
             _detail(one, "audit_entries"))
            for one in _events(MADE)
        ],
        numbers=frozenset({1, 2, 3}),
        empty=_("还没有备份。用命令 yingyun backup make 备份。"),
    )  # fmt: skip
    drills = Table(
        _("恢复演练"),
        (_("时间"), _("结果"), _("丢失窗口（RPO，分钟）"), _("恢复用时（RTO，分钟）"), _("对象"),
         _("有问题")),
        [
            (
                moment(one.time),
                Cell(_("通过"), badge="success")
                if one.result == "success"
                else Cell(_("未通过"), badge="danger"),
                _minutes(one, "rpo_seconds"),
                _minutes(one, "rto_seconds"),
                _detail(one, "objects"),
                _detail(one, "faults"),
            )
            for one in _events(DRILLED)
        ],
        numbers=frozenset({2, 3, 4, 5}),
        empty=_("还没有演练。用命令 yingyun backup drill 演练，建议每季度一次。"),
    )  # fmt: skip
    return report(
        Report(
            _("备份与演练"),
            _("备份含数据库、对象和审计日志，不含密钥；演练把备份恢复到别处并逐一核对。"),
            (made, drills),
            notes=notes,
        )
    )


@blueprint.get("/admin/keys")
@reads("keys")
def keys() -> ResponseReturnValue:
    """Show which keys protect how much, by their names alone; nothing of a key itself (F-32)."""
    session, cloud = database_session(), current_cloud()
    wrapped = rotation.wrapped_by(session)
    names = cloud.master_key.key_ids
    master = Table(
        _("主密钥"),
        (_("编号"), _("用途"), _("封装的数据密钥")),
        [
            (
                name,
                Cell(_("当前封装"), badge="success")
                if name == names[-1]
                else _("保留，只用于解开"),
                wrapped.get(name, 0),
            )
            for name in names
        ],
        numbers=frozenset({2}),
    )
    destroyed = session.scalar(
        select(func.count(DataKey.id)).where(DataKey.destroyed_at.is_not(None))
    )
    algorithms = session.execute(
        select(DataKey.algorithm, func.count(DataKey.id))
        .where(DataKey.destroyed_at.is_(None))
        .group_by(DataKey.algorithm)
    )
    data = Table(
        _("数据密钥"),
        (_("算法或状态"), _("个数")),
        [*((name, count) for name, count in algorithms), (_("已销毁"), destroyed or 0)],
        numbers=frozenset({1}),
    )
    transfer = Table(
        _("机构传输密钥"),
        (_("机构"), _("编号"), _("建立时间"), _("状态")),
        [
            (name, one.key_id, moment(one.created_at), _key_state(one))
            for one, name in session.execute(
                select(InstitutionKey, Institution.name)
                .join(Institution, Institution.id == InstitutionKey.institution_id)
                .order_by(InstitutionKey.created_at.desc())
                .limit(MOST)
            )
        ],
        empty=_("没有机构传输密钥。用命令 yingyun keys transfer new 建立。"),
    )
    return report(
        Report(
            _("密钥"),
            _("只显示编号和数量。轮换、移除和销毁由操作员在服务器上用 yingyun keys 命令完成。"),
            (master, data, transfer),
        )
    )


def _tiers(institution_id: int | None) -> Table:
    session = database_session()
    query = select(Study.study_id, StudyArchive.tier).outerjoin(
        StudyArchive, StudyArchive.study_id == Study.study_id
    )
    if institution_id is not None:
        query = query.where(Study.institution_id == institution_id)
    part = query.subquery()
    counts: Counter[str] = Counter()
    for tier, count in session.execute(select(part.c.tier, func.count()).group_by(part.c.tier)):
        counts[tier or Tier.HOT] += count
    words = {Tier.HOT: _("热存储"), Tier.WARM: _("温存储"), Tier.COLD: _("冷存储")}
    return Table(
        _("检查所在的层级"),
        (_("层级"), _("检查")),
        [(word, counts[tier]) for tier, word in words.items()],
        numbers=frozenset({1}),
    )


def _recall_state(one: Recall) -> Cell:
    unfinished = one.state in {RecallState.WAITING, RecallState.RUNNING}
    if unfinished and one.due_at <= clock.now():
        return Cell(_("超时"), badge="danger")
    return {
        RecallState.WAITING: Cell(_("排队中"), badge="neutral"),
        RecallState.RUNNING: Cell(_("正在调回"), badge="brand"),
        RecallState.READY: Cell(_("已调回"), badge="success"),
        RecallState.FAILED: Cell(_("未成功"), badge="danger"),
    }[RecallState(one.state)]


def _newest(folder: Any) -> str:
    try:
        made = read_description(folder)
    except backup.BackupError:
        return _("备份文件夹中还没有备份。")
    return _("最近一次备份：%(time)s。", time=moment(datetime.fromisoformat(made.taken_at)))


def _events(event: str) -> list[AuditEvent]:
    found = database_session().scalars(
        select(AuditEvent)
        .where(AuditEvent.event == event)
        .order_by(AuditEvent.sequence.desc())
        .limit(BACKUPS_SHOWN)
    )
    return list(found)


def _detail(one: AuditEvent, name: str) -> int | str:
    found = one.detail.get(name)
    return found if isinstance(found, int) else "-"


def _minutes(one: AuditEvent, name: str) -> str:
    found = one.detail.get(name)
    return f"{found / 60:.1f}" if isinstance(found, int | float) else "-"


def _key_state(one: InstitutionKey) -> Cell:
    return {
        "active": Cell(_("有效"), badge="success"),
        "retired": Cell(_("已停用，只用于解开"), badge="neutral"),
        "destroyed": Cell(_("已销毁"), badge="neutral"),
    }[transfers.state_of(one)]
