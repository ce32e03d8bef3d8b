"""The words for kinds and states of records, in the language of the page."""

from __future__ import annotations

from flask_babel import gettext as _

from server.centre.exports import ExportRefusal
from server.centre.records import Kind
from server.centre.rights import RightsRefusal
from server.model import Role


def kind_words() -> dict[Kind, str]:
    """Return the names of the six kinds of records (D-18)."""
    return {
        Kind.CACHE: _("缓存申请记录"),
        Kind.UPLOAD: _("数据上传监测记录"),
        Kind.RETRIEVAL: _("调阅记录"),
        Kind.DOWNLOAD: _("下载记录"),
        Kind.REGISTRATION: _("挂号记录"),
        Kind.SHARE: _("个人分享记录"),
    }


def heads(kind: Kind) -> tuple[str, ...]:
    """Return the headings of a kind's columns, as server.centre.records.Record has them."""
    what, who = {
        Kind.CACHE: (_("本地 + 外省检查"), _("就诊号")),
        Kind.UPLOAD: (_("检查"), _("检查号")),
        Kind.RETRIEVAL: (_("检查"), _("调阅人")),
        Kind.DOWNLOAD: (_("检查"), _("下载人")),
        Kind.REGISTRATION: (_("科室"), _("就诊号")),
        Kind.SHARE: (_("检查"), _("打开次数")),
    }[kind]
    return (_("时间"), _("机构"), _("患者"), what, who, _("状态"))


def state_word(state: str) -> str:
    """Return the words for a record's state; an unknown one as it is."""
    return {
        "requested": _("已受理"),
        "searching": _("正在查询全国索引"),
        "fetching": _("前置机正在缓存"),
        "cached": _("已缓存到前置机"),
        "partly": _("部分缓存"),
        "completed": _("已完成"),
        "failed": _("未成功"),
        "complete": _("完整"),
        "no_report": _("不完整：无已审核报告"),
        "supplement": _("待补传"),
        "unreadable": _("影像无法读取"),
        "not_judged": _("待质控"),
        "consented": _("已同意缓存"),
        "withdrawn": _("已撤回同意"),
        "live": _("有效"),
        "ended": _("已结束"),
        "pictures.view": _("查看影像"),
        "report.view": _("查看报告"),
        "dicom.view": _("查看 DICOM"),
        "dicom.download": _("下载 DICOM"),
        "report.download": _("下载报告"),
        "dicom.send.order": _("发送到节点"),
        "film.print": _("打印胶片"),
        "key_images.export": _("导出关键影像"),
        "download.create": _("生成下载"),
        "download.complete": _("下载完成"),
    }.get(state, state)


def level_words() -> list[tuple[str, str]]:
    """Return the levels of hospitals (server.centre.institutions.LEVELS) with their words."""
    return [
        ("三级甲等", _("三级甲等")),
        ("三级乙等", _("三级乙等")),
        ("三级", _("三级")),
        ("二级甲等", _("二级甲等")),
        ("二级乙等", _("二级乙等")),
        ("二级", _("二级")),
        ("一级", _("一级")),
        ("未定级", _("未定级")),
    ]


def level_word(level: str) -> str:
    """Return the words for a level, "-" where nobody said."""
    return dict(level_words()).get(level, level) or "-"


def role_words() -> dict[Role, str]:
    """Return the names of roles."""
    return {
        Role.PATIENT: _("参保人"),
        Role.DOCTOR: _("医生"),
        Role.INSTITUTION_ADMINISTRATOR: _("机构管理员"),
        Role.ADMINISTRATOR: _("系统管理员"),
        Role.AUDITOR: _("审计员"),
        Role.SUPERVISOR: _("医保监管人员"),
    }


def export_refusal(reason: ExportRefusal) -> str:
    """Return why an export is not to be had, and what to do."""
    return {
        ExportRefusal.NO_REASON: _("请写明导出理由（至少 4 个字），供审批人核对。"),
        ExportRefusal.OWN_REQUEST: _("不能审批自己的申请，请另一位系统管理员审批。"),
        ExportRefusal.NO_APPROVER: _("只有系统管理员可以审批导出。"),
        ExportRefusal.DECIDED: _("这个申请已经审批过了。"),
        ExportRefusal.NOT_APPROVED: _("尚未批准，批准后才能下载。"),
        ExportRefusal.EXPIRED: _("批准已过期，请重新申请。"),
    }[reason]


def rights_refusal(reason: RightsRefusal) -> str:
    """Return why rights are not changed, and what to do."""
    return {
        RightsRefusal.OWN: _("不能处理自己的账户，请另一位管理员处理。"),
        RightsRefusal.SEPARATED: _("职责分离：管理、审计和监管不能在同一账户间转换，请另建账户。"),
        RightsRefusal.NOT_YOURS_TO_GIVE: _("您不能授予这个角色。"),
        RightsRefusal.NO_INSTITUTION: _("该账户不属于任何机构，不能授予机构内的角色。"),
    }[reason]
