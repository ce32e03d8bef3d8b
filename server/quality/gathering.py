"""From the rows and objects of a study to the facts that rules look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from server.model import (
    CodeMapping,
    Instance,
    PixelDigest,
    ProcessingState,
    Series,
    Settlement,
    Study,
)
from server.quality.facts import ObjectFacts, Registration, SeriesFacts, StudyFacts
from server.quality.headers import object_facts
from server.quality.pixels import look_at
from server.quality.scorers import SampledFrame
from server.quality.thresholds import Thresholds
from server.reports import served_report
from server.terms import china_time

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

_AT_ONCE = 5000  # digests in one question: databases take so many parameters


@dataclass(frozen=True)
class Gathered:
    """Facts of a study, the digests to be kept (by `Instance.id`), and frames for scorers."""

    facts: StudyFacts
    digests: dict[int, str]
    sampled: tuple[SampledFrame, ...]


def gather(
    cloud: ImageCloud, session: Session, study: Study, limits: Thresholds, *, keep_frames: bool
) -> Gathered:
    """Read all of a study that is stored, header and pixels. Raises StorageError."""
    objects: list[ObjectFacts] = []
    series: list[SeriesFacts] = []
    digests: dict[int, str] = {}
    sampled: list[SampledFrame] = []
    for label, one in _labelled(study):
        instances = session.scalars(
            select(Instance).where(Instance.series_id == one.series_id).order_by(Instance.id)
        ).all()
        objects += [_header(cloud, study, one, label, instance, limits) for instance in instances]
        if one.state != ProcessingState.READY or one.prepared_key is None:
            continue
        found = look_at(cloud, session, one, label, keep_frames=keep_frames)
        series.append(found.facts)
        sampled += found.sampled
        digests |= {
            instance.id: found.digests[instance.sop_instance_uid]
            for instance in instances
            if instance.sop_instance_uid in found.digests
        }
    report = served_report(session, study)
    facts = StudyFacts(
        modality=study.modality,
        study_date=china_time(study.study_datetime).date(),
        objects=tuple(objects),
        series=tuple(series),
        registration=_registration(study),
        report_words=report.exam_item if report is not None else "",
        settled_words=_settled(session, study),
        repeated=repeated(session, study, digests),
    )
    return Gathered(facts, digests, tuple(sampled))


def repeated(session: Session, study: Study, digests: dict[int, str]) -> int:
    """Count objects with the pixels of an earlier object of another person (I-05).

    Who is nobody we know is told apart by Patient ID. Studies judged so far can be found.
    """
    wanted = sorted(set(digests.values()))
    earliest: dict[str, int] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        earliest |= _earliest_of_others(session, study, wanted[start : start + _AT_ONCE])
    return sum(
        digest in earliest and earliest[digest] < instance_id
        for instance_id, digest in digests.items()
    )


def _earliest_of_others(session: Session, study: Study, wanted: list[str]) -> dict[str, int]:
    other = aliased(Study)
    somebody_else = (
        other.person_id.is_distinct_from(study.person_id)
        if study.person_id is not None
        else other.patient_id != study.patient_id
    )
    rows = session.execute(
        select(PixelDigest.sha256, func.min(PixelDigest.instance_id))
        .join(Instance, Instance.id == PixelDigest.instance_id)
        .join(Series, Series.series_id == Instance.series_id)
        .join(other, other.study_id == Series.study_id)
        .where(PixelDigest.sha256.in_(wanted), other.study_id != study.study_id, somebody_else)
        .group_by(PixelDigest.sha256)
    )
    return {sha256: first for sha256, first in rows}  # noqa: C416 - rows are no pairs to mypy


def _labelled(study: Study) -> list[tuple[str, Series]]:
    """Return series with what they are called: their number, with a letter where it is not one."""
    result: list[tuple[str, Series]] = []
    taken: set[str] = set()
    for place, one in enumerate(study.series, 1):
        number = "?" if one.series_number is None else str(one.series_number)
        label = number if number not in taken and number != "?" else f"{number}#{place}"
        taken.add(label)
        result.append((label, one))
    return result


def _header(
    cloud: ImageCloud,
    study: Study,
    series: Series,
    label: str,
    instance: Instance,
    limits: Thresholds,
) -> ObjectFacts:
    data = cloud.vault.read(study.data_key, instance.object_key)
    try:
        return object_facts(
            data, series=label, modality=series.modality, sha256=instance.sha256, limits=limits
        )
    except Exception as error:
        # pydicom raises many kinds of errors; the series' pictures tell what is unreadable.
        log.warning("quality_header", series_id=series.series_id, error=type(error).__name__)
        return ObjectFacts(instance.sop_instance_uid, label, series.modality)


def _settled(session: Session, study: Study) -> str:
    """Return the settled items of a study, and the insurance items that they are mapped to."""
    if not study.accession_number:
        return ""
    rows = session.execute(
        select(Settlement.exam_item, CodeMapping.item_name)
        .outerjoin(
            CodeMapping,
            (CodeMapping.institution_id == Settlement.institution_id)
            & (CodeMapping.hospital_item == Settlement.exam_item),
        )
        .where(
            Settlement.institution_id == study.institution_id,
            Settlement.accession_number == study.accession_number,
        )
        .order_by(Settlement.id)
    )
    return " ".join(words for row in rows for words in row if words)


def _registration(study: Study) -> Registration:
    if study.person is None:
        return Registration()
    return Registration(study.person.sex or "", study.person.birth_date)
