"""DICOM objects for the tests: those inside pydicom's wheel, and small ones made here."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import Dataset, Sequence
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from server.imaging.decode import stored_frames
from viewer_py.dicom.manifest import FrameAttributes, LookupTable

WHEEL_FILES = Path(pydicom.__file__).parent / "data" / "test_files"


def _numbers(value: Any) -> tuple[float, ...]:
    if value is None or value == "":
        return ()
    return tuple(float(one) for one in np.atleast_1d(value))


def _table(item: Dataset) -> LookupTable:
    entries, first, bits = (int(number) for number in item.LUTDescriptor)
    data = item.LUTData
    values = np.frombuffer(data, "<u2") if isinstance(data, bytes) else np.atleast_1d(data)
    return LookupTable(first, bits, tuple(int(v) for v in values[: entries or 65536]))


def attributes(dataset: Dataset, stored: np.ndarray) -> FrameAttributes:
    """Return what the pixel pipeline needs of a single-frame object and its stored values."""
    padding = dataset.get("PixelPaddingValue")
    image = stored if padding is None else stored[stored != padding]
    signed = bool(dataset.PixelRepresentation)
    return FrameAttributes(
        sop_instance_uid=str(dataset.get("SOPInstanceUID", "1.2.3")),
        frame_number=1,
        rows=stored.shape[0],
        columns=stored.shape[1],
        samples_per_pixel=stored.shape[2] if stored.ndim == 3 else 1,
        photometric_interpretation=str(dataset.PhotometricInterpretation),
        bits_stored=int(dataset.BitsStored),
        signed=signed,
        rescale_slope=float(dataset.get("RescaleSlope") or 1),
        rescale_intercept=float(dataset.get("RescaleIntercept") or 0),
        modality_lut=next(map(_table, dataset.get("ModalityLUTSequence", [])), None),
        window_center=_numbers(dataset.get("WindowCenter")),
        window_width=_numbers(dataset.get("WindowWidth")),
        voi_lut_function=str(dataset.get("VOILUTFunction", "LINEAR")),
        voi_luts=tuple(map(_table, dataset.get("VOILUTSequence", []))),
        presentation_lut_shape=str(dataset.get("PresentationLUTShape", "")),
        pixel_padding_value=None if padding is None else int(padding),
        smallest_value=int(image.min()) if image.size else 0,
        largest_value=int(image.max()) if image.size else 0,
    )


def read(path: Path) -> tuple[Dataset, np.ndarray]:
    """Return an object and the stored values of its first frame (colour: RGB of 8 bits)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path, force=True)
        return dataset, next(stored_frames(dataset))


def write(path: Path, dataset: Dataset, stored: np.ndarray) -> Path:
    """Write one frame uncompressed, so that a judge needs no decoder for it."""
    plain = Dataset()
    plain.file_meta = FileMetaDataset()
    plain.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    plain.SOPClassUID = plain.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    plain.SOPInstanceUID = plain.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for keyword in _KEPT:
        if keyword in dataset:
            plain[keyword] = dataset[keyword]
    plain.Rows, plain.Columns = stored.shape[:2]
    plain.SamplesPerPixel = stored.shape[2] if stored.ndim == 3 else 1
    if stored.ndim == 3:
        plain.PhotometricInterpretation = "RGB"
        plain.PlanarConfiguration = 0
        plain.BitsStored = 8
    if stored.dtype.kind == "b" or plain.BitsStored == 1:
        plain.BitsStored = 8
    plain.BitsAllocated = 8 * stored.itemsize
    plain.HighBit = plain.BitsStored - 1
    data = stored.astype(stored.dtype.newbyteorder("<")).tobytes()
    plain.PixelData = data + b"\0" * (len(data) % 2)
    plain["PixelData"].VR = "OB" if stored.itemsize == 1 else "OW"
    plain.save_as(path, enforce_file_format=True)
    return path


_KEPT = (
    "PhotometricInterpretation",
    "PixelRepresentation",
    "BitsStored",
    "RescaleSlope",
    "RescaleIntercept",
    "ModalityLUTSequence",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "VOILUTSequence",
    "PresentationLUTShape",
)


def made(**attributes_: Any) -> Dataset:
    """Return the description of a small grey object; keywords override or add attributes."""
    dataset = Dataset()
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelRepresentation = 0
    dataset.BitsStored = 12
    for keyword, value in attributes_.items():
        setattr(dataset, keyword, value)
    return dataset


def lut_sequence(first: int, bits: int, values: list[int]) -> Sequence:
    """Return a Modality or VOI LUT Sequence of one table."""
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(values) % 65536, first, bits])
    item.add_new("LUTData", "US", values)
    return Sequence([item])


def every_value(bits: int, signed: bool) -> np.ndarray:
    """Return an image that holds each stored value of so many bits once."""
    first = -(1 << (bits - 1)) if signed else 0
    dtype = np.dtype(f"{'i' if signed else 'u'}{1 if bits <= 8 else 2}")
    values = np.arange(first, first + (1 << bits)).astype(dtype)
    return values.reshape(-1, 1 << (bits // 2))
