"""Studies with stored objects, and a cloud of either kind."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from server.archive.volumes import add_volume
from server.cloud import ImageCloud
from server.model import DataKey, Instance, StorageVolume, Study, StudyArchive, Tier
from tests.backends import (
    backend,
    new_database,
    open_backend,
    postgresql_template,
    s3_url,
    store_url,
)
from tests.factories import make_person, make_study

__all__ = ["backend", "new_database", "open_backend", "postgresql_template", "s3_url", "store_url"]


@dataclass(frozen=True)
class Archive:
    """A cloud, and stores of its kind for volumes."""

    cloud: ImageCloud
    store_url: Callable[[str], str]

    def add(self, name: str, tier: Tier) -> StorageVolume:
        return add_volume(self.cloud, name=name, url=self.store_url(name), tier=tier)


@pytest.fixture
def archive(open_backend: Callable[..., ImageCloud], store_url: Callable[[str], str]) -> Archive:
    return Archive(open_backend(), store_url)


def store_study(cloud: ImageCloud, *, objects: int = 2, **extra: Any) -> Study:
    """Add a study whose instances, and a prepared picture, lie in the store."""
    study = make_study(cloud, person_id=make_person(cloud).id, **extra)
    for number in range(objects):
        store_instance(cloud, study, f"{number} {study.study_id}".encode())
    with cloud.database.session() as session:
        data_key = session.get_one(DataKey, study.data_key_id)
    cloud.vault.write(data_key, f"studies/{study.study_id}/series/run/manifest", b"pictures")
    return study


def store_instance(cloud: ImageCloud, study: Study, content: bytes) -> Instance:
    uid = f"2.25.{int.from_bytes(hashlib.sha256(content).digest()[:8], 'big')}"
    key = f"studies/{study.study_id}/instances/{hashlib.sha256(content).hexdigest()[:32]}"
    with cloud.database.session() as session:
        row = session.get_one(Study, study.study_id)
        cloud.vault.write(row.data_key, key, content)
        instance = Instance(
            sop_instance_uid=uid,
            sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
            transfer_syntax_uid="1.2.840.10008.1.2.1",
            series_id=row.series[0].series_id,
            object_key=key,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
        )
        session.add(instance)
    return instance


def contents(cloud: ImageCloud, study: Study) -> list[bytes]:
    """Return what the vault gives of a study's instances."""
    with cloud.database.session() as session:
        data_key = session.get_one(DataKey, study.data_key_id)
    return [cloud.vault.read(data_key, row.object_key) for row in instances(cloud, study)]


def instances(cloud: ImageCloud, study: Study) -> list[Instance]:
    with cloud.database.session() as session:
        prefix = f"studies/{study.study_id}/%"
        wanted = select(Instance).where(Instance.object_key.like(prefix)).order_by(Instance.id)
        return list(session.scalars(wanted))


def archive_of(cloud: ImageCloud, study: Study) -> StudyArchive:
    with cloud.database.session() as session:
        return session.get_one(StudyArchive, study.study_id)
