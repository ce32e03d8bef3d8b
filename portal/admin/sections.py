"""The rooms of the console, and who may enter and change what: the one matrix of roles (F-07).

An administrator does not read the operation log, an auditor changes nothing, a supervisor of the
insurance authority looks and no more, an institution's administrator stays with his institution.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.decisions import signed_in
from server.model import Role

ROOT = "/admin"
ADMINISTRATOR = Role.ADMINISTRATOR
INSTITUTION = Role.INSTITUTION_ADMINISTRATOR
AUDITOR = Role.AUDITOR
SUPERVISOR = Role.SUPERVISOR
CONSOLE_ROLES = (ADMINISTRATOR, INSTITUTION, AUDITOR, SUPERVISOR)
RUNNERS = (ADMINISTRATOR, INSTITUTION)


@dataclass(frozen=True)
class Section:
    """One room: `readers` may look, `changers` may change."""

    name: str
    group: str
    label: str
    icon: str
    readers: tuple[Role, ...]
    changers: tuple[Role, ...] = ()

    @property
    def address(self) -> str:
        """Where it is."""
        return f"{ROOT}/{self.name}" if self.name else ROOT


DAILY, HOSPITALS, RUNNING = _l("日常"), _l("接入机构"), _l("运行")
NUMBERS, RULES = _l("统计"), _l("权限与审计")

SECTIONS = (
    Section("", DAILY, _l("工作台"), "home", CONSOLE_ROLES),
    Section("alarms", DAILY, _l("告警"), "bell", (ADMINISTRATOR, AUDITOR), (ADMINISTRATOR,)),
    Section("records", DAILY, _l("业务记录"), "list-details", (*RUNNERS, AUDITOR), RUNNERS),
    Section(
        "exports", DAILY, _l("导出审批"), "file-import", (*RUNNERS, AUDITOR), (*RUNNERS, AUDITOR)
    ),
    Section("supervision", DAILY, _l("检查核查"), "search", (SUPERVISOR,)),
    Section("institutions", HOSPITALS, _l("机构"), "building-hospital", RUNNERS, (ADMINISTRATOR,)),
    Section("staff", HOSPITALS, _l("医技人员"), "id", (*RUNNERS, SUPERVISOR), RUNNERS),
    Section("devices", HOSPITALS, _l("影像设备"), "camera", (*RUNNERS, SUPERVISOR), RUNNERS),
    Section("duties", HOSPITALS, _l("质控人员"), "stethoscope", RUNNERS, RUNNERS),
    Section("links", HOSPITALS, _l("传输链路"), "link", RUNNERS, (ADMINISTRATOR,)),
    Section("gateways", HOSPITALS, _l("前置机"), "cpu", RUNNERS, (ADMINISTRATOR,)),
    Section("nodes", HOSPITALS, _l("DICOM 节点"), "share", (ADMINISTRATOR,)),
    Section("coding", HOSPITALS, _l("编码对照"), "switch-horizontal", RUNNERS, RUNNERS),
    Section("uploads", RUNNING, _l("上传监测"), "upload", (*RUNNERS, SUPERVISOR)),
    Section("index", RUNNING, _l("索引上传"), "cloud", (ADMINISTRATOR,), (ADMINISTRATOR,)),
    Section("caching", RUNNING, _l("缓存申请"), "cloud-download", RUNNERS),
    Section("storage", RUNNING, _l("存储"), "database", (ADMINISTRATOR,), (ADMINISTRATOR,)),
    Section("retention", RUNNING, _l("保存与处置"), "box", (ADMINISTRATOR,), (ADMINISTRATOR,)),
    Section("recalls", RUNNING, _l("冷数据调回"), "hourglass", RUNNERS),
    Section("backups", RUNNING, _l("备份与演练"), "restore", (ADMINISTRATOR, AUDITOR)),
    Section("keys", RUNNING, _l("密钥"), "lock", (ADMINISTRATOR, AUDITOR)),
    Section("usage", NUMBERS, _l("存储用量"), "stack-2", (*RUNNERS, SUPERVISOR)),
    Section("retrievals", NUMBERS, _l("调阅统计"), "eye", (*RUNNERS, SUPERVISOR), (ADMINISTRATOR,)),
    Section("indicators", NUMBERS, _l("数据治理"), "heartbeat", (*RUNNERS, SUPERVISOR)),
    Section("quality", NUMBERS, _l("影像质控"), "adjustments", (*RUNNERS, SUPERVISOR)),
    Section("recognition", NUMBERS, _l("互认统计"), "check", (*RUNNERS, SUPERVISOR)),
    Section("calculators", NUMBERS, _l("容量与带宽"), "ruler", (ADMINISTRATOR, SUPERVISOR)),
    Section("accounts", RULES, _l("账户"), "users", RUNNERS, RUNNERS),
    Section("rights", RULES, _l("权限复核"), "shield-check", (*RUNNERS, AUDITOR), RUNNERS),
    Section("log", RULES, _l("操作日志"), "history", (AUDITOR,)),
)
BY_NAME = {one.name: one for one in SECTIONS}


def sections_of(role: Role) -> tuple[Section, ...]:
    """Return the rooms that a role may enter."""
    return tuple(one for one in SECTIONS if role in one.readers)


def reads(name: str) -> Callable[[Any], Any]:
    """The decision of a view that shows a room."""
    return signed_in(roles=BY_NAME[name].readers)


def changes(name: str, roles: Collection[Role] | None = None) -> Callable[[Any], Any]:
    """The decision of a view that changes something of a room, of all who may or of `roles`."""
    return signed_in(roles=roles or BY_NAME[name].changers)


def may_change(name: str, role: Role) -> bool:
    """Whether buttons that change something are shown."""
    return role in BY_NAME[name].changers
