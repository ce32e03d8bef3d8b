"""The look at an image before it is uploaded (E-11): one without any content is stopped."""

from __future__ import annotations

import warnings
from io import BytesIO

import numpy as np
from pydicom import Dataset, dcmread

from server.imaging.decode import DecodeError, stored_frames

BLANK = "blank_image"
UNREADABLE = "pixels_unreadable"


def fault_of(data: bytes) -> str:
    """Return why an object must not be uploaded as it is; "" for one that may.

    An image is blank when every frame has one value throughout: all black, all white.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return BLANK if _is_blank(dcmread(BytesIO(data))) else ""
        except DecodeError:
            return UNREADABLE


def _is_blank(dataset: Dataset) -> bool:
    frames = 0
    for frame in stored_frames(dataset):
        frames += 1
        if frame.size and np.ptp(frame) != 0:
            return False
    return frames > 0
