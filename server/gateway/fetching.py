"""Fetching from a PACS (E-12): C-FIND for the studies of some days, then C-GET or C-MOVE."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from pydicom import Dataset
from pynetdicom import build_role, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context

from server import clock
from server.clock import CHINA
from server.dimse.contexts import (
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    TRANSFER_SYNTAXES,
    plain_contexts,
)
from server.gateway.receiving import Receiving
from server.gateway.spool import Spool
from server.sending.calling import call
from server.sending.nodes import DicomNode
from server.sending.storage_scu import MOST_CONTEXTS

log = structlog.get_logger()

_PENDING = (0xFF00, 0xFF01)


class PacsUnavailableError(ConnectionError):
    """The PACS does not answer, or refuses; `reason` is a word for machines."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Fetching:
    """Fetches from one PACS what the spool does not have."""

    def __init__(
        self, spool: Spool, receiving: Receiving, node: DicomNode, *, ae_title: str
    ) -> None:
        self._spool = spool
        self._receiving = receiving
        self._node = node
        self._ae_title = ae_title

    def fetch_days(self, days: int, by: str) -> int:
        """Fetch the studies of the last days that are not whole here; return how many.

        `by` "get": objects come back on the same association; "move": to our own listener.
        Raises PacsUnavailableError.
        """
        fetched = 0
        for study_uid, objects in self._studies(days).items():
            if objects and self._spool.has(study_uid) >= objects:
                continue
            if by == "move":
                self._move(study_uid)
            else:
                self._get(study_uid)
            fetched += 1
        return fetched

    def _studies(self, days: int) -> dict[str, int]:
        """Return the studies of the last days by UID with the number of their objects."""
        today = clock.now().astimezone(CHINA).date()
        first = today - timedelta(days=days - 1)
        wanted = Dataset()
        wanted.QueryRetrieveLevel = "STUDY"
        wanted.StudyDate = f"{first:%Y%m%d}-{today:%Y%m%d}"
        wanted.StudyInstanceUID, wanted.NumberOfStudyRelatedInstances = "", None
        found: dict[str, int] = {}
        association = self._associate(plain_contexts([STUDY_ROOT_FIND]))
        try:
            for status, answer in association.send_c_find(wanted, STUDY_ROOT_FIND):
                check_status(status)
                if answer is not None and answer.get("StudyInstanceUID"):
                    count = answer.get("NumberOfStudyRelatedInstances")
                    found[str(answer.StudyInstanceUID)] = int(count or 0)
        finally:
            association.release()
        return found

    def _move(self, study_uid: str) -> None:
        association = self._associate(plain_contexts([STUDY_ROOT_MOVE]))
        try:
            answers = association.send_c_move(_study(study_uid), self._ae_title, STUDY_ROOT_MOVE)
            for status, _ in answers:
                check_status(status)
        finally:
            association.release()

    def _get(self, study_uid: str) -> None:
        """Fetch a study's objects on one association, whose contexts its series tell."""
        classes = self._classes(study_uid)
        contexts = plain_contexts([STUDY_ROOT_GET])
        room = MOST_CONTEXTS - len(contexts)
        pairs = [(one, syntax) for one in classes for syntax in TRANSFER_SYNTAXES][:room]
        contexts += [build_context(one, syntax) for one, syntax in pairs]
        association = self._associate(
            contexts,
            ext_neg=[build_role(one, scp_role=True) for one in classes],
            evt_handlers=[(evt.EVT_C_STORE, self._receiving.handle)],
        )
        try:
            for status, _ in association.send_c_get(_study(study_uid), STUDY_ROOT_GET):
                check_status(status)
        finally:
            association.release()

    def _classes(self, study_uid: str) -> list[str]:
        """Return the SOP classes of a study's objects, as the PACS tells them."""
        association = self._associate(plain_contexts([STUDY_ROOT_FIND]))
        try:
            series = self._below(association, "SERIES", "SeriesInstanceUID", study_uid)
            classes = {
                uid
                for one in series
                for uid in self._below(association, "IMAGE", "SOPClassUID", study_uid, one)
            }
        finally:
            association.release()
        return sorted(classes)

    def _below(
        self, association: Association, level: str, keyword: str, study_uid: str, series: str = ""
    ) -> set[str]:
        wanted = _study(study_uid)
        wanted.QueryRetrieveLevel = level
        wanted.SeriesInstanceUID = series
        setattr(wanted, keyword, "")
        found = set()
        for status, answer in association.send_c_find(wanted, STUDY_ROOT_FIND):
            check_status(status)
            if answer is not None and answer.get(keyword):
                found.add(str(answer.get(keyword)))
        return found

    def _associate(self, contexts: list[PresentationContext], **options: Any) -> Association:
        return open_association(self._node, self._ae_title, contexts, **options)


def open_association(
    node: DicomNode, ae_title: str, contexts: list[PresentationContext], **options: Any
) -> Association:
    """Return an association with a node, under our AE title. Raises PacsUnavailableError."""
    try:
        association = call(node, ae_title, contexts, **options)
    except OSError as error:
        raise PacsUnavailableError("certificate") from error
    if not association.is_established:
        raise PacsUnavailableError("unreachable")
    return association


def _study(study_uid: str) -> Dataset:
    wanted = Dataset()
    wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", study_uid
    return wanted


def check_status(status: Dataset) -> None:
    """Raise PacsUnavailableError for an answer that is neither success, warning nor pending."""
    code = int(status.get("Status", -1))
    if code < 0:
        raise PacsUnavailableError("broken")
    if code not in (0, *_PENDING) and code & 0xF000 != 0xB000:
        raise PacsUnavailableError(f"status_{code:04X}")
