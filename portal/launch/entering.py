"""How a browser comes in by a ticket, whichever address it was presented at (E-43)."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.context import current_cloud
from portal.identity import source_address
from portal.sessions import clear_launch, launch_tokens, set_launch
from server import launches
from server.launches import Presented, Redeemed, TicketFault
from server.model import Launch

GONE = 410
FRAMES = frozenset({"iframe", "frame"})


def redeem(ticket: str, presented: Presented) -> Redeemed:
    """Use a ticket up, and end what this browser has open of others. Raises TicketError."""
    cloud = current_cloud()
    return launches.redeem(
        cloud,
        ticket,
        presented,
        source=source_address(),
        previous_tokens=launch_tokens(cloud.settings, request).values(),
    )


def keep(response: Response, redeemed: Redeemed) -> None:
    """Set the launch's cookie; those of ended launches go."""
    settings = current_cloud().settings
    for launch_id in launch_tokens(settings, request):
        with current_cloud().database.session() as session:
            earlier = session.get(Launch, launch_id)
            if earlier is None or earlier.ended_at is not None:
                clear_launch(response, settings, launch_id)
    set_launch(response, settings, redeemed.launch.launch_id, redeemed.token)


def presented_by_browser(issuer: str | None = None) -> Presented:
    """Return how the browser presents a ticket: in a frame or not, and around which page."""
    said = request.headers.get("Sec-Fetch-Dest")
    in_frame = None if said is None else said in FRAMES
    return Presented(in_frame, issuer or origin_of(request.referrer))


def origin_of(address: str | None) -> str | None:
    """Return the origin of an address, None for none and for what is no address."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else None


def refused(fault: TicketFault) -> ResponseReturnValue:
    """Say why a ticket does not serve, and where to get another."""
    words = {
        TicketFault.USED: _("这次调阅的入口已经用过"),
        TicketFault.EXPIRED: _("这次调阅的入口已过期"),
        TicketFault.ORIGIN: _("这次调阅不是从登记的医院系统打开的"),
        TicketFault.STUDY: _("这位患者名下没有这次检查"),
    }
    title = words.get(fault, _("无法打开这次调阅"))
    return render_template("launch/closed.html", title=title, advice=back_to_his()), GONE


def back_to_his() -> str:
    """Return what to do where a launch is over."""
    return str(_("请回到医院系统，需要时重新打开影像。"))
