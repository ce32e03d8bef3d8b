"""The entries of the portal: a patient's four (A-48), a doctor's work list."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, request
from flask_babel import lazy_gettext as _l

from portal.context import current_cloud
from portal.identity import Identity, current_identity
from server.model import Role


@dataclass(frozen=True)
class NavigationEntry:
    """One entry of the bar: where it leads and how it looks."""

    name: str
    label: str
    icon: str
    address: str


PATIENT = (
    NavigationEntry("archive", _l("影像档案"), "stack-2", "/studies"),
    NavigationEntry("images", _l("影像查看"), "photo", "/studies?show=images"),
    NavigationEntry("reports", _l("报告查看"), "report-medical", "/studies?show=reports"),
    NavigationEntry("shares", _l("授权分享"), "share", "/shares"),
)
DOCTOR = (
    NavigationEntry("work", _l("阅片工作列表"), "report-medical", "/doctor/studies"),
    NavigationEntry("requests", _l("跨院调阅"), "building-hospital", "/doctor/requests"),
)
CONSOLE = NavigationEntry("console", _l("工作台"), "home", "/admin")
REVIEWER = (CONSOLE, NavigationEntry("reviews", _l("授权复核"), "shield-check", "/reviews"))
RECORDS = NavigationEntry("records", _l("业务记录"), "list-details", "/admin/records")
ADMINISTRATOR = (
    CONSOLE,
    NavigationEntry("alarms", _l("告警"), "bell", "/admin/alarms"),
    RECORDS,
)
AUDITOR = (
    CONSOLE,
    NavigationEntry("log", _l("操作日志"), "history", "/admin/log"),
    RECORDS,
)
SUPERVISOR = (
    CONSOLE,
    NavigationEntry("supervision", _l("检查核查"), "search", "/admin/supervision"),
    NavigationEntry("indicators", _l("数据治理"), "heartbeat", "/admin/indicators"),
)
ENTRIES = {
    Role.PATIENT: PATIENT,
    Role.DOCTOR: DOCTOR,
    Role.INSTITUTION_ADMINISTRATOR: REVIEWER,
    Role.ADMINISTRATOR: ADMINISTRATOR,
    Role.AUDITOR: AUDITOR,
    Role.SUPERVISOR: SUPERVISOR,
}
# Rooms of the console that have an entry of their own; the others belong to its first.
ROOMS = {one.address: one.name for one in (*ADMINISTRATOR[1:], *AUDITOR[1:], *SUPERVISOR[1:])}


def navigation() -> tuple[NavigationEntry, ...]:
    """Return the entries for whoever is signed in; none before the consent."""
    identity = current_identity()
    if identity is None or identity.needs_consent or identity.launch_id is not None:
        return ()
    if identity.temporary_credential:
        return ()
    return ENTRIES.get(identity.role, ())


def active_entry() -> str:
    """Return the name of the entry that the present page belongs to."""
    path = request.path
    if path == CONSOLE.address or path.startswith(f"{CONSOLE.address}/"):
        return next((ROOMS[one] for one in ROOMS if path.startswith(one)), CONSOLE.name)
    for entry in (*DOCTOR[1:], *REVIEWER[1:]):
        if path.startswith(entry.address):
            return entry.name
    if path.startswith("/doctor"):
        return "work"
    if path.startswith("/shares") or "/shares" in path:
        return "shares"
    if path.endswith("/report") or request.args.get("show") == "reports":
        return "reports"
    if path.startswith("/elsewhere/"):
        return "archive"
    if path in ("/studies", "/studies/compare"):
        return "images" if request.args.get("show") == "images" else "archive"
    return "images" if path.startswith("/studies/") else ""


def install_navigation(app: Flask) -> None:
    """Give templates the entries, who is signed in, and the name of the site."""

    def facts() -> dict[str, object]:
        identity: Identity | None = current_identity()
        return {
            "identity": identity,
            "for_hospitals": identity is not None and identity.role is not Role.PATIENT,
            "navigation": navigation(),
            "active_entry": active_entry(),
            "site_name": current_cloud().settings.site_name,
            "development": current_cloud().settings.development,
        }

    app.context_processor(facts)
