"""From the bytes of a file to a `ReceivedObject`, or a refusal that says what is wrong."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from server.ingest.elements import PIXEL_DATA, Element, Encoding, Walker, truncated
from server.ingest.fields import Fields
from server.ingest.image import check_float_image, check_image, check_transfer_syntax
from server.ingest.limits import IngestLimits
from server.ingest.moment import study_moment
from server.ingest.received import ReceivedObject, content_hash
from server.ingest.rejection import Reason, RefusedError
from server.ingest.spool import Buffer

_PREAMBLE_BYTES = 128
_META_START = _PREAMBLE_BYTES + 4
_MEDIA_STORAGE_SOP_CLASS = 0x00020002
_TRANSFER_SYNTAX = 0x00020010
_REQUEST = 0x00400275  # Request Attributes Sequence
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_ARCHIVES = {b"Rar!": "RAR", b"7z\xbc\xaf": "7-Zip", b"\x1f\x8b": "gzip", b"BZh": "bzip2"}
_FLOAT_PIXELS = {0x7FE00008: 32, 0x7FE00009: 64}  # bits of a value


class DirectoryFileError(Exception):
    """A DICOMDIR: a table of contents that holds no image and is passed over."""


@dataclass(frozen=True)
class _DataSet:
    data: Buffer
    encoding: Encoding
    elements: dict[int, Element]
    walker: Walker


def parse(data: Buffer, limits: IngestLimits) -> ReceivedObject:
    """Check a file (PS3.10) from its first to its last byte and read what the index needs.

    Raises RefusedError with the reason, DirectoryFileError for a DICOMDIR.
    """
    _check_prefix(data)
    meta, start = _file_meta(data, limits)
    if meta.get(_MEDIA_STORAGE_SOP_CLASS) == MediaStorageDirectoryStorage:
        raise DirectoryFileError
    transfer_syntax = check_transfer_syntax(meta.get(_TRANSFER_SYNTAX, ""))
    data_set = _data_set(data, start, transfer_syntax, limits)
    fields = Fields(data_set.data, data_set.encoding, data_set.elements)
    sop_class = fields.uid(0x00080016)
    uids = [
        _checked_uid(fields.uid(0x00080018), "SOPInstanceUID"),
        _checked_uid(sop_class, "SOPClassUID"),
        _checked_uid(fields.uid(0x0020000D), "StudyInstanceUID"),
        _checked_uid(fields.uid(0x0020000E), "SeriesInstanceUID"),
    ]
    frame_count = _checked_pixels(data_set, fields, transfer_syntax, sop_class, limits)
    return _received(data, uids, transfer_syntax, frame_count, fields)


def check_whole(data: Buffer, limits: IngestLimits) -> None:
    """Follow every length of a DICOM file (PS3.10) to its end, be it an image or not.

    Raises RefusedError with the reason.
    """
    _check_prefix(data)
    meta, start = _file_meta(data, limits)
    _data_set(data, start, check_transfer_syntax(meta.get(_TRANSFER_SYNTAX, "")), limits)


def same_data_set(one: Buffer, other: Buffer) -> bool:
    """Whether two files (PS3.10), which `parse` took, differ in file meta information at most:
    the same bytes of the data set, in the same transfer syntax."""
    limits = IngestLimits()
    (first_meta, first), (second_meta, second) = (
        _file_meta(one, limits),
        _file_meta(other, limits),
    )
    syntaxes = {meta.get(_TRANSFER_SYNTAX) for meta in (first_meta, second_meta)}
    with memoryview(one) as one_whole, memoryview(other) as other_whole:
        return len(syntaxes) == 1 and one_whole[first:] == other_whole[second:]


def _received(
    data: Buffer, uids: list[str], transfer_syntax: str, frame_count: int, fields: Fields
) -> ReceivedObject:
    return ReceivedObject(
        data=data,
        sha256=content_hash(data),
        sop_instance_uid=uids[0],
        sop_class_uid=uids[1],
        study_uid=uids[2],
        series_uid=uids[3],
        transfer_syntax_uid=transfer_syntax,
        patient_id=fields.text(0x00100020, 64),
        patient_name=fields.person_name(0x00100010, 200),
        patient_sex=fields.text(0x00100040, 16),
        patient_age=fields.text(0x00101010, 16),
        patient_birth_date=fields.text(0x00100030, 8),
        other_patient_ids=fields.other_patient_ids(),
        accession_number=fields.text(0x00080050, 64),
        study_moment=study_moment(
            [
                (fields.text(0x00080020, 16), fields.text(0x00080030, 16)),
                (fields.text(0x00080021, 16), fields.text(0x00080031, 16)),
                (fields.text(0x00080022, 16), fields.text(0x00080032, 16)),
                (fields.text(0x00080023, 16), fields.text(0x00080033, 16)),
            ],
            fields.text(0x00080201, 16),
        ),
        study_description=fields.text(0x00081030, 200),
        series_description=fields.text(0x0008103E, 200),
        body_part=fields.text(0x00180015, 64),
        priority=fields.text(0x00401003, 16).upper(),
        modality=fields.text(0x00080060, 16) or "OT",
        series_number=fields.index_number(0x00200011),
        instance_number=fields.index_number(0x00200013),
        frame_count=frame_count,
        dicom_patient_name=fields.text(0x00100010, 324),
        referring_physician_name=fields.text(0x00080090, 324),
        dicom_study_id=fields.text(0x00200010, 16),
        performed_procedure_step_start_date=fields.text(0x00400244, 8),
        performed_procedure_step_start_time=fields.text(0x00400245, 16),
        scheduled_procedure_step_id=fields.item_text(_REQUEST, "ScheduledProcedureStepID", 16),
        requested_procedure_id=fields.item_text(_REQUEST, "RequestedProcedureID", 16),
        rows=fields.unsigned(0x00280010),
        columns=fields.unsigned(0x00280011),
        bits_allocated=fields.unsigned(0x00280100),
        device=_device(fields),
        method=fields.text(0x00181030, 200),
        image_number=fields.text(0x00200010, 16) or fields.text(0x00100020, 64),
    )


def _device(fields: Fields) -> str:
    """Return maker, model and serial number of the imaging device (PS3.3 C.7.5.1)."""
    words = (fields.text(tag, 64) for tag in (0x00080070, 0x00081090, 0x00181000))
    return " ".join(word for word in words if word)


def _check_prefix(data: Buffer) -> None:
    if not data:
        raise RefusedError(Reason.EMPTY, "空文件 / the file is empty")
    if data[_PREAMBLE_BYTES:_META_START] == b"DICM":
        return
    for magic, name in _ARCHIVES.items():
        if data[: len(magic)] == magic:
            raise RefusedError(
                Reason.UNSUPPORTED_ARCHIVE,
                f"不支持 {name} 压缩包，请先解压 / a {name} archive; unpack it first",
            )
    raise RefusedError(
        Reason.NOT_DICOM, "不是 DICOM 文件（缺少 DICM 前缀） / not a DICOM file: no DICM prefix"
    )


def _file_meta(data: Buffer, limits: IngestLimits) -> tuple[dict[int, str], int]:
    """Return the UIDs of the file meta group (PS3.10 7.1), and the offset of the data set."""
    position = _META_START
    walker = Walker(data, Encoding(implicit=False, little_endian=True), limits)
    meta: dict[int, str] = {}
    while position + 8 <= len(data) and struct.unpack_from("<H", data, position)[0] == 2:
        element = walker.one(position)
        if element.tag in (_MEDIA_STORAGE_SOP_CLASS, _TRANSFER_SYNTAX):
            value = data[element.value_start : element.end]
            meta[element.tag] = value.rstrip(b"\0 ").decode("ascii", "replace")
        position = element.end
    if position == len(data):
        raise truncated()
    return meta, position


def _data_set(data: Buffer, start: int, transfer_syntax: str, limits: IngestLimits) -> _DataSet:
    encoding = Encoding(
        implicit=transfer_syntax == ImplicitVRLittleEndian,
        little_endian=transfer_syntax != ExplicitVRBigEndian,
    )
    if transfer_syntax == DeflatedExplicitVRLittleEndian:
        data, start = _inflate(data[start:], limits), 0
    walker = Walker(data, encoding, limits)
    return _DataSet(data, encoding, walker.top_level(start), walker)


def _inflate(data: bytes, limits: IngestLimits) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    believable = max(limits.archive_ratio_from, limits.archive_ratio * len(data))
    try:
        plain = inflater.decompress(data, min(limits.inflated_bytes, believable))
    except zlib.error as error:
        raise RefusedError(
            Reason.MALFORMED, "压缩数据损坏 / the deflated data set is damaged"
        ) from error
    if inflater.unconsumed_tail:
        raise RefusedError(
            Reason.DECOMPRESSION_BOMB,
            "压缩数据集解压后大得可疑 / the deflated data set inflates beyond belief",
        )
    if not inflater.eof:
        raise truncated()
    return plain


def _checked_pixels(
    data_set: _DataSet,
    fields: Fields,
    transfer_syntax: str,
    sop_class: str,
    limits: IngestLimits,
) -> int:
    """Return the number of frames after checking that all of them are there."""
    pixel_data = data_set.elements.get(PIXEL_DATA)
    if pixel_data is not None:
        return check_image(fields, pixel_data, transfer_syntax, data_set.walker, limits)
    for tag, bits in _FLOAT_PIXELS.items():
        if (floats := data_set.elements.get(tag)) is not None:
            return check_float_image(fields, floats, transfer_syntax, bits, limits)
    raise RefusedError(
        Reason.NO_PIXELS,
        f"不含图像的对象（{UID(sop_class).name}） / holds no image: {UID(sop_class).name}",
    )


def _checked_uid(value: str, name: str) -> str:
    if not value:
        raise RefusedError(Reason.MISSING_UID, f"缺少 {name} / {name} is missing")
    if len(value) > 64 or not _UID.fullmatch(value):
        raise RefusedError(Reason.INVALID_UID, f"{name} 不合法 / {name} is not a valid UID")
    return value
