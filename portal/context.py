"""What a request may reach: the image cloud, and one database session of its own."""

from __future__ import annotations

from typing import cast

from flask import Flask, Response, current_app, g
from sqlalchemy.orm import Session

from server.cloud import ImageCloud

EXTENSION = "yingyun"
FIRST_ERROR_STATUS = 400


def current_cloud() -> ImageCloud:
    """Return the image cloud that this application serves."""
    return cast(ImageCloud, current_app.extensions[EXTENSION])


def database_session() -> Session:
    """Return the request's database session; it is opened at first use.

    What was changed is committed when the answer is below 400 and rolled back otherwise. Services
    that must survive a refusal (counters of failed tries) open their own transaction.
    """
    if "database_session" not in g:
        g.database_session = Session(current_cloud().database.engine, expire_on_commit=False)
    return cast(Session, g.database_session)


def _finish(response: Response) -> Response:
    session: Session | None = g.get("database_session")
    if session is not None:
        if response.status_code < FIRST_ERROR_STATUS:
            session.commit()
        else:
            session.rollback()
    return response


def _close(_error: BaseException | None) -> None:
    session: Session | None = g.pop("database_session", None)
    if session is not None:
        session.close()


def install_context(app: Flask, cloud: ImageCloud) -> None:
    """Hang the cloud on the application."""
    app.extensions[EXTENSION] = cloud
    app.teardown_appcontext(_close)


def install_transactions(app: Flask) -> None:
    """End the request's transaction as soon as its answer is known, before headers and log."""
    app.after_request(_finish)
