"""Whose pages may hold ours in a frame: for a launch its hospital's page, else nobody's (F-55)."""

from __future__ import annotations

from flask import request

from portal.context import current_cloud
from server import launches


def frame_ancestors() -> tuple[str, ...]:
    """Return the origins that may frame this answer.

    Refusals of an ended launch may be framed too: the physician must be told what to do now.
    """
    launch_id, ticket = (request.view_args or {}).get("launch_id"), launch_ticket()
    if launch_id is None and ticket is None:
        return ()
    with current_cloud().database.session() as session:
        origin = launches.framing_origin(session, launch_id=launch_id, ticket=ticket)
    return (origin,) if origin else ()


def launch_ticket() -> str | None:
    """Return the ticket that the address holds, by path or as a parameter (SMART, IHE)."""
    if request.blueprint not in {"launch", "launch_image_display"}:
        return None
    path: str | None = (request.view_args or {}).get("ticket")
    return path or request.args.get("launch")
