"""Lossless compression before upload (E-05): only where every pixel is the same afterwards."""

from __future__ import annotations

import warnings
from io import BytesIO

import numpy as np
import structlog
from pydicom import Dataset, dcmread
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

log = structlog.get_logger()

CODECS = {"jpeg-ls": JPEGLSLossless, "jpeg-2000": JPEG2000Lossless, "rle": RLELossless}


def compressed(data: bytes, codec: str) -> bytes:
    """Return an object compressed without loss; as it came where it is compressed already, where
    that would not be smaller, or where decoding does not give back the very values."""
    if codec not in CODECS:
        return data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _smaller(data, codec)
        except Exception as error:
            # Encoders refuse many kinds of images, each in its own way; then it goes as it is.
            log.info("gateway_not_compressed", kind=type(error).__name__)
            return data


def _smaller(data: bytes, codec: str) -> bytes:
    dataset = dcmread(BytesIO(data))
    if dataset.file_meta.TransferSyntaxUID.is_compressed or "PixelData" not in dataset:
        return data
    before = dataset.pixel_array.copy()
    dataset.compress(CODECS[codec], generate_instance_uid=False)
    made = _written(dataset)
    after = dcmread(BytesIO(made))
    same = np.array_equal(before, after.pixel_array) and _attributes(data) == _attributes(made)
    return made if same and len(made) < len(data) else data


def _written(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _attributes(data: bytes) -> Dataset:
    """Return all but the pixels and how they lie."""
    dataset = dcmread(BytesIO(data), stop_before_pixels=True)
    for keyword in ("PlanarConfiguration", "PhotometricInterpretation"):
        dataset.pop(keyword, None)
    return Dataset(dataset)
