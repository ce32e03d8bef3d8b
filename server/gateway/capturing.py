"""JPEG and PNG of devices without DICOM become Secondary Capture objects (E-41; PS3.3 A.8.1).

A baseline JPEG is taken into the object as it is, so that no pixel changes; everything else is
decoded and stored uncompressed.
"""

from __future__ import annotations

import hashlib
import io
import uuid
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from PIL import Image, ImageOps
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGBaseline8Bit, SecondaryCaptureImageStorage

from server.clock import CHINA
from server.dicom_file import IMPLEMENTATION_VERSION_NAME, file_meta

MOST_PIXELS = 100_000_000
MODALITIES = ("OT", "ES", "US", "XC", "ECG", "OP", "GM", "SM", "DG")
_NAMESPACE = uuid.UUID("6f0a2c1e-6a55-4a37-9a0e-0b9a4f1d8c55")
_EXIF_ORIENTATION = 0x0112


class CaptureError(ValueError):
    """A picture cannot become an object; said in Chinese / English."""


@dataclass(frozen=True)
class CapturedExam:
    """Whose picture it is, and of which exam; `study_uid` "" makes one of the numbers.

    `birth_date` is YYYYMMDD, `sex` M, F, O or "".
    """

    patient_id: str
    patient_name: str
    accession_number: str
    performed_at: datetime
    sex: str = ""
    birth_date: str = ""
    modality: str = "OT"
    body_part: str = ""
    description: str = ""
    study_uid: str = ""


def captured(data: bytes, exam: CapturedExam, number: int, *, origin: str) -> bytes:
    """Return a picture as an object (PS3.10). `number` is its place in the exam, from 1; `origin`
    names the hospital, whose numbers mean nothing elsewhere.

    The same picture of the same exam is always the same object. Raises CaptureError.
    """
    _check(exam)
    dataset = _identified(data, exam, number, origin)
    syntax = _add_pixels(dataset, data)
    dataset.file_meta = file_meta(dataset.SOPClassUID, dataset.SOPInstanceUID, syntax)
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _check(exam: CapturedExam) -> None:
    if not exam.patient_id.strip() or not exam.patient_name.strip():
        raise CaptureError("缺少患者编号或姓名 / the patient's number or name is missing")
    if not exam.accession_number.strip():
        raise CaptureError("缺少检查号 / the accession number is missing")
    if len(exam.patient_id) > 64 or len(exam.accession_number) > 16:
        raise CaptureError("患者编号至多 64 字，检查号至多 16 字 / a number is too long")
    if any(ord(letter) < 32 or letter == "\\" for text in astuple(exam) for letter in str(text)):
        raise CaptureError("不能含控制字符和反斜杠 / no control characters, no backslash")
    if exam.sex not in {"", "M", "F", "O"} or exam.modality not in MODALITIES:
        raise CaptureError("性别或设备类型不对 / sex or modality is unknown")
    try:
        if exam.birth_date:
            datetime.strptime(exam.birth_date, "%Y%m%d")
    except ValueError as error:
        raise CaptureError("出生日期须为 YYYYMMDD / the birth date is YYYYMMDD") from error


def _identified(data: bytes, exam: CapturedExam, number: int, origin: str) -> Dataset:
    local = exam.performed_at.astimezone(CHINA)
    study = exam.study_uid or _uid(origin, exam.patient_id, exam.accession_number)
    series = _uid(study, "capture", exam.modality)
    facts = "\n".join(map(str, astuple(exam)))
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = _uid(series, facts, hashlib.sha256(data).hexdigest())
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = f"{local:%Y%m%d}"
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = f"{local:%H%M%S}"
    dataset.AccessionNumber = exam.accession_number
    dataset.Modality = exam.modality
    dataset.ConversionType = "DI"
    dataset.ReferringPhysicianName = ""
    if exam.description:
        dataset.StudyDescription = dataset.SeriesDescription = exam.description[:64]
    dataset.PatientName, dataset.PatientID = exam.patient_name, exam.patient_id
    dataset.PatientBirthDate, dataset.PatientSex = exam.birth_date, exam.sex
    if exam.body_part:
        dataset.BodyPartExamined = exam.body_part[:16]
    dataset.SecondaryCaptureDeviceManufacturer = IMPLEMENTATION_VERSION_NAME
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = exam.accession_number, 1, number
    dataset.Laterality = ""  # not known; PS3.3 C.7.3.1 asks for it of paired parts
    dataset.PatientOrientation = ""
    return dataset


def _add_pixels(dataset: Dataset, data: bytes) -> UID:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise CaptureError("图像过大 / the picture is too large")
            if _goes_as_it_is(picture):
                picture.load()  # whole, or it is refused
                _add_jpeg(dataset, picture, data)
                return JPEGBaseline8Bit
            lossy = picture.format == "JPEG"
            samples = _samples(ImageOps.exif_transpose(picture))
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise CaptureError("不是完整的 JPEG 或 PNG 图像 / no whole JPEG or PNG picture") from error
    _add_samples(dataset, samples)
    if lossy:
        _note_lossy(dataset, samples.nbytes, len(data))
    return ExplicitVRLittleEndian


def _goes_as_it_is(picture: Any) -> bool:
    return bool(
        picture.format == "JPEG"
        and picture.mode in {"L", "RGB"}
        and not picture.info.get("progressive")
        and picture.getexif().get(_EXIF_ORIENTATION, 1) == 1
    )


def _add_jpeg(dataset: Dataset, picture: Any, data: bytes) -> None:
    colour = picture.mode == "RGB"
    photometric = "MONOCHROME2"
    if colour:
        # The one word for YCbCr in a baseline stream, however its chroma is sampled
        # (PS3.5 table 8.2.1-1); the Adobe marker tells RGB.
        stored_rgb = picture.info.get("adobe_transform") == 0
        photometric = "RGB" if stored_rgb else "YBR_FULL_422"
    _describe(dataset, picture.height, picture.width, 3 if colour else 1, photometric, 8)
    dataset.PixelData = encapsulate([data + b"\0" * (len(data) % 2)])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    _note_lossy(dataset, picture.height * picture.width * (3 if colour else 1), len(data))


def _samples(picture: Image.Image) -> np.ndarray[Any, Any]:
    """Return samples (rows, columns[, 3]), uint8 or uint16; what is transparent becomes black."""
    if picture.mode.startswith("I;16"):
        return np.asarray(picture, dtype="<u2")
    if picture.mode == "I":  # 16 bits, as Pillow reads some PNG
        return np.asarray(np.clip(np.asarray(picture), 0, 65535), dtype="<u2")
    if picture.mode in {"1", "L"}:
        return np.asarray(picture.convert("L"))
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        whole = picture.convert("RGBA")
        ground = Image.new("RGBA", whole.size, (0, 0, 0, 255))
        return np.asarray(Image.alpha_composite(ground, whole).convert("RGB"))
    return np.asarray(picture.convert("RGB"))


def _add_samples(dataset: Dataset, samples: np.ndarray[Any, Any]) -> None:
    colour = samples.ndim == 3
    bits = samples.dtype.itemsize * 8
    photometric = "RGB" if colour else "MONOCHROME2"
    rows, columns = samples.shape[:2]
    _describe(dataset, rows, columns, 3 if colour else 1, photometric, bits)
    raw = samples.tobytes()
    dataset.PixelData = raw + b"\0" * (len(raw) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"


def _describe(
    dataset: Dataset, rows: int, columns: int, samples: int, photometric: str, bits: int
) -> None:
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = samples, photometric
    if samples > 1:
        dataset.PlanarConfiguration = 0
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit, dataset.PixelRepresentation = bits - 1, 0


def _note_lossy(dataset: Dataset, whole: int, compressed: int) -> None:
    """Say that the picture was lossy when it came (PS3.3 C.7.6.1.1.5)."""
    dataset.LossyImageCompression = "01"
    dataset.LossyImageCompressionRatio = round(max(1.0, whole / compressed), 2)
    dataset.LossyImageCompressionMethod = "ISO_10918_1"


def _uid(*parts: str) -> str:
    """Return a UID (PS3.5 B.2) that is always the same for the same parts."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, chr(10).join(parts)).int}"
