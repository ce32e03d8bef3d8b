"""The archive: a DICOM file-set that others read, its files the objects byte for byte."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.fileset import FileSet

from portal.app import create_app
from server import media
from server.cloud import ImageCloud
from server.model import Account, AuditEvent, Instance, Role, Study
from tests.factories import make_account, make_institution
from tests.sending.case import SendingCase, free_port, make_sending_case
from tests.visitor import Visitor

FILE_ID = re.compile(r"[A-Z0-9_]{1,8}")


@pytest.fixture
def case(cloud: ImageCloud) -> SendingCase:
    return make_sending_case(cloud, free_port())


def address(case: SendingCase) -> str:
    return f"/doctor/studies/{case.study_id}/study.zip?purpose=care"


def unpacked(case: SendingCase, folder: Path) -> Path:
    doctor = Visitor(create_app(case.cloud)).be(case.cloud, case.doctor)
    answer = doctor.get(address(case))
    assert (answer.status_code, answer.content_type) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert packed.testzip() is None
        packed.extractall(folder)
    return folder


def kept(case: SendingCase) -> dict[str, str]:
    with case.cloud.database.session() as session:
        return {one.sop_instance_uid: one.sha256 for one in session.query(Instance)}


@pytest.mark.requirement("C-26")
def test_the_set_holds_every_object_as_it_came(case: SendingCase, tmp_path: Path) -> None:
    folder = unpacked(case, tmp_path / "set")
    found = {
        str(one.SOPInstanceUID): hashlib.sha256(Path(one.path).read_bytes()).hexdigest()
        for one in FileSet(folder / "DICOMDIR")
    }
    assert len(found) == 6 and found == kept(case)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 7
    for path in files:
        parts = path.relative_to(folder).parts
        assert len(parts) <= 8 and all(FILE_ID.fullmatch(part) for part in parts)
    with case.cloud.database.session() as session:
        (event,) = session.query(AuditEvent).filter_by(event="dicom.download").all()
    assert event.object_id == case.study_id


@pytest.mark.skipif(not shutil.which("dcmdump"), reason="DCMTK is not installed")
def test_dcmtk_reads_directory_and_files(case: SendingCase, tmp_path: Path) -> None:
    folder = unpacked(case, tmp_path / "set")
    dump = subprocess.run(
        ["dcmdump", "--quote-nonascii", "--search", "0004,1500", str(folder / "DICOMDIR")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    named = re.findall(r"\[([^\]]+)\]", dump.stdout)
    assert len(named) == 6
    for one in named:
        path = folder.joinpath(*one.split("\\"))
        assert subprocess.run(["dcmftest", str(path)], check=False).returncode == 0
    assert subprocess.run(["dcmftest", str(folder / "DICOMDIR")], check=False).returncode == 0


def test_what_the_directory_cannot_name_lies_beside_it(case: SendingCase, tmp_path: Path) -> None:
    """An object without file meta information is not lost."""
    bare = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100"
    with case.cloud.database.session() as session:
        row = session.query(Instance).first()
        assert row is not None
        case.cloud.vault.write(row.series.study.data_key, row.object_key, bare)
    folder = unpacked(case, tmp_path / "set")
    assert (folder / "OTHER" / "FILE0000").read_bytes() == bare
    assert len(list(FileSet(folder / "DICOMDIR"))) == 5


def test_the_directory_names_patient_study_and_series(case: SendingCase, tmp_path: Path) -> None:
    folder = unpacked(case, tmp_path / "set")
    records = pydicom.dcmread(folder / "DICOMDIR").DirectoryRecordSequence
    kinds = [one.DirectoryRecordType for one in records]
    assert kinds.count("IMAGE") == 6 and kinds.count("SERIES") == 2
    with case.cloud.database.session() as session:
        uid = session.get_one(Study, case.study_id).study_uid
    assert {one.StudyInstanceUID for one in records if "StudyInstanceUID" in one} == {uid}


@pytest.mark.requirement("F-64")
def test_the_stream_breaks_off_once_it_is_not_allowed(
    case: SendingCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "OBJECTS_A_CHECK", 2)
    doctor = Visitor(create_app(case.cloud)).be(case.cloud, case.doctor)
    answer = doctor.client.get(address(case), buffered=False)
    pieces = iter(answer.response)
    first = next(pieces)
    with case.cloud.database.session() as session:
        session.get_one(Account, case.doctor.account_id).active = False
    data = b"".join([first, *pieces])
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(data))


def test_what_is_too_large_is_refused_in_words(
    case: SendingCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "MOST_OBJECTS", 5)
    doctor = Visitor(create_app(case.cloud)).be(case.cloud, case.doctor)
    doctor.get(address(case))
    assert "不能打包下载" in doctor.text and doctor.path.endswith("/sending")


@pytest.mark.requirement("F-07")
def test_nobody_else_downloads(case: SendingCase) -> None:
    app: Any = create_app(case.cloud)
    other = make_institution(case.cloud)
    stranger = make_account(case.cloud, "dr.other", role=Role.DOCTOR, institution=other)
    for one in (stranger, make_account(case.cloud, "someone")):
        client = Visitor(app).be(case.cloud, one).client
        assert client.get(address(case)).status_code in {403, 404}
        assert client.get(f"/studies/{case.study_id}/study.zip").status_code == 404


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dicom3tools are not installed")
def test_the_directory_conforms(case: SendingCase, tmp_path: Path) -> None:
    folder = unpacked(case, tmp_path / "set")
    judged = subprocess.run(
        ["dciodvfy", str(folder / "DICOMDIR")], capture_output=True, text=True, check=False
    )
    said = judged.stdout + judged.stderr
    assert "BasicDirectory" in said and "Error" not in said


def test_a_study_that_the_directory_cannot_name_at_all_still_comes(
    case: SendingCase, tmp_path: Path
) -> None:
    with case.cloud.database.session() as session:
        for row in session.query(Instance):
            case.cloud.vault.write(row.series.study.data_key, row.object_key, b"no DICOM header")
    folder = unpacked(case, tmp_path / "set")
    assert len(list((folder / "OTHER").iterdir())) == 6 and (folder / "DICOMDIR").exists()
