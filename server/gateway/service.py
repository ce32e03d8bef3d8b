"""The front machine put together: it listens, and threads upload, compare, fetch and report."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from threading import Event, Thread
from typing import Any

import structlog

from server import clock
from server.dimse.listener import Address, Bounds
from server.gateway.cache_client import CacheClient, CachingCentre
from server.gateway.caching import Caching
from server.gateway.centre import Centre, CentreUnavailableError, HttpCentre, Offer
from server.gateway.clearing import clear_away
from server.gateway.collecting.queue import RecordQueue
from server.gateway.collecting.sending import Collecting
from server.gateway.configuration import GatewaySettings
from server.gateway.fetching import Fetching, PacsUnavailableError
from server.gateway.pictures import Pictures
from server.gateway.reading import Reading
from server.gateway.receiving import Receiving, make_listener
from server.gateway.spool import Spool
from server.gateway.upgrading import HttpReleases, Upgrading
from server.gateway.uploading import Uploading
from server.ingest.spool import FOLDER
from server.keys import MasterKey
from server.sending.nodes import load_nodes

log = structlog.get_logger()

HEARTBEAT_SECONDS = 30.0
IDLE_SECONDS = 1.0
PICTURES_SECONDS = 5.0
CLEANING_SECONDS = 600.0
_MINUTE = 60.0


@dataclass
class Health:
    """What the operator and the centre are shown."""

    centre_reached_at: str = ""
    last_failure: str = ""
    fetched_at: str = ""
    fetch_failure: str = ""


class Gateway:
    """A front machine, from `start` to `stop`."""

    def __init__(
        self,
        settings: GatewaySettings,
        centre: Centre | None = None,
        caching_centre: CachingCentre | None = None,
    ) -> None:
        self._settings = settings
        self.spool = Spool(settings)
        self.spool.sweep()
        over_https = centre if isinstance(centre, HttpCentre) else HttpCentre(settings)
        self._centre = centre or over_https
        self.caching = Caching(self.spool, caching_centre or CacheClient(over_https))
        self._receiving = Receiving(self.spool)
        self._listener = make_listener(
            settings.ae_title,
            self._receiving,
            Reading(self.spool, self.caching, settings.pacs_file, settings.ae_title),
            bounds=Bounds(folder=settings.home / FOLDER),
        )
        self._limit_callers()
        self.pictures = Pictures(settings, self._receiving)
        self.uploading = Uploading(self.spool, self._centre)
        self.upgrading = Upgrading(
            settings.home, self.spool.database, HttpReleases(over_https),
            running=version("yingyun"), command=settings.upgrade_command,
        )  # fmt: skip
        self._offer: Offer | None = None
        master_key = MasterKey.from_file(settings.home / "secrets" / "master.key")
        records = RecordQueue(self.spool.database, master_key)
        self.collecting = Collecting(records, over_https, settings.sources_file)
        self.health = Health()
        self._to_supplement: tuple[tuple[str, str], ...] = ()
        self._supplemented: frozenset[str] = frozenset()
        self._stopping = Event()
        self._threads: list[Thread] = []

    def start(self, address: Address, tls_address: Address | None = None) -> int:
        """Listen and begin to work; return the port. Raises OSError where it is taken, or the
        files of TLS cannot be used."""
        port = self._listener.listen(address)
        files = self._settings.tls
        if files is not None and tls_address is not None:
            self._listener.listen(tls_address, files.context())
        for name, work in (
            ("upload", self._upload),
            ("heartbeat", self._every(lambda: HEARTBEAT_SECONDS, self.report)),
            ("reconcile", self._every(self._reconcile_seconds, self._reconcile)),
            ("fetch", self._every(self._fetch_seconds, self._fetch)),
            ("cache", self._every(lambda: HEARTBEAT_SECONDS, self.cache)),
            ("supplement", self._every(lambda: HEARTBEAT_SECONDS, self.supplement)),
            ("collect", self._every(lambda: HEARTBEAT_SECONDS, self.collect)),
            ("upgrade", self._every(lambda: HEARTBEAT_SECONDS, self.upgrade)),
            ("pictures", self._every(lambda: PICTURES_SECONDS, self._take_pictures)),
            ("clean", self._every(lambda: CLEANING_SECONDS, self._clean)),
        ):
            thread = Thread(target=work, name=f"gateway-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)
        return port

    def stop(self) -> None:
        """Receive no more; a batch that is being sent may end, the rest waits in the spool."""
        self._stopping.set()
        self._listener.stop()
        for thread in self._threads:
            thread.join(10)

    def state(self) -> dict[str, Any]:
        """Return how things are; holds no patient's data (E-18, E-39)."""
        rules, rules_version = self.spool.rules()
        free = self.spool.free_megabytes()
        return {
            "version": version("yingyun"),
            "ae_title": self._settings.ae_title,
            "spool": {name: asdict(count) for name, count in self.spool.counts().items()},
            "free_megabytes": free,
            "disk_low": free < 2 * rules.least_free_megabytes,
            "rules_version": rules_version,
            "to_supplement": len(self._to_supplement),
            "records": self.collecting.counts(),
            "upgrade": asdict(self.upgrading.told(self._offer)),
            **asdict(self.health),
        }

    def report(self) -> None:
        """Tell the centre how things are, and put the rules into force that it answers with."""
        state = self.state()
        orders = self._centre.report(str(state.pop("version")), state)
        self.health.centre_reached_at = clock.now().isoformat(timespec="seconds")
        self._to_supplement = orders.supplement
        self._offer = orders.upgrade
        self.collecting.record_key = orders.record_key
        if orders.rules_version != state["rules_version"]:
            try:
                self.spool.keep_rules(orders.rules, orders.rules_version)
                self._limit_callers()
                log.info("gateway_rules", version=orders.rules_version)
            except ValueError as error:
                log.warning("gateway_rules_refused", reason=str(error))

    def cache(self) -> None:
        """Do what the centre wants done about the cache; what fails is tried again soon."""
        self.caching.step(self._stopping.is_set)

    def _limit_callers(self) -> None:
        """Take associations of those only whom the rules name, and of the PACS that send back."""
        rules, _ = self.spool.rules()
        titles = rules.calling_ae_titles
        pacs = [one.ae_title for one in load_nodes(self._settings.pacs_file)] if titles else []
        self._listener.limit_callers([*titles, *rules.partner_ae_titles, *pacs] if titles else [])

    def collect(self) -> None:
        """Collect records of the hospital's systems, and send them."""
        self.collecting.step()

    def upgrade(self) -> None:
        """Deal with the version that the centre offers, where the hospital allowed it."""
        self.upgrading.step(self._offer)

    def supplement(self) -> None:
        """Send again what the centre asks for and misses; each task once, until it is closed."""
        for task_id, study_uid in self._to_supplement:
            if task_id not in self._supplemented and not self._stopping.is_set():
                again = self.uploading.supplement(study_uid)
                self._supplemented |= {task_id}
                log.info("gateway_supplement", objects=again)
        self._supplemented &= {task_id for task_id, _ in self._to_supplement}

    def _upload(self) -> None:
        while not self._stopping.is_set():
            try:
                busy = self.uploading.step()
            except Exception as error:
                busy = self._failed("upload", error)
            if not busy:
                self._stopping.wait(IDLE_SECONDS)

    def _every(self, seconds: Callable[[], float], work: Callable[[], None]) -> Callable[[], None]:
        """Return a loop that does work at its start and then after each pause."""

        def loop() -> None:
            while not self._stopping.is_set():
                try:
                    work()
                except Exception as error:
                    self._failed(work.__name__.strip("_"), error)
                end = time.monotonic() + seconds()
                while time.monotonic() < end and not self._stopping.wait(IDLE_SECONDS):
                    pass

        return loop

    def _failed(self, work: str, error: Exception) -> int:
        """Note a failure; the loop goes on, for a front machine works unattended."""
        known = isinstance(error, CentreUnavailableError | PacsUnavailableError)
        reason = str(error) if known else type(error).__name__
        self.health.last_failure = f"{work}: {reason}"
        if known:
            log.warning("gateway_failed", work=work, reason=reason)
        else:
            log.exception("gateway_failed", work=work)
        return 0

    def _take_pictures(self) -> None:
        self.pictures.step()

    def _reconcile(self) -> None:
        self.uploading.reconcile()

    def _fetch(self) -> None:
        rules, _ = self.spool.rules()
        nodes = {one.name: one for one in load_nodes(self._settings.pacs_file)}
        node = nodes.get(rules.fetch_pacs)
        if node is None:
            return
        title = self._settings.ae_title
        try:
            fetching = Fetching(self.spool, self._receiving, node, ae_title=title)
            fetching.fetch_days(rules.fetch_days, rules.fetch_by)
        except PacsUnavailableError as error:
            self.health.fetch_failure = error.reason
            raise
        self.health.fetch_failure = ""
        self.health.fetched_at = clock.now().isoformat(timespec="seconds")

    def _clean(self) -> None:
        rules, _ = self.spool.rules()
        clear_away(self.spool, rules)
        self.caching.end_periods()

    def _reconcile_seconds(self) -> float:
        return self.spool.rules()[0].reconcile_minutes * _MINUTE

    def _fetch_seconds(self) -> float:
        return self.spool.rules()[0].fetch_minutes * _MINUTE
