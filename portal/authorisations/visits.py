"""“Who saw my images” (谁看过我的影像, F-41): every opening, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from jinja2_fragments.flask import render_block

from portal.authorisations import words
from portal.context import database_session
from portal.decisions import signed_in
from portal.identity import signed_in_identity
from server.authorisations import visits
from server.authorisations.visits import Visit, Way, Whom
from server.model import Account, Role

blueprint = Blueprint("authorisation_visits", __name__)

ADDRESS = "/authorisations/visits"


@dataclass(frozen=True)
class VisitRow:
    """One opening as it is shown."""

    time: datetime
    who: str
    where: str
    what: str
    study: str
    person_name: str
    way: str
    badge: str


@dataclass(frozen=True)
class VisitsView:
    """What templates/authorisations/visits.html is given; `filters` are (label, address, here)."""

    rows: tuple[VisitRow, ...]
    filters: tuple[tuple[str, str, bool], ...]
    more_url: str


@blueprint.get("")
@signed_in(roles=(Role.PATIENT,))
def page() -> ResponseReturnValue:
    """Show the openings; htmx asks for later pages only."""
    view = _view()
    if "HX-Request" in request.headers:
        return str(render_block("authorisations/visits.html", "entries", page=view))
    return render_template("authorisations/visits.html", page=view)


def _view() -> VisitsView:
    session = database_session()
    account = session.get_one(Account, signed_in_identity().account_id)
    asked = request.args.get("whom", "")
    whom = Whom(asked) if asked in {*Whom} else Whom.ALL
    found = visits.visits_page(
        session, account, whom=whom, before=request.args.get("before", type=int)
    )
    labels = {
        Whom.ALL: _("全部"),
        Whom.DOCTORS: _("医生"),
        Whom.SHARES: _("分享"),
        Whom.OWN: _("本人和家人"),
    }
    return VisitsView(
        rows=tuple(_row(one, account) for one in found.visits),
        filters=tuple(
            (label, f"{ADDRESS}?whom={one}", one is whom) for one, label in labels.items()
        ),
        more_url=(
            f"{ADDRESS}?{urlencode({'whom': str(whom), 'before': found.next_before})}"
            if found.next_before is not None
            else ""
        ),
    )


def _row(visit: Visit, account: Account) -> VisitRow:
    reader, person = visit.reader, visit.study.person
    badges = {Way.EMERGENCY: "danger", Way.AUTHORISED: "brand", Way.SHARE: "warning"}
    other = person is not None and person.id != account.person_id
    return VisitRow(
        time=visit.time,
        who=_who(visit),
        where=reader.institution.name if reader is not None and reader.institution else "",
        what=_what(visit.event),
        study=words.study_words(visit.study),
        person_name=person.name if person is not None and other else "",
        way=_way(visit.way),
        badge=badges.get(visit.way, "neutral"),
    )


def _who(visit: Visit) -> str:
    if visit.way is Way.SELF:
        return _("本人")
    if visit.way is Way.SHARE:
        return visit.recipient or _("打开分享链接的人")
    if visit.reader is None:
        return _("系统")
    return words.account_words(visit.reader)


def _way(way: Way) -> str:
    return {
        Way.SELF: _("本人账户"),
        Way.FAMILY: _("亲情账户"),
        Way.SHARE: _("您的分享"),
        Way.OWN_HOSPITAL: _("检查医院诊疗"),
        Way.AUTHORISED: _("经您授权"),
        Way.EMERGENCY: _("急诊紧急调阅"),
        Way.OTHER: _("其他"),
    }[way]


def _what(event: str) -> str:
    return {
        "pictures.view": _("查看影像图片"),
        "report.view": _("查看报告"),
        "dicom.view": _("查看 DICOM 影像"),
        "report.download": _("下载报告"),
        "dicom.download": _("下载 DICOM 影像"),
        "dicom.send.order": _("发送 DICOM 影像"),
        "film.print": _("打印胶片"),
        "key_images.export": _("导出关键图像"),
    }[event]
