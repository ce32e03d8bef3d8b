"""A centre that listens over DICOM, two hospitals' peers, and DCMTK's programs as the callers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
from pydicom import Dataset
from pydicom.uid import generate_uid
from sqlalchemy import select

from server.cloud import ImageCloud
from server.dimse.peers import Peer
from server.dimse.service import DicomService, Endpoints
from server.dimse.tls import TlsFiles
from server.model import Institution, Study
from server.sending.nodes import DicomNode
from tests.ingest.conftest import CT, INSTITUTION, WHEEL, SilentJobs, put

OTHER_INSTITUTION = "12500000450400002B"
CENTRE = "YINGYUN"
ALL = frozenset({"store", "find", "retrieve", "commit"})
COMPRESSED = (WHEEL / "JPEG2000.dcm", WHEEL / "MR_small_RLE.dcm")


def node(title: str, port: int) -> DicomNode:
    """Where a peer listens on this machine."""
    return DicomNode(title, title, "127.0.0.1", port, calling_ae_title=CENTRE)


def peer(title: str, *, institution: str = INSTITUTION, **facts: Any) -> Peer:
    """A peer that may do everything."""
    return Peer(
        **({"name": title, "ae_title": title, "institution_code": institution, "may": ALL} | facts)
    )


@dataclass
class Centre:
    """A running centre."""

    cloud: ImageCloud
    port: int
    tls_port: int = 0
    service: DicomService | None = None

    def run(
        self, tool: str, *arguments: object, calling: str = "PACS"
    ) -> subprocess.CompletedProcess[str]:
        """Run one of DCMTK's programs against the centre."""
        command = [tool, "-aet", calling, "-aec", CENTRE, "127.0.0.1", str(self.port)]
        return subprocess.run(
            [*command, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def prepare(cloud: ImageCloud) -> ImageCloud:
    """Give a cloud two institutions, and jobs that nobody does."""
    object.__setattr__(cloud, "jobs", SilentJobs())
    with cloud.database.session() as session:
        for code, name in ((INSTITUTION, "第一示范医院"), (OTHER_INSTITUTION, "第二示范医院")):
            session.add(
                Institution(code=code, name=name, province_code="500000", province_name="重庆市")
            )
    return cloud


@contextmanager
def running(
    cloud: ImageCloud, peers: list[Peer], tls: TlsFiles | None = None, *, plain: bool = True
) -> Iterator[Centre]:
    """The centre's DICOM services, on ports that the system gives."""
    service = DicomService(cloud, peers, CENTRE)
    here = ("127.0.0.1", 0)
    ports = service.start(Endpoints(here if plain else None, here if tls else None, tls))
    try:
        yield Centre(cloud, ports.get("plain", 0), ports.get("tls", 0), service)
    finally:
        service.stop()


@dataclass(frozen=True)
class Patient:
    """What is known of the one who was examined."""

    patient_id: str = "P100"
    name: str = "Zhang^San=张^三"
    birth_date: str = "19800304"
    study_date: str = "20260301"
    accession: str = "A100"
    study_uid: str = field(default_factory=generate_uid)


def objects(folder: Path, patient: Patient, sources: tuple[Path, ...]) -> list[Path]:
    """Write one object from each source as a study of the patient; a series each source."""
    series: dict[Path, str] = {}
    paths = []
    for number, source in enumerate(sources, 1):
        dataset = pydicom.dcmread(source)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.StudyInstanceUID = patient.study_uid
        dataset.SeriesInstanceUID = series.setdefault(source, generate_uid())
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.PatientID, dataset.PatientName = patient.patient_id, patient.name
        dataset.PatientBirthDate, dataset.PatientSex = patient.birth_date, "F"
        dataset.StudyDate, dataset.StudyTime = patient.study_date, "093000"
        dataset.AccessionNumber, dataset.StudyID = patient.accession, "S7"
        dataset.StudyDescription, dataset.InstanceNumber = "胸部CT平扫", number
        dataset.SeriesNumber = len(series)
        for keyword in ("OtherPatientIDsSequence", "TimezoneOffsetFromUTC"):
            dataset.pop(keyword, None)
        buffer = BytesIO()
        pydicom.dcmwrite(buffer, dataset)
        paths.append(put(folder, f"{number:03}.dcm", buffer.getvalue()))
    return paths


def chest(folder: Path, patient: Patient | None = None) -> list[Path]:
    """A study: three CT slices as they came, and two compressed objects."""
    return objects(folder, patient or Patient(), (CT, CT, CT, *COMPRESSED))


def found(folder: Path) -> list[Dataset]:
    """The answers that findscu -X wrote to a folder."""
    return [pydicom.dcmread(path, force=True) for path in sorted(folder.glob("rsp*.dcm"))]


def study_uids(cloud: ImageCloud) -> set[str]:
    with cloud.database.session() as session:
        return set(session.scalars(select(Study.study_uid)))


def has_tools() -> bool:
    return all(shutil.which(one) for one in ("echoscu", "storescu", "findscu", "movescu", "getscu"))
