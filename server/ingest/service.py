"""Ingest: everything of a delivery is stored whole or refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from server.ingest.intake import Intake, Sender
from server.ingest.limits import IngestLimits
from server.ingest.rejection import RefusedError, Rejection
from server.ingest.sources import Source, list_sources

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()


@dataclass(frozen=True)
class IngestSummary:
    """What became of a delivery: received = stored + duplicate + rejected."""

    received: int
    stored: int
    duplicate: int
    rejected: tuple[Rejection, ...]
    study_ids: tuple[str, ...]


def ingest_paths(
    cloud: ImageCloud,
    paths: Iterable[Path],
    *,
    institution_code: str,
    person_id: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    limits: IngestLimits | None = None,
    sender: Sender | None = None,
) -> IngestSummary:
    """Store the DICOM images of files, folders and zip archives, byte for byte.

    `progress(done, total)` is called after each object; what it counts as done is durable with its
    index rows, or is in the list of rejections. A DICOMDIR is passed over. Pictures of every
    touched study are ordered at the end.

    Raises DeliveryError, before anything is read, for an unknown institution or person.
    """
    with Intake(
        cloud,
        institution_code=institution_code,
        person_id=person_id,
        limits=limits,
        sender=sender,
    ) as intake:
        _take_all(intake, paths, limits or IngestLimits.of(cloud.settings), progress)
    tally = intake.tally
    return IngestSummary(
        tally.received,
        tally.stored,
        tally.duplicate,
        tuple(tally.rejected),
        tuple(tally.study_ids),
    )


def _take_all(
    intake: Intake,
    paths: Iterable[Path],
    limits: IngestLimits,
    progress: Callable[[int, int], None] | None,
) -> None:
    listing = list_sources(paths, limits)
    for rejection in listing.rejected:
        intake.reject(rejection)
    for done, source in enumerate(listing.sources, 1):
        _take_one(intake, source, limits)
        if progress is not None:
            progress(done, len(listing.sources))


def _take_one(intake: Intake, source: Source, limits: IngestLimits) -> None:
    try:
        data = source.read(limits)
    except RefusedError as refusal:
        intake.reject(refusal.as_rejection(source.name))
        log.info("object_refused", reason=refusal.reason.value)
        return
    intake.take(data, source.name)
