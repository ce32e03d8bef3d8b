"""Stored objects are reached with signed requests over HTTPS, and are unreadable even then (F-28,
F-54)."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pydicom
import pytest
from sqlalchemy import select

from server.cloud import ImageCloud
from server.ingest import ingest_paths
from server.keys import MasterKey
from server.model import Instance
from server.storage import StorageError, Vault, open_store
from tests import s3
from tests.factories import make_institution
from tests.imaging.conftest import as_file, ct_slice, phantom


@pytest.mark.requirement("F-28")
def test_an_object_on_disk_is_no_dicom_until_its_key_opens_it(
    cloud: ImageCloud, tmp_path: Path
) -> None:
    sent = as_file(ct_slice(phantom(1), 1, pydicom.uid.generate_uid(), PatientName="张三丰",
                            StudyInstanceUID=pydicom.uid.generate_uid(), StudyDate="20260504",
                            StudyTime="101500", SpecificCharacterSet="ISO_IR 192"))  # fmt: skip
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1.dcm").write_bytes(sent)
    hospital = make_institution(cloud)
    assert ingest_paths(cloud, [tmp_path / "in"], institution_code=hospital.code).stored == 1
    with cloud.database.session() as session:
        instance = session.scalars(select(Instance)).one()
        data_key, key = instance.series.study.data_key, instance.object_key
    stored = cloud.vault.store.get(key)
    with pytest.raises(pydicom.errors.InvalidDicomError):
        pydicom.dcmread(BytesIO(stored))
    assert b"DICM" not in stored[:200] and "张三丰".encode() not in stored
    files = [path for path in (cloud.settings.home / "objects").rglob("*") if path.is_file()]
    assert files and not any("张三丰".encode() in path.read_bytes() for path in files)
    assert cloud.vault.read(data_key, key) == sent
    other = Vault(cloud.vault.store, MasterKey(bytes(range(32))))
    with pytest.raises(StorageError):
        other.read(data_key, key)


@pytest.mark.requirement("F-54")
def test_a_bucket_answers_signed_requests_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    if not s3.is_installed():
        pytest.skip("rclone is not installed")
    for name, text in s3.ENVIRONMENT.items():
        monkeypatch.setenv(name, text)
    with s3.running_s3() as url:
        store = open_store(url)
        store.put("studies/a/instances/b", b"bytes")
        assert store.get("studies/a/instances/b") == b"bytes"
        endpoint = parse_qs(urlsplit(url).query)["endpoint"][0]
        for path in ("", "/studies/a/instances/b", "?list-type=2"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{endpoint}/{s3.BUCKET}{path}")
            assert refused.value.code in {400, 401, 403}, path
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong" * 4)
        with pytest.raises(StorageError):
            open_store(url).get("studies/a/instances/b")


@pytest.mark.requirement("F-54")
def test_a_store_elsewhere_is_reached_by_https_alone() -> None:
    with pytest.raises(StorageError, match="HTTPS"):
        open_store("s3://images?endpoint=http://10.0.0.5:9000&region=us-east-1")
    open_store("s3://images?endpoint=https://10.0.0.5:9000&region=us-east-1")


@pytest.mark.requirement("F-54")
def test_the_portal_serves_no_object_by_its_key(cloud: ImageCloud) -> None:
    from portal.app import create_app

    cloud.vault.store.put("studies/a/instances/b", b"bytes")
    client = create_app(replace(cloud)).test_client()
    for address in ("/objects/studies/a/instances/b", "/static/../objects/studies/a/instances/b"):
        assert client.get(address).status_code == 404
