"""A watched folder (E-41): pictures, and a CSV file beside them that says whose they are.

Whoever writes into it writes the CSV file last. What is done goes to `done`, what cannot be taken
to `failed` with a text file that says why; nothing is deleted.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog

from server import clock
from server.clock import CHINA
from server.csv_files import CsvError, csv_rows
from server.gateway.capturing import CapturedExam, CaptureError

log = structlog.get_logger()

HEADS = (
    "文件名", "检查号", "患者编号", "姓名", "性别", "出生日期", "设备类型", "部位", "检查项目",
    "检查时间",
)  # fmt: skip
SETTLED_SECONDS = 2.0  # so long a CSV file must have lain unchanged
MOST_BYTES = 100 << 20

Take = Callable[[bytes, CapturedExam, int], None]
LookUp = Callable[[str], CapturedExam]


def take_folder(folder: Path, take: Take, look_up: LookUp) -> int:
    """Take in every list of a folder; return how many pictures were taken.

    `take` gets a picture, its exam and its number in the exam; `look_up` finds an exam by its
    accession number where a row gives nothing else. Both raise CaptureError.
    """
    count = 0
    for path in sorted(folder.glob("*.csv")):
        if time.time() - path.stat().st_mtime < SETTLED_SECONDS:
            continue
        try:
            names, taken = _take_list(path, take, look_up)
        except (CsvError, CaptureError, OSError) as error:
            said = (
                str(error) if not isinstance(error, OSError) else "文件无法读取 / unreadable file"
            )
            log.warning("gateway_pictures_refused", reason=type(error).__name__)
            _put_away(path, [], folder / "failed", said)
            continue
        _put_away(path, names, folder / "done")
        count += taken
    return count


def _take_list(path: Path, take: Take, look_up: LookUp) -> tuple[list[str], int]:
    """Take the pictures of one list, all or none of which are taken when one cannot be read."""
    numbers: dict[str, int] = {}
    ready = []
    for line, row in enumerate(csv_rows(path.read_bytes(), len(HEADS)), 2):
        name, accession_number, *_ = row
        picture = path.parent / name
        if not name or Path(name).name != name or not picture.is_file():
            raise CaptureError(f"第 {line} 行：没有文件 {name} / line {line}: no such file")
        if picture.stat().st_size > MOST_BYTES:
            raise CaptureError(f"第 {line} 行：文件过大 / line {line}: the file is too large")
        exam = _exam(row, line) if row[2] else look_up(accession_number)
        numbers[accession_number] = numbers.get(accession_number, 0) + 1
        ready.append((picture, exam, numbers[accession_number]))
    for picture, exam, number in ready:
        take(picture.read_bytes(), exam, number)
    return [picture.name for picture, _, _ in ready], len(ready)


def _exam(row: tuple[str, ...], line: int) -> CapturedExam:
    _, accession, patient_id, name, sex, birth_date, modality, body_part, item, at = row
    try:
        performed_at = datetime.fromisoformat(at) if at else clock.now()
    except ValueError as error:
        raise CaptureError(f"第 {line} 行：检查时间不对 / line {line}: the time") from error
    exam = CapturedExam(
        patient_id=patient_id,
        patient_name=name,
        accession_number=accession,
        performed_at=performed_at if performed_at.tzinfo else performed_at.replace(tzinfo=CHINA),
        sex={"男": "M", "女": "F"}.get(sex, sex),
        birth_date=birth_date.replace("-", ""),
        body_part=body_part,
        description=item,
    )
    return replace(exam, modality=modality) if modality else exam


def _put_away(path: Path, names: list[str], target: Path, said: str = "") -> None:
    stamp = f"{clock.now():%Y%m%dT%H%M%S%f}"
    place = target / f"{stamp} {path.stem}"
    place.mkdir(parents=True)
    for name in names:
        if (path.parent / name).exists():  # one picture may stand in a list twice
            shutil.move(path.parent / name, place / name)
    shutil.move(path, place / path.name)
    if said:
        (place / "原因 reason.txt").write_text(said + "\n", encoding="utf-8")
