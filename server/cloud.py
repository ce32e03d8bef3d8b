"""The composition root: everything a process needs of the image cloud, opened once."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select

from server.accounts import SECOND_FACTORS, SecondFactor
from server.db import Database
from server.jobs.queue import JobQueue
from server.keys import ROOT_KEY, KeyFileError, MasterKey
from server.migrate import upgrade_database
from server.model import DataKey
from server.sensitivity import Policy, load_policy
from server.settings import Settings
from server.sms import SmsSender, open_sender
from server.storage import ObjectStore, Vault, open_store
from server.storage.endpoints import check_endpoint
from server.storage.placed import PlacedStore

__all__ = ["ImageCloud", "check_master_key", "open_cloud", "upgrade_database"]


@dataclass(frozen=True)
class ImageCloud:
    """The opened image cloud, passed to every service."""

    settings: Settings
    database: Database
    master_key: MasterKey
    vault: Vault
    jobs: JobQueue
    sms: SmsSender | None = None
    second_factors: tuple[SecondFactor, ...] = SECOND_FACTORS
    sensitivity: Policy = field(default_factory=load_policy)


def open_cloud(settings: Settings, *, immediate: bool = False) -> ImageCloud:
    """Open database, keys, object stores and job queue; makes home folder and key on first use.

    Does not migrate: call `upgrade_database` first. With `immediate` a job is done before the call
    that enqueues it returns (tests, the demo).
    Raises KeyFileError, StorageError, SettingsError.
    """
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    master_key = MasterKey.from_file(settings.master_key_file)
    database = Database(settings.database_url)
    master_key.attach_root(lambda: _wrapped_root(database))
    cloud = ImageCloud(
        settings=settings,
        database=database,
        master_key=master_key,
        vault=Vault(open_volumes(settings, database), master_key, settings.storage_cipher),
        jobs=JobQueue(settings, immediate=immediate),
        sms=open_sender(settings),
        sensitivity=load_policy(settings.sensitivity_file),
    )
    cloud.jobs.attach(cloud)
    return cloud


def _wrapped_root(database: Database) -> bytes | None:
    with database.session() as session:
        return session.scalar(select(DataKey.wrapped_key).where(DataKey.id == ROOT_KEY))


def open_volumes(settings: Settings, database: Database) -> PlacedStore:
    """Open the object store of the settings and, as they are needed, the database's volumes.

    Raises StorageError, ForeignEndpointError for a store outside the region (D-54).
    """

    def open_url(url: str) -> ObjectStore:
        check_endpoint(url, settings.storage_endpoints)
        return open_store(url)

    return PlacedStore(database, open_url(settings.object_store_url), open_url)


def check_master_key(cloud: ImageCloud) -> None:
    """Raise KeyFileError when the data was encrypted with another master key than this one, or the
    root is neither in the file nor in the database.

    A lost or misplaced key file is made anew on first use; without this check the portal would
    run on, unable to read anything and unnoticed until someone looks.
    """
    with cloud.database.session() as session:
        whole = select(DataKey.master_key_id).where(DataKey.destroyed_at.is_(None))
        used = session.scalars(whole.distinct()).all()
    if not set(used) <= set(cloud.master_key.key_ids):
        raise KeyFileError(
            f"{cloud.settings.master_key_file} 不是加密现有数据的主密钥（{', '.join(used)}），"
            "请恢复原密钥文件 / does not hold the master key that the data was encrypted with; "
            "put the original file back"
        )
    cloud.master_key.root()
