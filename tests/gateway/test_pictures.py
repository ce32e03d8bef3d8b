"""JPG and PNG of devices without DICOM: Secondary Capture objects, sent on by themselves (E-41)."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import JPEGBaseline8Bit, SecondaryCaptureImageStorage
from pynetdicom import AE, evt
from sqlalchemy import select

from portal.gateway_status import create_status_app
from server.clock import CHINA
from server.csv_files import csv_bytes
from server.gateway.capturing import CapturedExam, CaptureError, captured
from server.gateway.configuration import GatewaySettings
from server.gateway.picture_folder import HEADS, SETTLED_SECONDS
from server.gateway.service import Gateway
from server.gateway.worklist import WORKLIST_FIND
from server.model import Study
from tests.gateway.case import RULES, MemoryCentre, gateway_settings
from tests.gateway.conftest import HospitalsCentre

EXAM = CapturedExam(
    "P1", "王^小明", "A1", datetime(2026, 3, 1, 9, 30, tzinfo=CHINA), "M", "19800203", "ES",
    description="胃镜",
)  # fmt: skip


def pixels(mode: str = "RGB", size: tuple[int, int] = (45, 31)) -> Image.Image:
    """A picture in which no two regions are alike; its size is odd."""
    columns, rows = size
    ramp = np.linspace(0, 255, columns, dtype=np.uint8)
    grey = np.broadcast_to(ramp, (rows, columns))
    whole = np.stack([grey, grey[:, ::-1], np.full_like(grey, 90)], axis=-1)
    return Image.fromarray(whole).convert(mode)


def file_of(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


ROTATED = Image.Exif()
ROTATED[0x0112] = 6
PICTURES = {
    "jpeg 4:2:0": file_of(pixels(), "JPEG", quality=90),
    "jpeg 4:4:4": file_of(pixels(), "JPEG", quality=90, subsampling=0),
    "jpeg grey": file_of(pixels("L"), "JPEG"),
    "jpeg progressive": file_of(pixels(), "JPEG", progressive=True),
    "jpeg turned": file_of(pixels(), "JPEG", exif=ROTATED),
    "png": file_of(pixels(), "PNG"),
    "png grey": file_of(pixels("L"), "PNG"),
    "png palette": file_of(pixels("P"), "PNG"),
    "png alpha": file_of(pixels("RGBA"), "PNG"),
    "png 16": file_of(
        Image.fromarray(np.arange(1395, dtype=np.uint16).reshape(31, 45) * 40), "PNG"
    ),
}
AS_IT_IS = {"jpeg 4:2:0", "jpeg 4:4:4", "jpeg grey"}


@pytest.mark.requirement("E-41")
@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dicom3tools are not installed")
@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_becomes_a_conforming_object_of_the_same_pixels(
    kind: str, tmp_path: Path
) -> None:
    made = captured(PICTURES[kind], EXAM, 1, origin="hospital")
    assert made == captured(PICTURES[kind], EXAM, 1, origin="hospital"), "the same, always"
    path = tmp_path / "made.dcm"
    path.write_bytes(made)
    judged = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    said = judged.stdout + judged.stderr
    assert "SCImage" in said
    assert "Error" not in said, said
    dataset = pydicom.dcmread(path)
    assert dataset.SOPClassUID == SecondaryCaptureImageStorage
    assert (dataset.PatientName, dataset.AccessionNumber) == ("王^小明", "A1")
    if kind in AS_IT_IS:
        (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
        assert frame.rstrip(b"\0") == PICTURES[kind].rstrip(b"\0"), "not a pixel is made anew"
        assert dataset.file_meta.TransferSyntaxUID == JPEGBaseline8Bit
        return
    with Image.open(io.BytesIO(PICTURES[kind])) as picture:
        turned = picture.transpose(Image.Transpose.ROTATE_270) if kind == "jpeg turned" else picture
        expected = np.asarray(turned if picture.mode in {"L", "I;16"} else turned.convert("RGB"))
    assert np.array_equal(dataset.pixel_array, expected)
    assert ("LossyImageCompression" in dataset) is kind.startswith("jpeg")


def test_what_is_no_picture_or_names_nobody_is_refused() -> None:
    for data in (b"", b"GIF89a", PICTURES["png"][:-40], PICTURES["jpeg 4:2:0"][:-40]):
        with pytest.raises(CaptureError, match="不是完整的"):
            captured(data, EXAM, 1, origin="hospital")
    for change in (
        {"patient_name": ""}, {"patient_id": "A\\B"}, {"birth_date": "1980"}, {"sex": "x"},
        {"accession_number": "1" * 17}, {"modality": "CT"},
    ):  # fmt: skip
        with pytest.raises(CaptureError):
            captured(PICTURES["png"], replace(EXAM, **change), 1, origin="hospital")


@pytest.fixture(scope="module")
def worklist() -> Iterator[int]:
    """A RIS that has one exam on its worklist."""

    def answer(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        if event.identifier.AccessionNumber == "A7":
            found = Dataset()
            found.SpecificCharacterSet = "ISO_IR 192"
            found.AccessionNumber, found.PatientID, found.PatientName = "A7", "P7", "李^四"
            found.PatientSex, found.PatientBirthDate = "F", "19900101"
            found.StudyInstanceUID, found.RequestedProcedureDescription = "1.2.77", "肠镜"
            step = Dataset()
            step.Modality, step.ScheduledProcedureStepStartDate = "ES", "20260302"
            step.ScheduledProcedureStepStartTime = "101500"
            found.ScheduledProcedureStepSequence = [step]
            yield 0xFF00, found
        yield 0x0000, None

    entity = AE("RIS")
    entity.add_supported_context(WORKLIST_FIND)
    server = entity.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_FIND, answer)]
    )
    yield int(server.socket.getsockname()[1])
    server.shutdown()


def put_list(folder: Path, *rows: tuple[str, ...]) -> None:
    """Write a list into the folder, as long ago as one has to lie."""
    path = folder / "list.csv"
    path.write_bytes(csv_bytes(HEADS, rows))
    before = path.stat().st_mtime - SETTLED_SECONDS - 1
    os.utime(path, (before, before))


TYPED = (
    "one.jpg",
    "A1",
    "P1",
    "王小明",
    "男",
    "1980-02-03",
    "ES",
    "STOMACH",
    "胃镜",
    "2026-03-01 09:30",
)


def configured(settings: GatewaySettings, tmp_path: Path, port: int) -> GatewaySettings:
    nodes = tmp_path / "nodes.json"
    nodes.write_text(f'[{{"name": "RIS", "ae_title": "RIS", "host": "127.0.0.1", "port": {port}}}]')
    folder = tmp_path / "pictures"
    folder.mkdir()
    return replace(settings, pictures=folder, pacs_file=nodes, worklist="RIS")


@pytest.mark.requirement("E-41")
def test_a_folder_of_pictures_goes_to_the_centre_by_itself(
    centre: HospitalsCentre, tmp_path: Path, worklist: int
) -> None:
    settings = configured(centre.settings(tmp_path / "gateway"), tmp_path, worklist)
    machine = Gateway(settings)
    machine.spool.keep_rules(dict(RULES), 1)
    folder = settings.pictures
    assert folder is not None
    (folder / "one.jpg").write_bytes(PICTURES["jpeg 4:2:0"])
    (folder / "two.png").write_bytes(PICTURES["png"])
    (folder / "list.csv").write_text("being written")
    assert machine.pictures.step() == 0, "a list that is being written waits"
    put_list(folder, TYPED, ("two.png", "A7", *[""] * 8))
    assert machine.pictures.step() == 2
    assert machine.uploading.step() + machine.uploading.step() == 2
    with centre.cloud.database.session() as session:
        found = {one.accession_number: one for one in session.scalars(select(Study))}
    assert {key: (one.patient_name, one.modality) for key, one in found.items()} == {
        "A1": ("王小明", "ES"), "A7": ("李四", "ES"),
    }  # fmt: skip
    assert found["A7"].study_uid == "1.2.77"
    assert found["A1"].study_datetime == datetime(2026, 3, 1, 9, 30, tzinfo=CHINA)
    assert sorted(one.name for one in folder.rglob("*.*")) == ["list.csv", "one.jpg", "two.png"]
    assert not list(folder.glob("*.*")), "what is done is put away"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("../one.jpg", *TYPED[1:]), "没有文件"),
        (("absent.jpg", *TYPED[1:]), "没有文件"),
        (("one.jpg", "A8", *[""] * 8), "工作列表中没有检查号"),
        ((*TYPED[:9], "yesterday"), "检查时间不对"),
        (TYPED[:3], "应有 10 列"),
    ],
)
def test_a_list_that_cannot_be_taken_says_why(
    row: tuple[str, ...], said: str, tmp_path: Path, worklist: int
) -> None:
    settings = configured(gateway_settings(tmp_path / "gateway"), tmp_path, worklist)
    machine = Gateway(settings, MemoryCentre())
    machine.spool.keep_rules(dict(RULES), 1)
    folder = settings.pictures
    assert folder is not None
    (folder / "one.jpg").write_bytes(PICTURES["jpeg 4:2:0"])
    put_list(folder, TYPED, row)
    assert machine.pictures.step() == 0
    (reason,) = folder.glob("failed/*/*.txt")
    assert said in reason.read_text()
    assert machine.spool.counts()["waiting"].objects == 0, "all or none"
    assert (folder / "one.jpg").exists(), "left for the list that is put right"


@pytest.mark.requirement("E-41")
def test_the_form_takes_typed_facts_and_no_other_pages_post(tmp_path: Path, worklist: int) -> None:
    settings = configured(gateway_settings(tmp_path / "gateway"), tmp_path, worklist)
    machine = Gateway(settings, MemoryCentre())
    machine.spool.keep_rules(dict(RULES), 1)
    client = create_status_app(machine).test_client()
    assert "录入图像" in client.get("/pictures").get_data(as_text=True)

    def post(headers: dict[str, str] | None = None, **said: str) -> tuple[int, str]:
        form: dict[str, Any] = {"pictures": (io.BytesIO(PICTURES["png"]), "x.png")} | said
        answer = client.post("/pictures", data=form, headers=headers or {})
        return answer.status_code, answer.get_data(as_text=True)

    typed = {"accession_number": "A1", "patient_id": "P1", "patient_name": "王小明"}
    status, page = post(**typed, birth_date="1980-02-03", performed_at="2026-03-01T09:30")
    assert (status, "已收下 1 张" in page) == (200, True)
    assert post(accession_number="A7")[0] == 200
    status, page = post(accession_number="A9")
    assert (status, "工作列表中没有检查号 A9" in page) == (400, True)
    status, page = post(**(typed | {"patient_name": ""}))
    assert (status, "缺少患者编号或姓名" in page, 'value="P1"' in page) == (400, True, True)
    assert post({"Sec-Fetch-Site": "cross-site"}, **typed)[0] == 403
    assert post({"Origin": "https://elsewhere.example"}, **typed)[0] == 403
    assert machine.spool.counts()["waiting"].objects == 2
