"""The queue of jobs: Huey on SQLite for one machine, on Redis where that is outgrown."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from huey import Huey, PriorityRedisHuey, RetryTask, SqliteHuey, crontab

from server.jobs import attempts, regular
from server.jobs.crashes import attempted
from server.jobs.locks import exclusive
from server.jobs.unfinished import unfinished, unjudged
from server.settings import Settings

if TYPE_CHECKING:
    from server.cloud import ImageCloud

RETRIES = 4
RETRY_SECONDS = 5  # then 15, 45, 135
RETRY_BACKOFF = 3
BUSY_SECONDS = 2
EMERGENCY_PRIORITY = 100
JUDGING_PRIORITY = -10  # nobody waits for a judgement as for a picture
# Text messages and recalls have somebody waiting; pictures that wait come after them.
PRIORITIES = {
    "deliver_message": EMERGENCY_PRIORITY,
    "recall_study": EMERGENCY_PRIORITY,
    "judge_quality": JUDGING_PRIORITY,
}
# So long an order to send keeps a worker while other jobs wait; then it goes on behind them.
SENDING_SECONDS = 15.0


class NotAttachedError(RuntimeError):
    """A job was run before `attach` told the queue which image cloud it works on."""


class Attempt(Protocol):
    """One of `server.jobs.attempts`."""

    def __call__(self, cloud: ImageCloud, about: str, /, *, last: bool) -> None: ...


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
        self._tasks = {
            "prepare_study": self._retried("prepare_study", self._prepare),
            "judge_quality": self._retried("judge_quality", self._judge),
            "send": self._retried("send", self._send),
            "deliver_message": self._retried("deliver_message", self._deliver),
            "fetch_copy": self._attempts("fetch_copy", attempts.fetch_copy),
            "search_history": self._attempts("search_history", attempts.search_history),
            "pack_download": self._attempts("pack_download", attempts.pack_download),
            "recall_study": self._attempts("recall_study", attempts.recall_study),
        }
        self._be_regular()

    def _be_regular(self) -> None:
        for duty in regular.DUTIES:
            self.huey.periodic_task(duty.due, name=duty.name)(partial(self._do_duty, duty))
        some_minutes = crontab(minute=regular.SOME_MINUTES)
        self.huey.periodic_task(some_minutes, name="sweep")(self.sweep)
        self.huey.periodic_task(some_minutes, name="sweep_quality")(self.sweep_quality)
        (provinces,) = (duty for duty in regular.DUTIES if duty.work is regular.tend_provinces)
        self._outbox_task = self.huey.task(name="deliver_outbox")(partial(self._do_duty, provinces))

    def _do_duty(self, duty: regular.Regular) -> None:
        with exclusive(self._locks, duty.lock) as held:
            if held:
                duty.work(self._attached())

    def _retried(self, name: str, work: Callable[..., None]) -> Any:
        """Make a kind of job that is tried again; `work` gets its own task, too."""
        decorate = self.huey.task(
            retries=self._retries,
            retry_delay=RETRY_SECONDS,
            retry_backoff=RETRY_BACKOFF,
            context=True,
            name=name,
        )
        return decorate(work)

    def _attempts(self, name: str, attempt: Attempt) -> Any:
        """Make a kind of job of which one at a time is done for what it is about."""

        def work(about: str, task: Any = None) -> None:
            with exclusive(self._locks, f"{name} {about}") as held:
                if not held:
                    raise RetryTask(delay=BUSY_SECONDS)
                attempt(self._attached(), about, last=task.retries == 0)

        return self._retried(name, work)

    def attach(self, cloud: ImageCloud) -> None:
        """Tell the jobs which image cloud they work on."""
        self._cloud = cloud

    def _attached(self) -> ImageCloud:
        if self._cloud is None:
            raise NotAttachedError("JobQueue.attach was not called")
        return self._cloud

    # --- orders -----------------------------------------------------------------------------

    def prepare_study(self, study_id: str, *, emergency: bool = False) -> None:
        """Have the pictures of a study made; emergencies before everything else.

        Harmless when the same study is already waiting, being prepared or ready.
        """
        self.huey.storage.delete_counter(_crash_counter(study_id))
        self._enqueue("prepare_study", study_id, EMERGENCY_PRIORITY if emergency else 0)

    def judge_quality(self, study_id: str) -> None:
        """Have the quality of a study judged (server.quality), behind the pictures that wait."""
        self.huey.storage.delete_counter(_judging_counter(study_id))
        self._enqueue("judge_quality", study_id)

    def send(self, sending_id: str) -> None:
        """Have an order to send carried out (server.sending)."""
        self._enqueue("send", sending_id)

    def deliver_message(self, message_id: int) -> None:
        """Have a text message handed over, before the pictures that wait (server.messages)."""
        self._enqueue("deliver_message", message_id)

    def fetch_copy(self, remote_study_id: str) -> None:
        """Have a study fetched that another province holds (server.provinces)."""
        self._enqueue("fetch_copy", remote_study_id)

    def search_history(self, application_id: str) -> None:
        """Have other provinces searched for an application (server.cache_applications)."""
        self._enqueue("search_history", application_id)

    def pack_download(self, download_id: str) -> None:
        """Have the archive of a download made (server.downloads)."""
        self._enqueue("pack_download", download_id)

    def recall_study(self, study_id: str) -> None:
        """Have a study brought back from cold storage (server.archive), before pictures to make."""
        self._enqueue("recall_study", study_id)

    def deliver_outbox(self) -> None:
        """Have the outbox delivered now, not at the next minute (server.outbox)."""
        self.huey.enqueue(self._outbox_task.s())

    def _enqueue(self, name: str, about: str | int, priority: int | None = None) -> None:
        priority = PRIORITIES.get(name, 0) if priority is None else priority
        self.huey.enqueue(self._tasks[name].s(about, priority=priority))

    # --- what was lost ----------------------------------------------------------------------

    def sweep(self) -> list[str]:
        """Enqueue what waits for a job and is in no queue; name the studies that wait for pictures.

        Run at the start of a worker and every few minutes.
        """
        # Imported here, because what a job does needs the cloud, and the cloud holds this queue.
        from server.downloads import remove_ended

        with self._attached().database.session() as session:
            waiting = unfinished(session)
        queued = self._queued()
        lost = [(name, one) for name, each in waiting.items() for one in each]
        lost = [each for each in lost if each not in queued]
        for name, about in lost:
            self._enqueue(name, about)
        remove_ended(self._attached())
        return [str(about) for name, about in lost if name == "prepare_study"]

    def sweep_quality(self) -> list[str]:
        """Enqueue the studies that have pictures and no quality result; name them.

        Run as `sweep` is: so what was stored before there were judgements gets one, too.
        """
        with self._attached().database.session() as session:
            waiting = unjudged(session)
        queued = self._queued()
        lost = [study_id for study_id in waiting if ("judge_quality", study_id) not in queued]
        for study_id in lost:
            self._enqueue("judge_quality", study_id)
        return lost

    def _queued(self) -> set[tuple[str, str | int]]:
        tasks = [*self.huey.pending(), *self.huey.scheduled()]
        return {(task.name, task.args[0]) for task in tasks if task.args}

    # --- jobs -------------------------------------------------------------------------------

    def _prepare(self, study_id: str, task: Any = None) -> None:
        # Imported here for the same reason as in `sweep`, and so below.
        from server.imaging import prepare

        cloud = self._attached()
        with exclusive(self._locks, study_id) as held:
            if not held:
                raise RetryTask(delay=BUSY_SECONDS)
            done = attempted(
                self.huey.storage,
                _crash_counter(study_id),
                lambda: prepare.prepare_study(cloud, study_id),
                lambda reason: prepare.give_up(cloud, study_id, reason),
                last=task.retries == 0,
            )
        if done:
            self.judge_quality(study_id)

    def _judge(self, study_id: str, task: Any = None) -> None:
        from server.quality import judging

        cloud = self._attached()
        with exclusive(self._locks, f"quality {study_id}") as held:
            if not held:
                raise RetryTask(delay=BUSY_SECONDS)
            attempted(
                self.huey.storage,
                _judging_counter(study_id),
                lambda: judging.judge_study(cloud, study_id),
                lambda reason: judging.give_up(cloud, study_id, reason),
                last=task.retries == 0,
            )

    def _send(self, sending_id: str, task: Any = None) -> None:
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

    def _deliver(self, message_id: int, task: Any = None) -> None:  # noqa: ARG002 (Huey gives it)
        from server import messages

        with exclusive(self._locks, f"message {message_id}") as held:
            if held:
                messages.deliver(self._attached(), message_id)


def _crash_counter(study_id: str) -> str:
    return f"crashes:{study_id}"


def _judging_counter(study_id: str) -> str:
    return f"judging-crashes:{study_id}"
