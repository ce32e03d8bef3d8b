"""The worker process: does the jobs of the queue until it is told to stop."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

MAX_WORKERS = 8


def run_worker(cloud: ImageCloud) -> None:
    """Work off the queue until SIGTERM or SIGINT; blocks.

    One process a core, because decoding is bound to the CPU and because a codec that crashes takes
    only its own process along; the consumer starts another. SIGTERM interrupts a running job, which
    clears away what it wrote; SIGINT lets it finish. Either way an unfinished study stays pending
    and is found by the sweep of the next start.
    """
    # Imported here: what it does needs the cloud, and the cloud holds this queue.
    from server.imaging.renew import renew_outdated

    renew_outdated(cloud)
    queue = cloud.jobs
    queue.huey.on_startup(name="own_connections")(lambda: _own_connections(cloud))
    workers = min(os.cpu_count() or 1, MAX_WORKERS)
    consumer = queue.huey.create_consumer(
        workers=workers, worker_type="process", max_delay=0.5, health_check_interval=2
    )
    log.info("worker_started", workers=workers)
    consumer.run()
    log.info("worker_stopped")


def _own_connections(cloud: ImageCloud) -> None:
    """In each new worker process: leave the parent's connections alone, find lost studies."""
    cloud.database.engine.dispose(close=False)
    for study_id in cloud.jobs.sweep():
        log.info("study_found_waiting", study_id=study_id)
    for study_id in cloud.jobs.sweep_quality():
        log.info("study_found_unjudged", study_id=study_id)
