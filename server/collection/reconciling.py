"""A hospital's list of its exams of a day compared with what was uploaded (E-03)."""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock
from server.collection.uploads import open_upload, tick
from server.model import ExamUpload, Study
from server.provinces.records import is_own
from server.study_conditions import examined_between


class Gap(enum.StrEnum):
    """In what list and uploads differ."""

    NOT_UPLOADED = "not_uploaded"  # listed, and no image has come
    INCOMPLETE = "incomplete"  # fewer images than the list says
    NOT_LISTED = "not_listed"  # uploaded, and the list does not know it


@dataclass(frozen=True)
class ListedExam:
    """One line of a hospital's list; 0 images where it does not say how many."""

    accession_number: str
    modality: str = ""
    image_count: int = 0


@dataclass(frozen=True)
class Difference:
    """One exam in which list and uploads differ."""

    accession_number: str
    gap: Gap


@dataclass(frozen=True)
class Reconciled:
    """How many exams are listed and how many of them uploaded, and every difference."""

    day: date
    listed: int
    uploaded: int
    differences: tuple[Difference, ...]


def take_list(
    session: Session, institution_id: int, day: date, exams: Collection[ListedExam]
) -> Reconciled:
    """Take an institution's whole list of a day in place of the one before, and compare it."""
    numbers = {one.accession_number for one in exams}
    for former in _listed(session, institution_id, day):
        if former.accession_number not in numbers:
            former.listed_at, former.exam_date = None, None
    for exam in exams:
        upload = open_upload(session, institution_id, exam.accession_number)
        if upload.image_count < exam.image_count:
            upload.images_at = upload.completed_at = None
        upload.listed_at, upload.exam_date = clock.now(), day
        upload.modality, upload.image_count = exam.modality, exam.image_count
    session.flush()
    return reconcile(session, institution_id, day)


def reconcile(session: Session, institution_id: int, day: date) -> Reconciled:
    """Compare the list of a day (in China) with what is here now."""
    tick(session)
    session.expire_all()
    listed = _listed(session, institution_id, day)
    here = set(
        session.scalars(
            select(Study.accession_number).where(
                Study.institution_id == institution_id, is_own(), *examined_between(day, day)
            )
        )
    )
    missing = [one for one in listed if one.images_at is None]
    stored = _stored(session, institution_id, missing)
    differences = [
        Difference(
            one.accession_number,
            Gap.INCOMPLETE if one.accession_number in stored else Gap.NOT_UPLOADED,
        )
        for one in missing
    ]
    unknown = here - {one.accession_number for one in listed}
    differences += [Difference(number, Gap.NOT_LISTED) for number in sorted(unknown)]
    return Reconciled(day, len(listed), len(listed) - len(missing), tuple(differences))


def _listed(session: Session, institution_id: int, day: date) -> list[ExamUpload]:
    return list(
        session.scalars(
            select(ExamUpload)
            .where(
                ExamUpload.institution_id == institution_id,
                ExamUpload.exam_date == day,
                ExamUpload.listed_at.is_not(None),
            )
            .order_by(ExamUpload.accession_number)
        )
    )


def _stored(
    session: Session, institution_id: int, uploads: Collection[ExamUpload]
) -> frozenset[str]:
    numbers = [one.accession_number for one in uploads]
    found = session.scalars(
        select(Study.accession_number).where(
            Study.institution_id == institution_id, Study.accession_number.in_(numbers)
        )
    )
    return frozenset(found)
