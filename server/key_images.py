"""Key images (关键影像): what a reader marked in a study, and as DICOM Key Object Selection."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.annotations.objects import StoredObject, objects_of
from server.annotations.report import MANUFACTURER, SERIES_NUMBER, Reader, evidence_of
from server.model import KeyImage, Series, Study

MOST_MARKED = 500  # of one reader in one study


class KeyImageRefusedError(ValueError):
    """The image is none of the study, or too many are marked; the message is for people."""


@dataclass(frozen=True)
class Marked:
    """One marked image; `frame_number` counts from 1."""

    series_id: str
    sop_instance_uid: str
    frame_number: int


def marked_images(session: Session, study: Study, account_id: int) -> tuple[Marked, ...]:
    """Return what an account marked in a study, in the order of its series and images."""
    rows = session.scalars(
        select(KeyImage)
        .join(Series, Series.series_id == KeyImage.series_id)
        .where(Series.study_id == study.study_id, KeyImage.account_id == account_id)
        .execution_options(populate_existing=True)
    ).all()
    order = {uid: place for place, uid in enumerate(objects_of(session, study))}
    found = (Marked(one.series_id, one.sop_instance_uid, one.frame_number) for one in rows)
    known = (one for one in found if one.sop_instance_uid in order)
    return tuple(sorted(known, key=lambda one: (order[one.sop_instance_uid], one.frame_number)))


def mark(session: Session, study: Study, account_id: int, image: Marked, *, on: bool) -> None:
    """Mark an image, or take its mark away; nothing happens where that is so already.

    Raises KeyImageRefusedError.
    """
    check(session, study, image)
    if not on:
        session.execute(
            delete(KeyImage).where(
                KeyImage.account_id == account_id,
                KeyImage.series_id == image.series_id,
                KeyImage.sop_instance_uid == image.sop_instance_uid,
                KeyImage.frame_number == image.frame_number,
            )
        )
        return
    there = marked_images(session, study, account_id)
    if image in there:
        return
    if len(there) >= MOST_MARKED:
        raise KeyImageRefusedError(
            f"关键影像不能多于 {MOST_MARKED} 幅 / no more than {MOST_MARKED} key images"
        )
    session.add(
        KeyImage(
            account_id=account_id,
            series_id=image.series_id,
            sop_instance_uid=image.sop_instance_uid,
            frame_number=image.frame_number,
        )
    )
    session.flush()


def check(session: Session, study: Study, image: Marked) -> None:
    """Raise KeyImageRefusedError unless the image is one of the study."""
    known = objects_of(session, study).get(image.sop_instance_uid)
    if known is None or not _is_of(known, image):
        raise KeyImageRefusedError("影像不属于此检查 / the image is not one of this study")


def _is_of(known: StoredObject, image: Marked) -> bool:
    return known.series_id == image.series_id and 1 <= image.frame_number <= known.frames


def make_selection(
    session: Session, study: Study, images: Sequence[Marked], reader: Reader
) -> bytes:
    """Return the marked images as a Key Object Selection Document (PS3.3 A.35.4, TID 2010).

    Its title is "Of Interest"; frames are named where an object has several. There is at least one
    image, all of the study: raises KeyImageRefusedError.
    """
    # highdicom takes half a second to import; few readers export.
    from highdicom.ko import KeyObjectSelection, KeyObjectSelectionDocument
    from highdicom.sr import CodedConcept, ObserverContext, PersonObserverIdentifyingAttributes

    if not images:
        raise KeyImageRefusedError("没有关键影像 / no key image is marked")
    for image in images:
        check(session, study, image)
    objects = objects_of(session, study)
    evidence = {
        one.sop_instance_uid: evidence_of(study, objects[one.sop_instance_uid], reader)
        for one in images
    }
    title = codes.DCM.OfInterest
    with warnings.catch_warnings():
        # highdicom doubts names of one part; a role is no name.
        warnings.simplefilter("ignore", UserWarning)
        content = KeyObjectSelection(
            document_title=CodedConcept(title.value, title.scheme_designator, title.meaning),
            referenced_objects=list(evidence.values()),
            observer_person_context=ObserverContext(
                codes.DCM.Person, PersonObserverIdentifyingAttributes(name=reader.role)
            ),
        )
        document = KeyObjectSelectionDocument(
            evidence=list(evidence.values()),
            content=content,
            series_instance_uid=generate_uid(prefix=None),
            series_number=SERIES_NUMBER + 1,
            sop_instance_uid=generate_uid(prefix=None),
            instance_number=1,
            manufacturer=MANUFACTURER,
        )
    _name_frames(document, images, objects)
    file = io.BytesIO()
    document.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _name_frames(
    document: object, images: Sequence[Marked], objects: dict[str, StoredObject]
) -> None:
    """Say which frames of multi-frame objects are meant (PS3.3 C.18.4)."""
    frames: dict[str, list[int]] = {}
    for one in images:
        if objects[one.sop_instance_uid].frames > 1:
            frames.setdefault(one.sop_instance_uid, []).append(one.frame_number)
    for item in getattr(document, "ContentSequence", ()):
        for reference in getattr(item, "ReferencedSOPSequence", ()):
            numbers = frames.get(reference.ReferencedSOPInstanceUID)
            if numbers:
                reference.ReferencedFrameNumber = numbers
