"""The annotations of one reader on one study: loaded, saved, never overwritten unseen.

Whoever saves names the revision that he started from. If another device of the same reader has
saved since, nothing is changed: what is kept stays kept, what was sent is still with the sender,
who joins the two and saves again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from server import audit, clock
from server.access import Grant
from server.annotations.errors import AnnotationsRefused, StaleRevision
from server.model import AnnotationSet, Instance, Series, Study
from viewer_py.measure.annotation import Annotation
from viewer_py.measure.annotation_json import MOST_BYTES, from_json, to_json

if TYPE_CHECKING:
    from server.cloud import ImageCloud

NEVER_SAVED = 0


@dataclass(frozen=True)
class Kept:
    """What is kept of a reader; `revision` 0 means that he never saved anything."""

    revision: int
    annotations: tuple[Annotation, ...]


def load(cloud: ImageCloud, session: Session, study: Study, account_id: int) -> Kept:
    """Return what an account drew on a study. Raises StorageError when it cannot be opened."""
    row = session.get(AnnotationSet, (study.study_id, account_id))
    if row is None:
        return Kept(NEVER_SAVED, ())
    name = _name(study.study_id, account_id)
    plain = cloud.vault.unsealed(study.data_key, name, row.content_sealed)
    return Kept(row.revision, from_json(plain))


def save(
    cloud: ImageCloud,
    session: Session,
    grant: Grant,
    study: Study,
    base_revision: int,
    annotations: Sequence[Annotation],
) -> int:
    """Keep the annotations of the grant's account, audited; return their new revision.

    `base_revision` is the one that the reader started from. Raises StaleRevision when another is
    kept, AnnotationsRefused for places outside the study and too much text, ValueError for a grant
    without an account.
    """
    account_id = grant.account_id
    if account_id is None:
        raise ValueError("only an account keeps annotations")
    check_places(session, study, annotations)
    name = _name(study.study_id, account_id)
    plain = to_json(annotations).encode()
    if len(plain) > MOST_BYTES:  # it could not be read again
        raise AnnotationsRefused("标注数据过大", "the annotations are too large")
    sealed = cloud.vault.sealed(study.data_key, name, plain)
    written = _insert if base_revision == NEVER_SAVED else _replace
    if not written(session, study.study_id, account_id, base_revision, sealed):
        kept = session.scalar(
            select(AnnotationSet.revision).where(
                AnnotationSet.study_id == study.study_id, AnnotationSet.account_id == account_id
            )
        )
        raise StaleRevision(kept or NEVER_SAVED)
    audit.record(
        session,
        actor_kind="account",
        actor=grant.subject,
        event="annotations.save",
        object_kind="study",
        object_id=study.study_id,
        source=grant.source,
        detail={"revision": base_revision + 1, "count": len(annotations)},
    )
    return base_revision + 1


def check_places(session: Session, study: Study, annotations: Sequence[Annotation]) -> None:
    """Raise AnnotationsRefused unless all annotations lie on series and images of the study."""
    series = {one.image.series_id for one in annotations}
    known = set(session.scalars(select(Series.series_id).where(Series.study_id == study.study_id)))
    if not series <= known:
        raise AnnotationsRefused("标注不属于此检查的序列", "a series is not one of this study")
    images = {one.image.sop_instance_uid for one in annotations} - {""}
    if not images <= set(instances(session, study)):
        raise AnnotationsRefused("标注不属于此检查的图像", "an image is not one of this study")


def instances(session: Session, study: Study) -> dict[str, tuple[str, str]]:
    """Return SOP Instance UID → (series_id, SOP Class UID) of the objects of a study."""
    rows = session.execute(
        select(Instance.sop_instance_uid, Instance.series_id, Instance.sop_class_uid)
        .join(Series, Series.series_id == Instance.series_id)
        .where(Series.study_id == study.study_id)
    )
    return {uid: (series_id, sop_class) for uid, series_id, sop_class in rows}


def _name(study_id: str, account_id: int) -> str:
    """Return what the sealed content is bound to: nobody can move it to another row."""
    return f"annotations/{study_id}/{account_id}"


def _insert(
    session: Session, study_id: str, account_id: int, _base_revision: int, sealed: bytes
) -> bool:
    """Add the row; False when there is one, of whichever device came first."""
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    values = {
        "study_id": study_id,
        "account_id": account_id,
        "revision": NEVER_SAVED + 1,
        "content_sealed": sealed,
        "updated_at": clock.now(),
    }
    added = session.execute(insert(AnnotationSet).values(values).on_conflict_do_nothing())
    return cast(CursorResult[Any], added).rowcount == 1


def _replace(
    session: Session, study_id: str, account_id: int, base_revision: int, sealed: bytes
) -> bool:
    """Replace the row in one statement, whose condition is the revision."""
    changed = session.execute(
        update(AnnotationSet)
        .where(
            AnnotationSet.study_id == study_id,
            AnnotationSet.account_id == account_id,
            AnnotationSet.revision == base_revision,
        )
        .values(revision=base_revision + 1, content_sealed=sealed, updated_at=clock.now()),
        execution_options={"synchronize_session": False},
    )
    return cast(CursorResult[Any], changed).rowcount == 1
