"""The composition root: everything a process needs of the image cloud, opened once."""

from __future__ import annotations

from dataclasses import dataclass

from server.db import Database
from server.jobs.queue import JobQueue
from server.keys import MasterKey
from server.migrate import upgrade_database
from server.settings import Settings
from server.storage import Vault, open_store

__all__ = ["ImageCloud", "open_cloud", "upgrade_database"]


@dataclass(frozen=True)
class ImageCloud:
    """The opened image cloud, passed to every service."""

    settings: Settings
    database: Database
    master_key: MasterKey
    vault: Vault
    jobs: JobQueue


def open_cloud(settings: Settings) -> ImageCloud:
    """Open database, keys, object store and job queue; makes the home folder and key on first use.

    Does not migrate: call `upgrade_database` first.
    Raises KeyFileError, StorageError.
    """
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    master_key = MasterKey.from_file(settings.master_key_file)
    cloud = ImageCloud(
        settings=settings,
        database=Database(settings.database_url),
        master_key=master_key,
        vault=Vault(open_store(settings.object_store_url), master_key),
        jobs=JobQueue(settings),
    )
    cloud.jobs.attach(cloud)
    return cloud
