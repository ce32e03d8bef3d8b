"""Telling the platform, entry by entry, until each is taken; a restart loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from server import alarms, outbox, people
from server.master_index.assigning import Assigned, assign
from server.master_index.client import (
    PlatformClient,
    PlatformRefusedError,
    PlatformUnavailableError,
)
from server.master_index.entering import enter_news
from server.master_index.platform_file import PlatformFileError, load_platform
from server.model import MasterIndex, OutboxEntry
from server.outbox import ledger
from server.provinces.wire import RESIDENT_ID

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

IMAGES_PATH = "/api/v1/master-index/{entry_id}/images"
_OURS = OutboxEntry.kind == outbox.MASTER_INDEX
_MOST_AT_ONCE = 50
SILENT_ALARM = "health_platform"
TRIES_TO_ALARM = 3


def tend(cloud: ImageCloud) -> int:
    """Enter what is new and deliver what is due; return how many the platform took.

    Nothing happens where no platform is configured. When it does not answer, the rest waits.
    """
    try:
        platform = load_platform(cloud.settings.health_platform_file)
    except PlatformFileError as error:
        log.error("health_platform_file_unusable", error=str(error))
        return 0
    if platform is None:
        return 0
    while enter_news(cloud):
        pass
    client, taken = PlatformClient(platform), 0
    while due := ledger.due(cloud, _OURS, _MOST_AT_ONCE):
        for number, outbox_id in enumerate(due):
            try:
                verdict = _tell(cloud, client, outbox_id)
            except PlatformUnavailableError as error:
                log.warning("health_platform_unavailable", reason=error.reason)
                ledger.postpone(cloud, due[number:], error.reason)
                _mind_silence(cloud, outbox_id, error.reason)
                return taken
            taken += ledger.settle(cloud, [outbox_id], {outbox_id: verdict})
            _mind_answer(cloud)
    return taken


def _tell(cloud: ImageCloud, client: PlatformClient, outbox_id: str) -> str:
    """Send one entry and keep the index that comes back; return the verdict for the outbox."""
    with cloud.database.session() as session:
        entry = session.get_one(MasterIndex, session.get_one(OutboxEntry, outbox_id).about)
        facts = {
            "entry_id": entry.entry_id,
            "institution_code": entry.institution.code,
            "certificate_type": RESIDENT_ID,
            "certificate_number": people.id_number(cloud, entry.person) or "",
            "accession_number": entry.accession_number,
            "image_access_address": cloud.settings.base_url
            + IMAGES_PATH.format(entry_id=entry.entry_id),
        }
    try:
        index = client.tell(entry.entry_id, facts)
    except PlatformRefusedError as error:
        return error.reason
    if index is None:
        return ""
    with cloud.database.session() as session:
        assigned = assign(session, entry.entry_id, index, actor_kind="system", actor="worker")
    return "" if assigned in {Assigned.ASSIGNED, Assigned.SAME} else f"index_{assigned}"


def _mind_silence(cloud: ImageCloud, outbox_id: str, reason: str) -> None:
    """Raise an alarm once an entry was tried in vain a few times."""
    with cloud.database.session() as session:
        if session.get_one(OutboxEntry, outbox_id).attempts >= TRIES_TO_ALARM:
            words = (
                f"区域平台没有收下主索引条目（{reason}），系统继续重试；请检查网络和设置 / the "
                "regional health platform does not take entries; check network and settings"
            )
            alarms.raise_alarm(session, SILENT_ALARM, "", words)


def _mind_answer(cloud: ImageCloud) -> None:
    with cloud.database.session() as session:
        alarms.settle(session, SILENT_ALARM, "")
