"""An object opened: its header, and where its pixels are, which are not read with it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

from pydicom import FileDataset, dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian

PIXEL_DATA, FLOAT_PIXELS, DOUBLE_PIXELS = 0x7FE00010, 0x7FE00008, 0x7FE00009
PIXEL_TAGS = (PIXEL_DATA, FLOAT_PIXELS, DOUBLE_PIXELS)
_UNDEFINED = 0xFFFFFFFF
_LONGEST_ELEMENT_HEADER = 12


@dataclass(frozen=True)
class PixelPlace:
    """Where the value of the pixels lies in `file`; `length` None is undefined (PS3.5 A.4)."""

    tag: int
    file: BinaryIO
    start: int
    length: int | None
    little_endian: bool
    in_words: bool = False  # OW: of 16 bits, also where a sample has 8 (PS3.5 8.1.2)

    def read(self, offset: int, length: int) -> bytes:
        """Return a part of the value, as it is stored."""
        self.file.seek(self.start + offset)
        return self.file.read(length)


@dataclass(frozen=True)
class OpenObject:
    """A data set up to its pixels; what stands after them is left out."""

    header: FileDataset
    pixels: PixelPlace | None


def open_header(file: Any) -> OpenObject:
    """Return header and pixels' place of a DICOM file that `server.ingest` took (PS3.10).

    Of a deflated object (PS3.5 A.5) everything is read. Raises whatever pydicom does.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header = dcmread(file, stop_before_pixels=True)
        if header.file_meta.TransferSyntaxUID != DeflatedExplicitVRLittleEndian:
            return OpenObject(header, _place(file, header))
        file.seek(0)
        whole = dcmread(file)
    for tag in PIXEL_TAGS:
        if tag in whole:
            value = whole[tag].value
            del whole[tag]
            return OpenObject(whole, PixelPlace(tag, BytesIO(value), 0, len(value), True))
    return OpenObject(whole, None)


def _place(file: BinaryIO, header: FileDataset) -> PixelPlace | None:
    implicit, little = header.original_encoding
    order: Any = "little" if little else "big"
    start = file.tell()
    read = file.read(_LONGEST_ELEMENT_HEADER)
    tag = int.from_bytes(read[:2], order) << 16 | int.from_bytes(read[2:4], order)
    if len(read) < 8 or tag not in PIXEL_TAGS:
        return None
    # Letters that are no value representation: some writers leave them out, and pydicom copes.
    short = implicit or not read[4:6].isalpha()
    length = int.from_bytes(read[4:8] if short else read[8:12], order)
    value_start = start + (8 if short else _LONGEST_ELEMENT_HEADER)
    return PixelPlace(
        tag,
        file,
        value_start,
        None if length == _UNDEFINED else length,
        bool(little),
        implicit or read[4:6] == b"OW",
    )
