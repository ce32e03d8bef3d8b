"""How far the upload of an exam is: images, report and settlement, each ticked (E-47, E-09).

A hospital names an exam by its accession number. A settlement gives its data 24 hours; the upload
is complete when all three are here, and not before.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from server import clock
from server.alarms import raise_alarm, settle
from server.model import (
    ExamUpload,
    Instance,
    Institution,
    ProcessingState,
    Series,
    Settlement,
    Study,
)
from server.provinces.records import is_own
from server.study_conditions import has_served_report

if TYPE_CHECKING:
    from server.cloud import ImageCloud

SETTLEMENT_TIME = timedelta(hours=24)
OVERDUE = "settlement_overdue"
MOST_OPENED = 1000  # at a time; the rest follows at the next


def upload_of(session: Session, institution_id: int, accession_number: str) -> ExamUpload | None:
    """Return how far an exam is; None for one that nobody has named."""
    return session.scalar(
        select(ExamUpload).where(
            ExamUpload.institution_id == institution_id,
            ExamUpload.accession_number == accession_number,
        )
    )


def open_upload(session: Session, institution_id: int, accession_number: str) -> ExamUpload:
    """Return the upload of an exam, begun now where there is none."""
    found = upload_of(session, institution_id, accession_number)
    if found is not None:
        return found
    made = ExamUpload(institution_id=institution_id, accession_number=accession_number)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:  # told at the same moment by another system of the hospital
        other = upload_of(session, institution_id, accession_number)
        assert other is not None
        return other
    return made


def note_settled(
    session: Session, institution_id: int, accession_number: str, settled_at: datetime
) -> ExamUpload:
    """Note that an exam was settled: its settlement data are due 24 hours later (E-09).

    Told of several settlements of an exam, the first one's time counts.
    """
    upload = open_upload(session, institution_id, accession_number)
    if upload.settled_at is None or settled_at < upload.settled_at:
        upload.settled_at, upload.deadline_at = settled_at, settled_at + SETTLEMENT_TIME
    session.flush()
    return upload


def tick(session: Session, upload: ExamUpload | None = None) -> None:
    """Tick what has come since, of one upload or of all that are not complete."""
    now = clock.now()
    open_ones: list[ColumnElement[bool]] = [ExamUpload.completed_at.is_(None)]
    if upload is not None:
        open_ones.append(ExamUpload.id == upload.id)
        session.flush()
    for column, condition in (
        (ExamUpload.images_at, _has_images()),
        (ExamUpload.report_at, _has_report()),
        (ExamUpload.settlement_at, _has_settlement()),
    ):
        _set(session, column, now, *open_ones, column.is_(None), condition)
    every = (ExamUpload.images_at, ExamUpload.report_at, ExamUpload.settlement_at)
    _set(session, ExamUpload.completed_at, now, *open_ones, *(one.is_not(None) for one in every))
    if upload is not None:
        session.refresh(upload)


def is_late(upload: ExamUpload) -> bool:
    """Whether the settlement data came, or still are to come, after their 24 hours."""
    if upload.deadline_at is None:
        return False
    return (upload.settlement_at or clock.now()) > upload.deadline_at


def tend(cloud: ImageCloud) -> int:
    """Open what was settled or stored without being named, tick, and raise or settle the alarm
    of each institution whose settlement data are overdue; return how many exams are.
    """
    with cloud.database.session() as session:
        _open_settled(session)
        _open_stored(session)
        tick(session)
        return _watch(session)


def overdue_condition() -> ColumnElement[bool]:
    """Return the condition for uploads whose settlement data are missing past the deadline."""
    return and_(ExamUpload.settlement_at.is_(None), ExamUpload.deadline_at < clock.now())


def _set(session: Session, column: InstrumentedAttribute[Any], now: datetime, *where: Any) -> None:
    session.execute(
        update(ExamUpload)
        .where(*where)
        .values({column: now})
        .execution_options(synchronize_session=False)
    )


def _bound_study() -> ColumnElement[bool]:
    return and_(
        Study.institution_id == ExamUpload.institution_id,
        Study.accession_number == ExamUpload.accession_number,
    )


def _has_images() -> ColumnElement[bool]:
    """As many as the hospital's list says, or any where it said nothing; none unreadable."""
    count = (
        select(func.count(Instance.id))
        .join(Series, Series.series_id == Instance.series_id)
        .join(Study, Study.study_id == Series.study_id)
        .where(_bound_study(), Study.state != ProcessingState.FAILED)
        .correlate(ExamUpload)
        .scalar_subquery()
    )
    return and_(count > 0, count >= ExamUpload.image_count)


def _has_report() -> ColumnElement[bool]:
    return exists(
        select(Study.study_id).where(_bound_study(), has_served_report()).correlate(ExamUpload)
    )


def _has_settlement() -> ColumnElement[bool]:
    return exists(select(Settlement.id).where(_bound_settlement()).correlate(ExamUpload))


def _bound_settlement() -> ColumnElement[bool]:
    return and_(
        Settlement.institution_id == ExamUpload.institution_id,
        Settlement.accession_number == ExamUpload.accession_number,
    )


def _open_settled(session: Session) -> None:
    rows = session.execute(
        select(
            Settlement.institution_id, Settlement.accession_number, func.min(Settlement.settled_at)
        )
        .outerjoin(ExamUpload, _bound_settlement())
        .where(
            Settlement.accession_number != "",
            or_(ExamUpload.id.is_(None), ExamUpload.settled_at.is_(None)),
        )
        .group_by(Settlement.institution_id, Settlement.accession_number)
        .limit(MOST_OPENED)
    ).all()
    for institution_id, accession_number, settled_at in rows:
        note_settled(session, institution_id, accession_number, settled_at)


def _open_stored(session: Session) -> None:
    rows = session.execute(
        select(Study.institution_id, Study.accession_number)
        .outerjoin(ExamUpload, _bound_study())
        .where(Study.accession_number != "", ExamUpload.id.is_(None), is_own())
        .distinct()
        .limit(MOST_OPENED)
    ).all()
    for institution_id, accession_number in rows:
        open_upload(session, institution_id, accession_number)


def _watch(session: Session) -> int:
    counts = dict(
        session.execute(
            select(Institution.code, func.count(ExamUpload.id))
            .join(ExamUpload, ExamUpload.institution_id == Institution.id)
            .where(overdue_condition())
            .group_by(Institution.code)
        ).all()
    )
    for one in session.scalars(select(Institution)).all():
        count = counts.get(one.code, 0)
        if not count:
            settle(session, OVERDUE, one.code)
            continue
        words = (
            f"{one.name}：{count} 次检查的结算数据超过 24 小时未上传，请通知该医院 / "
            f"settlement data of {count} exams are more than 24 hours late"
        )
        raise_alarm(session, OVERDUE, one.code, words)
    return sum(counts.values())
