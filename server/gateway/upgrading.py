"""Upgrades that the centre offers (E-18): fetched, compared with their digest, handed over.

Nothing runs unless the hospital named a command. The command gets the path of the file as its last
argument; what it installs and how it restarts the service is the hospital's own.
"""

from __future__ import annotations

import enum
import hashlib
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, Protocol

import requests
import structlog
import urllib3

from server.db import Database
from server.files import sync_folder
from server.gateway.centre import CentreUnavailableError, HttpCentre, Offer
from server.gateway.tables import Kept

log = structlog.get_logger()

FOLDER = "upgrades"
COMMAND_SECONDS = 900
_KEPT = "upgrade"
_CHUNK_BYTES = 1 << 20


class UpgradeState(enum.StrEnum):
    """How far an offered upgrade is."""

    NONE = ""
    NOT_ALLOWED = "not_allowed"  # the hospital named no command
    REFUSED_DIGEST = "refused_digest"  # what came is not what was announced: not kept
    STAGED = "staged"  # on the disk, and as announced
    CALLING = "calling"  # the command runs, or ended with this process
    FAILED = "command_failed"
    HANDED_OVER = "handed_over"  # the command succeeded; the service is still the old one
    RUNNING = "running"  # this is the version that was offered


class Releases(Protocol):
    """Where a release comes from; raises CentreUnavailableError."""

    def chunks(self, offer: Offer) -> Iterator[bytes]:
        """Yield the bytes of a release."""
        ...


class HttpReleases:
    """The releases of the centre."""

    def __init__(self, centre: HttpCentre) -> None:
        self._centre = centre

    def chunks(self, offer: Offer) -> Iterator[bytes]:
        """Fetch a release."""
        path = f"/api/v1/gateway/releases/{offer.version}"
        headers = {"Accept-Encoding": "identity"}
        answer = self._centre.ask("GET", path, headers=headers, stream=True)
        with answer:
            if answer.status_code != HTTPStatus.OK:
                raise CentreUnavailableError(f"status_{answer.status_code}")
            try:
                yield from answer.iter_content(_CHUNK_BYTES)
            except (OSError, requests.RequestException, urllib3.exceptions.HTTPError) as error:
                raise CentreUnavailableError("broken") from error


@dataclass(frozen=True)
class UpgradeTold:
    """What is said of an upgrade to the centre and on the page."""

    version: str = ""
    state: UpgradeState = UpgradeState.NONE
    offer_id: str = ""


class Upgrading:
    """Deals with one offer at a time; how far it is survives a restart."""

    def __init__(
        self, home: Path, database: Database, releases: Releases, *, running: str, command: str
    ) -> None:
        self._folder = home / FOLDER
        self._database = database
        self._releases = releases
        self._running = running
        self._command = shlex.split(command)

    def told(self, offer: Offer | None) -> UpgradeTold:
        """Return how far an offer is."""
        if offer is None:
            return UpgradeTold()
        if offer.version == self._running:
            return UpgradeTold(offer.version, UpgradeState.RUNNING, offer.offer_id)
        if not self._command:
            return UpgradeTold(offer.version, UpgradeState.NOT_ALLOWED, offer.offer_id)
        with self._database.session() as session:
            kept = session.get(Kept, _KEPT)
            facts = kept.facts if kept is not None else {}
        if facts.get("sha256") != offer.sha256 or facts.get("offer") != offer.offer_id:
            return UpgradeTold(offer.version, offer_id=offer.offer_id)
        return UpgradeTold(offer.version, UpgradeState(facts["state"]), offer.offer_id)

    def step(self, offer: Offer | None) -> UpgradeTold:
        """Go on with an offer as far as it goes; each is tried once, until it is offered anew.

        Raises CentreUnavailableError, OSError; then the next step begins again.
        """
        told = self.told(offer)
        if offer is None or told.state is not UpgradeState.NONE:
            return told
        path = self._fetched(offer)
        if path is None:
            log.warning("gateway_upgrade_refused", version=offer.version)
            return self._note(offer, UpgradeState.REFUSED_DIGEST)
        self._note(offer, UpgradeState.STAGED)
        self._note(offer, UpgradeState.CALLING)
        log.info("gateway_upgrade_called", version=offer.version)
        done = self._call(path, offer)
        return self._note(offer, UpgradeState.HANDED_OVER if done else UpgradeState.FAILED)

    def _fetched(self, offer: Offer) -> Path | None:
        """Return the file of a release, whole and as announced; None where it is anything else."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self._folder / offer.sha256[:16]
        target = place / offer.file_name
        if target.is_file() and _digest(target) == offer.sha256:
            return target
        with _partial(self._folder / f"{offer.sha256[:16]}.part") as (path, file):
            digest, size = hashlib.sha256(), 0
            for chunk in self._releases.chunks(offer):
                size += len(chunk)
                if size > offer.size:
                    return None
                digest.update(chunk)
                file.write(chunk)
            if digest.hexdigest() != offer.sha256:
                return None
            file.flush()
            os.fsync(file.fileno())
            place.mkdir(mode=0o700, exist_ok=True)
            path.replace(target)
        sync_folder(place)
        sync_folder(self._folder)
        return target

    def _call(self, path: Path, offer: Offer) -> bool:
        environ = os.environ | {"YINGYUN_UPGRADE_VERSION": offer.version}
        try:
            done = subprocess.run(  # noqa: S603 (the hospital's own command, no shell)
                [*self._command, str(path)], env=environ, check=False, timeout=COMMAND_SECONDS,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            log.warning("gateway_upgrade_failed", kind=type(error).__name__)
            return False
        if done.returncode:
            log.warning("gateway_upgrade_failed", code=done.returncode)
        return done.returncode == 0

    def _note(self, offer: Offer, state: UpgradeState) -> UpgradeTold:
        facts = {"sha256": offer.sha256, "offer": offer.offer_id, "state": state.value}
        with self._database.session() as session:
            session.merge(Kept(name=_KEPT, facts=facts))
        return UpgradeTold(offer.version, state, offer.offer_id)


@contextmanager
def _partial(path: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Give a file to write to, which is gone at the end unless it was moved."""
    try:
        with path.open("wb") as file:
            yield path, file
    finally:
        path.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
