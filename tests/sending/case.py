"""A study of a doctor's hospital in several encodings, and DCMTK's storescp as the node."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pydicom
from pydicom import Dataset
from pydicom.uid import generate_uid

from server.cloud import ImageCloud
from server.model import Instance, Role, Sending, Series, Study
from server.sending import orders
from server.sending.nodes import load_nodes
from tests.factories import SignInFacts, make_account, make_institution, make_study
from tests.imaging.conftest import WHEEL, as_file, ct_slice, phantom

NODE = "会诊工作站"
STARTING_SECONDS = 20
USER_PORTS = (20000, 32000)  # below those that systems give out by themselves


def data_set_hash(data: bytes) -> str:
    """The SHA-256 of a file's data set: all bytes after the file meta information (PS3.10 7.1)."""
    (length,) = struct.unpack_from("<L", data, 140)  # (0002,0000), the first element
    return hashlib.sha256(data[144 + length :]).hexdigest()


@dataclass(frozen=True)
class SendingCase:
    """The study, its two series, the doctor, and the hash of each data set by its instance."""

    cloud: ImageCloud
    doctor: SignInFacts
    study_id: str
    series_ids: list[str]
    hashes: dict[str, str]

    def order(self, *series_ids: str, node: str = NODE) -> str:
        """Give an order as the page does; nothing is sent yet."""
        nodes = {one.name: one for one in load_nodes(self.cloud.settings.dicom_nodes_file)}
        with self.cloud.database.session() as session:
            study = session.get_one(Study, self.study_id)
            account = self.doctor.account_id
            return orders.order(session, study, account, nodes[node], series_ids).sending_id

    def sending(self, sending_id: str) -> Sending:
        with self.cloud.database.session() as session:
            return session.get_one(Sending, sending_id)


def make_sending_case(cloud: ImageCloud, port: int, **node: Any) -> SendingCase:
    """Store four CT slices as they came and two compressed ones, and name one node."""
    facts = {"name": NODE, "ae_title": "READER", "host": "127.0.0.1", "port": port} | node
    path = cloud.settings.home / "nodes.json"
    path.write_text(json.dumps([facts]), encoding="utf-8")
    settings = replace(cloud.settings, dicom_nodes_file=path)
    cloud = replace(cloud, settings=settings)
    cloud.jobs.attach(cloud)
    institution = make_institution(cloud)
    doctor = make_account(cloud, "dr.send", role=Role.DOCTOR, institution=institution)
    study = make_study(cloud, person_id=None, institution=institution, series=0, patient_id="P77")
    hashes: dict[str, str] = {}
    with cloud.database.session() as session:
        stored = session.get_one(Study, study.study_id)
        plain = [ct_slice(phantom(number, 40, 30), number, "") for number in (1, 2, 3, 4)]
        packed = [pydicom.dcmread(WHEEL / name) for name in ("JPEG2000.dcm", "MR_small_RLE.dcm")]
        made = [_add(cloud, stored, objects, hashes) for objects in (plain, packed)]
        session.flush()
        ids = [one.series_id for one in made]
    return SendingCase(cloud, doctor, study.study_id, ids, hashes)


def _add(cloud: ImageCloud, study: Study, objects: list[Dataset], hashes: dict[str, str]) -> Series:
    series = Series(series_uid=generate_uid(), modality="CT", series_number=len(study.series) + 1)
    study.series.append(series)
    for dataset in objects:
        dataset.SeriesInstanceUID, dataset.StudyInstanceUID = series.series_uid, study.study_uid
        dataset.PatientID, dataset.StudyID = "P77", "1"
        data = as_file(dataset)
        key = f"studies/{study.study_id}/instances/{generate_uid()}"
        cloud.vault.write(study.data_key, key, data)
        series.instances.append(
            Instance(
                sop_instance_uid=str(dataset.SOPInstanceUID),
                sop_class_uid=str(dataset.SOPClassUID),
                transfer_syntax_uid=str(dataset.file_meta.TransferSyntaxUID),
                instance_number=dataset.InstanceNumber,
                object_key=key,
                sha256=hashlib.sha256(data).hexdigest(),
                size=len(data),
            )
        )
        hashes[str(dataset.SOPInstanceUID)] = data_set_hash(data)
    return series


def free_port() -> int:
    """A port that is free, and that no outgoing connection is given meanwhile (RFC 6335 6)."""
    while True:
        port = random.randrange(*USER_PORTS)
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def storescp(folder: Path, port: int, *options: str) -> Iterator[Path]:
    """DCMTK's receiver, which keeps the bytes that it receives; gives its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["storescp", "--bit-preserving", "--output-directory", str(folder), *options]
    process = subprocess.Popen([*command, str(port)], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + STARTING_SECONDS
        while not _listens(port):
            assert process.poll() is None and time.monotonic() < end, "storescp does not start"
            time.sleep(0.05)
        yield folder
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def received(folder: Path) -> dict[str, str]:
    """The hash of each received data set by its SOP Instance UID."""
    found = {}
    for path in folder.iterdir():
        data = path.read_bytes()
        uid = str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID)
        found[uid] = data_set_hash(data)
    return found
