"""Storage policy, room and forecast (D-13, D-14, K-10)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.admin import charts
from portal.admin.console import Figure, actor, in_language, moment, show, size
from portal.admin.sections import changes, reads
from portal.context import current_cloud, database_session
from server import clock
from server.archive import volumes
from server.archive.volumes import VolumeError
from server.centre import capacity, overview, usage
from server.centre.period import day_of, period
from server.model import Tier
from server.storage.endpoints import ForeignEndpointError

blueprint = Blueprint("admin_storage", __name__, url_prefix="/admin/storage")

LIST = "/admin/storage"
FORECAST_DAYS = 90
GIGA = 1_000_000_000
HIGHEST_GIGABYTES = 1_000_000_000


@blueprint.get("")
@reads("storage")
def page() -> str:
    """Show how full each volume is, what arrives, and when the water line is passed."""
    session = database_session()
    uses = volumes.volume_uses(current_cloud(), session)
    known = [one for one in uses if one.capacity_bytes]
    days = period(days=FORECAST_DAYS)
    arrived = overview.arrivals(session, days)
    daily = sum(arrived.values()) / FORECAST_DAYS
    growth = _growth()
    title = _("近 90 天每天存入（GB）")
    weeks = [*arrived.items()][-30:]
    chart = charts.bars(
        title,
        [day[5:] for day, _size in weeks],
        {"GB": [size / GIGA for _day, size in weeks]},
        newest_last=True,
    )
    return show(
        "admin/storage.html",
        uses=uses,
        tiers=_tiers(),
        size=size,
        stored=usage.stored_bytes(session),
        daily=daily,
        growth=growth,
        forecast=capacity.forecast(
            sum(one.used_bytes for one in known),
            sum(one.capacity_bytes or 0 for one in known),
            daily,
            day_of(clock.now()),
            yearly_growth=growth / 100,
        ),
        chart=Figure(_("近 30 天每天存入（GB）"), chart),
        arrived=weeks,
        moment=moment,
    )


@blueprint.post("")
@changes("storage")
def add() -> ResponseReturnValue:
    """Add a volume: new objects of its tier go there from now on."""
    form = request.form
    try:
        volumes.add_volume(
            current_cloud(),
            name=form.get("name", "").strip(),
            url=form.get("url", "").strip(),
            tier=Tier(form.get("tier", "")),
            alarm_percent=int(form.get("alarm_percent", "")),
            capacity_bytes=_capacity(form.get("capacity", "")),
            **_who(),
        )
        flash(_("已添加存储卷，新影像从现在起写入这里。"), "success")
    except (VolumeError, ForeignEndpointError) as error:
        flash(in_language(str(error)), "error")
    except ValueError:
        flash(_("请核对：阈值和容量应为数字。"), "error")
    return redirect(LIST, 303)


@blueprint.post("/<volume_id>")
@changes("storage")
def change(volume_id: str) -> ResponseReturnValue:
    """Change threshold, capacity, and whether new objects go there."""
    form = request.form
    try:
        volumes.change_volume(
            current_cloud(),
            volume_id,
            writable=form.get("writable") == "y",
            alarm_percent=int(form.get("alarm_percent", "")),
            capacity_bytes=_capacity(form.get("capacity", "")),
            **_who(),
        )
        volumes.watch_levels(current_cloud())
        flash(_("已保存，并按新的阈值检查了水位。"), "success")
    except VolumeError as error:
        flash(in_language(str(error)), "error")
    except ValueError:
        flash(_("请核对：阈值和容量应为数字。"), "error")
    return redirect(LIST, 303)


def _who() -> dict[str, str]:
    return {"actor_kind": "account", "actor": f"account:{actor().account_id}"}


def _capacity(text: str) -> int | None:
    """Return gigabytes as bytes; None for nothing. Raises ValueError."""
    if not text.strip():
        return None
    gigabytes = float(text)
    if not 0 <= gigabytes <= HIGHEST_GIGABYTES:  # neither is a number that is none
        raise ValueError("a capacity is a number of gigabytes")
    return round(gigabytes * GIGA)


def _growth() -> int:
    text = request.args.get("growth", "20")
    return min(int(text), 500) if text.isascii() and text.isdigit() and len(text) < 5 else 20


def _tiers() -> list[tuple[str, str]]:
    return [("hot", _("热存储")), ("warm", _("温存储")), ("cold", _("冷存储"))]
