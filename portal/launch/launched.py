"""The decision of the pages in a frame: a live launch, whose physician gave the factors due."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast, overload

from flask import Response, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden, Unauthorized

from portal.decisions import Decision, answers_data
from portal.identity import current_identity
from portal.launch.framing import frame_ancestors
from portal.security import content_security_policy, csp_nonce
from server import launches
from server.model import Launch

View = TypeVar("View", bound=Callable[..., Any])
UNAUTHORIZED = 401


def current_launch() -> Launch:
    """Return the launch of this request; its decision has seen to it that there is one."""
    return cast(Launch, g.launch)


def launched_base(launch_id: str) -> str:
    """Return the address below which everything of a launch hangs."""
    return f"/launched/{launch_id}"


def require_launch(*, confirmed: bool = True) -> Launch | ResponseReturnValue:
    """Return the live launch of the address, or what the frame shows instead.

    Without one the frame asks the page around it for a new ticket, because a browser that refuses
    cookies looks like one whose launch has ended. Raises Unauthorized, Forbidden for programs.
    """
    if current_identity() is None:
        if answers_data():
            raise Unauthorized
        return _no_session()
    launch = current_launch()
    if confirmed and launches.needs_code(launch):
        if answers_data():
            raise Forbidden
        return redirect(f"{launched_base(launch.launch_id)}/code", 303)
    return launch


def _no_session() -> Response:
    """Answer with the page that may hold a session in memory, and then the viewer's pages too."""
    response = make_response(render_template("launch/session.html"), UNAUTHORIZED)
    response.headers["Content-Security-Policy"] = content_security_policy(
        wasm=True, nonce=csp_nonce(), frame_ancestors=frame_ancestors()
    )
    return response


@overload
def launched(view: View) -> View: ...
@overload
def launched(*, confirmed: bool = True, data: bool = False) -> Callable[[View], View]: ...
def launched(view: Any = None, *, confirmed: bool = True, data: bool = False) -> Any:
    """A live launch of the address; `confirmed` with the second factor where one is due."""

    def check(_values: dict[str, Any]) -> ResponseReturnValue | None:
        found = require_launch(confirmed=confirmed)
        return None if isinstance(found, Launch) else found

    def carry(target: Any) -> Any:
        target.decision = Decision("a live launch", check, data)
        return target

    return carry(view) if view is not None else carry


def embedding() -> dict[str, object]:
    """Return what every template is told of the frame: the launch's address, the page around it.

    Both are "" on pages that are no launch's.
    """
    launch_id = (request.view_args or {}).get("launch_id")
    if launch_id is None:
        return {"launched": "", "framed_by": ""}
    return {"launched": launched_base(launch_id), "framed_by": "".join(frame_ancestors())}
