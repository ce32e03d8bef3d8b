"""Orders to send: given by a doctor on the page, done by the workers, looked at until done."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from server.model import UNFINISHED_SENDING, Instance, Sending, Series, Study
from server.sending.nodes import DicomNode

MOST_SHOWN = 20


class SendingRefusedError(ValueError):
    """The order makes no sense; the message is for people."""


def order(
    session: Session,
    study: Study,
    account_id: int,
    node: DicomNode,
    series_ids: Sequence[str],
    *,
    launch_id: str | None = None,
) -> Sending:
    """Note an order to send the chosen series to a node; `series_ids` empty is the whole study.

    One that is given in a launch reaches no further than that launch's patient and visit.
    The caller commits and then hands it to `JobQueue.send`. Raises SendingRefusedError for series
    that are not of the study, where there is nothing to send, and while the same is on its way.
    """
    known = {one.series_id for one in study.series}
    chosen = sorted(set(series_ids))
    if not known.issuperset(chosen):
        raise SendingRefusedError("序列不属于此检查 / a series is not one of this study")
    sending = Sending(
        study_id=study.study_id,
        account_id=account_id,
        launch_id=launch_id,
        node=node.name,
        series_ids=chosen,
    )
    sending.total = count(session, sending)
    if sending.total == 0:
        raise SendingRefusedError("没有可发送的影像 / there is nothing to send")
    same = select(Sending).where(
        Sending.study_id == study.study_id,
        Sending.node == node.name,
        Sending.state.in_(UNFINISHED_SENDING),
    )
    if any(one.series_ids == chosen for one in session.scalars(same)):
        raise SendingRefusedError("正在发送，请勿重复发送 / the same is already being sent")
    session.add(sending)
    session.flush()
    return sending


def sendings_of(session: Session, study_id: str) -> tuple[Sending, ...]:
    """Return the newest orders for a study, whoever gave them, newest first."""
    rows = session.scalars(
        select(Sending)
        .where(Sending.study_id == study_id)
        .order_by(Sending.created_at.desc())
        .limit(MOST_SHOWN)
        .execution_options(populate_existing=True)
    )
    return tuple(rows)


def instances_of(sending: Sending) -> Select[Instance]:
    """Return the query of all objects of an order, in the order in which they go."""
    query = select(Instance).join(Series).where(Series.study_id == sending.study_id)
    if sending.series_ids:
        query = query.where(Series.series_id.in_(sending.series_ids))
    return query.order_by(Instance.id)


def count(session: Session, sending: Sending) -> int:
    """Return how many objects an order has."""
    rows = instances_of(sending).order_by(None).subquery()
    return session.scalar(select(func.count()).select_from(rows)) or 0


def counts(session: Session, study: Study) -> dict[str, int]:
    """Return how many objects each series of a study has; series without any are left out."""
    rows = session.execute(
        select(Series.series_id, func.count(Instance.id))
        .join(Instance, Instance.series_id == Series.series_id)
        .where(Series.study_id == study.study_id)
        .group_by(Series.series_id)
    )
    return dict(rows.all())
