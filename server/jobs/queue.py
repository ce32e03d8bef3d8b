"""The queue of jobs: Huey on SQLite for one machine, on Redis where that is outgrown."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import structlog
from huey import Huey, PriorityRedisHuey, RetryTask, SqliteHuey, crontab
from sqlalchemy import select

from server.jobs.locks import exclusive
from server.model import UNFINISHED_SENDING, ProcessingState, Sending, Study
from server.settings import Settings

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

RETRIES = 4
RETRY_SECONDS = 5  # then 15, 45, 135
RETRY_BACKOFF = 3
BUSY_SECONDS = 2
EMERGENCY_PRIORITY = 100
JUDGING_PRIORITY = -10  # nobody waits for a judgement as for a picture
# So long an order to send keeps a worker while other jobs wait; then it goes on behind them.
SENDING_SECONDS = 15.0
# A study whose job so often ended with the death of its worker is not tried again.
MAX_CRASHES = 3
SWEEP_MINUTES = "*/5"
# Once a day at a quiet hour: Huey counts in UTC, this is 03:17 in China.
HOURLY_MINUTE = "41"
HOUSEKEEPING_HOUR, HOUSEKEEPING_MINUTE = "19", "17"


class NotAttachedError(RuntimeError):
    """A job was run before `attach` told the queue which image cloud it works on."""


def _open_huey(settings: Settings, immediate: bool) -> Huey:
    if settings.redis_url and not immediate:
        return PriorityRedisHuey("yingyun", url=settings.redis_url, results=False)
    settings.home.mkdir(parents=True, exist_ok=True)
    return SqliteHuey(
        "yingyun",
        filename=str(settings.home / "jobs.db"),
        results=False,
        immediate=immediate,
        timeout=30,
    )


class JobQueue:
    """Takes jobs from any process; the workers of `server.jobs.worker` do them."""

    def __init__(self, settings: Settings, *, immediate: bool = False) -> None:
        """Open the queue. With `immediate` a job is done before the call returns (tests)."""
        self.huey = _open_huey(settings, immediate)
        self._locks = settings.home / "locks"
        self._cloud: ImageCloud | None = None
        self._retries = 0 if immediate else RETRIES
        self._prepare_task = self._retried("prepare_study", self._prepare)
        self._send_task = self._retried("send", self._send)
        self._deliver_task = self._retried("deliver_message", self._deliver, context=False)
        self._fetch_task = self._retried("fetch_copy", self._fetch)
        self._search_task = self._retried("search_history", self._search)
        self._pack_task = self._retried("pack_download", self._pack)
        self._judge_task = self._retried("judge_quality", self._judge)
        self._recall_task = self._retried("recall_study", self._recall)
        self._outbox_task = self.huey.task(name="deliver_outbox")(self.tend_provinces)
        self.huey.periodic_task(crontab(minute=SWEEP_MINUTES), name="sweep")(self.sweep)
        self.huey.periodic_task(crontab(minute=SWEEP_MINUTES), name="sweep_quality")(
            self.sweep_quality
        )
        self.huey.periodic_task(crontab(), name="tend_provinces")(self.tend_provinces)
        self.huey.periodic_task(crontab(), name="tend_master_index")(self.tend_master_index)
        self.huey.periodic_task(crontab(minute=SWEEP_MINUTES), name="watch_links")(self.watch_links)
        self.huey.periodic_task(crontab(), name="tend_archive")(self.tend_archive)
        self.huey.periodic_task(crontab(minute=HOURLY_MINUTE), name="tend_tiers")(self.tend_tiers)
        daily = crontab(hour=HOUSEKEEPING_HOUR, minute=HOUSEKEEPING_MINUTE)
        self.huey.periodic_task(daily, name="housekeeping")(self.keep_house)

    def _retried(self, name: str, work: Callable[..., None], *, context: bool = True) -> Any:
        """Make a kind of job that is tried again; with `context` it gets its own task."""
        decorate = self.huey.task(
            retries=self._retries,
            retry_delay=RETRY_SECONDS,
            retry_backoff=RETRY_BACKOFF,
            context=context,
            name=name,
        )
        return decorate(work)

    def attach(self, cloud: ImageCloud) -> None:
        """Tell the jobs which image cloud they work on."""
        self._cloud = cloud

    def prepare_study(self, study_id: str, *, emergency: bool = False) -> None:
        """Have the pictures of a study made; emergencies before everything else.

        Harmless when the same study is already waiting, being prepared or ready.
        """
        self.huey.storage.delete_counter(_crash_counter(study_id))
        self._enqueue(study_id, EMERGENCY_PRIORITY if emergency else 0)

    def send(self, sending_id: str) -> None:
        """Have an order to send carried out (server.sending)."""
        self.huey.enqueue(self._send_task.s(sending_id))

    def deliver_message(self, message_id: int) -> None:
        """Have a text message handed over, before the pictures that wait (server.messages)."""
        self.huey.enqueue(self._deliver_task.s(message_id, priority=EMERGENCY_PRIORITY))

    def fetch_copy(self, remote_study_id: str) -> None:
        """Have a study fetched that another province holds (server.provinces)."""
        self.huey.enqueue(self._fetch_task.s(remote_study_id))

    def search_history(self, application_id: str) -> None:
        """Have other provinces searched for an application (server.cache_applications)."""
        self.huey.enqueue(self._search_task.s(application_id))

    def pack_download(self, download_id: str) -> None:
        """Have the archive of a download made (server.downloads)."""
        self.huey.enqueue(self._pack_task.s(download_id))

    def judge_quality(self, study_id: str) -> None:
        """Have the quality of a study judged (server.quality), behind the pictures that wait."""
        self.huey.storage.delete_counter(_judging_counter(study_id))
        self.huey.enqueue(self._judge_task.s(study_id, priority=JUDGING_PRIORITY))

    def recall_study(self, study_id: str) -> None:
        """Have a study brought back from cold storage (server.archive), before pictures to make."""
        self.huey.enqueue(self._recall_task.s(study_id, priority=EMERGENCY_PRIORITY))

    def deliver_outbox(self) -> None:
        """Have the outbox delivered now, not at the next minute (server.outbox)."""
        self.huey.enqueue(self._outbox_task.s())

    def sweep(self) -> list[str]:
        """Enqueue the studies that still wait for pictures and are in no queue; name them.

        Run at the start of a worker and every few minutes: nothing is lost when a process dies
        between storing objects and enqueueing, or in the middle of a job.
        """
        # Imported here for the same reason as in `_prepare`.
        from server import messages
        from server.archive import recalls
        from server.cache_applications import searching
        from server.downloads import packing, remove_ended
        from server.provinces import fetching

        cloud = self._attached()
        with cloud.database.session() as session:
            pending = session.scalars(
                select(Study.study_id).where(Study.state == ProcessingState.PENDING)
            ).all()
            orders = session.scalars(
                select(Sending.sending_id).where(Sending.state.in_(UNFINISHED_SENDING))
            ).all()
            letters = messages.undelivered(session)
            copies = fetching.unfinished(session)
            downloads = packing.unfinished(session)
            cold = recalls.unfinished(session)
            searches = searching.unfinished(session)
        queued = {task.args[0] for task in self._waiting() if task.args and _prepares(task)}
        lost = [study_id for study_id in pending if study_id not in queued]
        for study_id in lost:
            self._enqueue(study_id, 0)
        for sending_id in orders:
            if sending_id not in queued:
                self.send(sending_id)
        for message_id in letters:
            if message_id not in queued:
                self.deliver_message(message_id)
        for remote_study_id in copies:
            if remote_study_id not in queued:
                self.fetch_copy(remote_study_id)
        for application_id in searches:
            if application_id not in queued:
                self.search_history(application_id)
        for download_id in downloads:
            if download_id not in queued:
                self.pack_download(download_id)
        recalled = {task.args[0] for task in self._waiting() if task.name == "recall_study"}
        for study_id in cold:
            if study_id not in recalled:
                self.recall_study(study_id)
        remove_ended(cloud)
        return lost

    def sweep_quality(self) -> list[str]:
        """Enqueue the studies that have pictures and no quality result; name them.

        Run as `sweep` is: so what was stored before there were judgements gets one, too.
        """
        # Imported here for the same reason as in `_prepare`.
        from server.quality import judging

        with self._attached().database.session() as session:
            unjudged = judging.unjudged(session)
        queued = {task.args[0] for task in self._waiting() if _judges(task)}
        lost = [study_id for study_id in unjudged if study_id not in queued]
        for study_id in lost:
            self.huey.enqueue(self._judge_task.s(study_id, priority=JUDGING_PRIORITY))
        return lost

    def tend_provinces(self) -> None:
        """Delete copies whose time has come, and tell the index module what it does not know yet;
        run every minute."""
        # Imported here for the same reason as in `_prepare`.
        from server.cache_applications import copies, deadlines
        from server.outbox import delivery
        from server.provinces import announcing, expiry

        cloud = self._attached()
        with exclusive(self._locks, "outbox") as held:
            if held:
                copies.mark_completed(cloud)
                deadlines.watch(cloud)
                expiry.delete_copies(cloud)
                announcing.announce_news(cloud)
                delivery.deliver(cloud)

    def tend_master_index(self) -> None:
        """Tell the regional health platform of new examinations; run every minute (D-36)."""
        # Imported here for the same reason as in `_prepare`.
        from server.master_index import delivery

        with exclusive(self._locks, "master index") as held:
            if held:
                delivery.tend(self._attached())

    def tend_archive(self) -> None:
        """Copy new images to the second store, watch recalls; run every minute."""
        # Imported here for the same reason as in `_prepare`.
        from server.archive import tending

        with exclusive(self._locks, "archive minute") as held:
            if held:
                tending.every_minute(self._attached())

    def tend_tiers(self) -> None:
        """Move studies between tiers, check stored images, back up; run every hour."""
        # Imported here for the same reason as in `_prepare`.
        from server.archive import tending

        with exclusive(self._locks, "archive hour") as held:
            if held:
                tending.every_hour(self._attached())

    def watch_links(self) -> None:
        """Try the lines to institutions, look for silent front machines and for settlement data
        that are overdue; run every few minutes (D-08, E-39, E-09)."""
        # Imported here for the same reason as in `_prepare`.
        from server import gateways
        from server.centre import links
        from server.collection import uploads

        with exclusive(self._locks, "links") as held:
            if held:
                links.check_all(self._attached())
                gateways.watch(self._attached())
                uploads.tend(self._attached())

    def keep_house(self) -> None:
        """Clear away what is over, sign the audit log and back it up; run once a day."""
        # Imported here for the same reason as in `_prepare`.
        from server import audit_backup, checkpoints, housekeeping
        from server.centre import quality_duties, registers
        from server.provinces import expiry

        cloud = self._attached()
        expiry.forget_assertions(cloud)
        log.info("housekeeping_done", **asdict(housekeeping.clear_away(cloud)))
        checkpoints.sign_head(cloud)
        log.info("audit_backed_up", entries=audit_backup.back_up(cloud))
        registers.watch(cloud)
        quality_duties.watch(cloud)

    def _waiting(self) -> list[Any]:
        return [*self.huey.pending(), *self.huey.scheduled()]

    def _attached(self) -> ImageCloud:
        if self._cloud is None:
            raise NotAttachedError("JobQueue.attach was not called")
        return self._cloud

    def _enqueue(self, study_id: str, priority: int) -> None:
        self.huey.enqueue(self._prepare_task.s(study_id, priority=priority))

    def _prepare(self, study_id: str, task: Any = None) -> None:
        # Imported here, because what a job does needs the cloud, and the cloud holds this queue.
        from server.imaging import prepare

        cloud = self._attached()
        with exclusive(self._locks, study_id) as held:
            if not held:
                raise RetryTask(delay=BUSY_SECONDS)
            crashes = self.huey.storage.incr(_crash_counter(study_id)) - 1
            if crashes >= MAX_CRASHES:
                prepare.give_up(cloud, study_id, "worker_crashed")
                return
            try:
                prepare.prepare_study(cloud, study_id)
            except Exception as error:
                log.warning("prepare_failed", study_id=study_id, error=type(error).__name__)
                if task.retries == 0:
                    prepare.give_up(cloud, study_id, "internal_error")
                raise
            finally:
                # Reached on every ending but a crash, an interruption by SIGTERM included.
                self.huey.storage.delete_counter(_crash_counter(study_id))
        self.judge_quality(study_id)

    def _judge(self, study_id: str, task: Any = None) -> None:
        # Imported here for the same reason as in `_prepare`.
        from server.quality import judging

        cloud = self._attached()
        counter = _judging_counter(study_id)
        with exclusive(self._locks, f"quality {study_id}") as held:
            if not held:
                raise RetryTask(delay=BUSY_SECONDS)
            if self.huey.storage.incr(counter) - 1 >= MAX_CRASHES:
                judging.give_up(cloud, study_id, "worker_crashed")
                return
            try:
                judging.judge_study(cloud, study_id)
            except Exception as error:
                log.warning("quality_not_judged", study_id=study_id, error=type(error).__name__)
                if task.retries == 0:
                    judging.give_up(cloud, study_id, "internal_error")
                raise
            finally:
                self.huey.storage.delete_counter(counter)

    def _send(self, sending_id: str, task: Any = None) -> None:
        # Imported here for the same reason as in `_prepare`.
        from server.sending import work

        cloud = self._attached()
        until = time.monotonic() + SENDING_SECONDS

        def makes_way() -> bool:
            return time.monotonic() >= until and self.huey.pending_count() > 0

        with exclusive(self._locks, sending_id) as held:
            if not held:
                raise RetryTask(delay=BUSY_SECONDS)
            waits = work.attempt(cloud, sending_id, last=task.retries == 0, makes_way=makes_way)
        if waits:
            self.send(sending_id)

    def _deliver(self, message_id: int) -> None:
        # Imported here for the same reason as in `_prepare`.
        from server import messages

        with exclusive(self._locks, f"message {message_id}") as held:
            if held:
                messages.deliver(self._attached(), message_id)

    def _fetch(self, remote_study_id: str, task: Any = None) -> None:
        # Imported here for the same reason as in `_prepare`.
        from server.provinces import fetching

        cloud = self._attached()
        with exclusive(self._locks, remote_study_id) as held:
            if not held:
                raise RetryTask(delay=BUSY_SECONDS)
            fetching.attempt(cloud, remote_study_id, last=task.retries == 0)

    def _search(self, application_id: str, task: Any = None) -> None:
        # Imported here for the same reason as in `_prepare`.
        from server.cache_applications import searching

        with exclusive(self._locks, application_id) as held:
            if not held:
                raise RetryTask(delay=BUSY_SECONDS)
            searching.attempt(self._attached(), application_id, last=task.retries == 0)

    def _recall(self, study_id: str, task: Any = None) -> None:
        # Imported here for the same reason as in `_prepare`.
        from server.archive import recalls

        with exclusive(self._locks, f"recall {study_id}") as held:
            if not held:
                raise RetryTask(delay=BUSY_SECONDS)
            recalls.carry_out(self._attached(), study_id, last=task.retries == 0)

    def _pack(self, download_id: str, task: Any = None) -> None:
        # Imported here for the same reason as in `_prepare`.
        from server.downloads import packing

        with exclusive(self._locks, download_id) as held:
            if not held:
                raise RetryTask(delay=BUSY_SECONDS)
            packing.attempt(self._attached(), download_id, last=task.retries == 0)


def _crash_counter(study_id: str) -> str:
    return f"crashes:{study_id}"


def _judging_counter(study_id: str) -> str:
    return f"judging-crashes:{study_id}"


def _judges(task: Any) -> bool:
    return bool(task.name == "judge_quality")


def _prepares(task: Any) -> bool:
    """Whether a task other than these two waits for what its first argument names."""
    return task.name not in {"judge_quality", "recall_study"}
