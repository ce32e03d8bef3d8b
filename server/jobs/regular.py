"""What the workers do by the clock, one of them at a time.

What is done is imported inside, because it needs the cloud, and the cloud holds the queue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import structlog
from huey import crontab

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

SOME_MINUTES = "*/5"
HOURLY_MINUTE = "41"
# Once a day at a quiet hour: Huey counts in UTC, this is 03:17 in China.
DAILY_HOUR, DAILY_MINUTE = "19", "17"


@dataclass(frozen=True)
class Regular:
    """A duty, and when it is due; `lock` keeps a second worker from it meanwhile."""

    name: str
    due: Any
    lock: str
    work: Callable[[ImageCloud], None]


def tend_provinces(cloud: ImageCloud) -> None:
    """Delete copies whose time has come, and tell the index module what it does not know yet."""
    from server.cache_applications import copies, deadlines
    from server.outbox import delivery
    from server.provinces import announcing, expiry

    copies.mark_completed(cloud)
    deadlines.watch(cloud)
    expiry.delete_copies(cloud)
    announcing.announce_news(cloud)
    delivery.deliver(cloud)


def tend_master_index(cloud: ImageCloud) -> None:
    """Tell the regional health platform of new examinations (D-36)."""
    from server.master_index import delivery

    delivery.tend(cloud)


def tend_archive(cloud: ImageCloud) -> None:
    """Copy new images to the second store, watch recalls."""
    from server.archive import tending

    tending.every_minute(cloud)


def tend_tiers(cloud: ImageCloud) -> None:
    """Move studies between tiers, check stored images, back up."""
    from server.archive import tending

    tending.every_hour(cloud)


def watch_links(cloud: ImageCloud) -> None:
    """Try the lines to institutions, look for silent front machines and for settlement data that
    are overdue (D-08, E-39, E-09)."""
    from server import gateways
    from server.centre import links
    from server.collection import uploads

    links.check_all(cloud)
    gateways.watch(cloud)
    uploads.tend(cloud)


def keep_house(cloud: ImageCloud) -> None:
    """Clear away what is over, sign the audit log and back it up."""
    from server import audit_backup, checkpoints, housekeeping
    from server.centre import quality_duties, registers
    from server.provinces import expiry

    expiry.forget_assertions(cloud)
    log.info("housekeeping_done", **asdict(housekeeping.clear_away(cloud)))
    checkpoints.sign_head(cloud)
    log.info("audit_backed_up", entries=audit_backup.back_up(cloud))
    registers.watch(cloud)
    quality_duties.watch(cloud)


DUTIES = (
    Regular("tend_provinces", crontab(), "outbox", tend_provinces),
    Regular("tend_master_index", crontab(), "master index", tend_master_index),
    Regular("tend_archive", crontab(), "archive minute", tend_archive),
    Regular("watch_links", crontab(minute=SOME_MINUTES), "links", watch_links),
    Regular("tend_tiers", crontab(minute=HOURLY_MINUTE), "archive hour", tend_tiers),
    Regular("housekeeping", crontab(hour=DAILY_HOUR, minute=DAILY_MINUTE), "day", keep_house),
)
