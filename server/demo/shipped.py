"""The files that pydicom ships, as studies of an engineer's test patient. Nothing is downloaded."""

from __future__ import annotations

import warnings
from pathlib import Path

import pydicom.data
from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from server.imaging.decode import stored_frames


def shipped_files() -> tuple[Path, ...]:
    """Return the DICOM files inside the installed pydicom, sorted; content as shipped."""
    root = Path(str(pydicom.data.__file__)).parent
    found = [*(root / "test_files").glob("*.dcm"), *(root / "charset_files").glob("*.dcm")]
    return tuple(sorted(found))


def _instance_uid(path: Path) -> str | None:
    """Return the object's UID if it is an image with an identity that can be shown; else None."""
    try:
        dataset = dcmread(path)
        if "Rows" not in dataset or "StudyInstanceUID" not in dataset:
            return None
        next(stored_frames(dataset))
    except (InvalidDicomError, EOFError, OSError, ValueError):
        return None
    return str(dataset.get("SOPInstanceUID", "")) or None


def shipped_images() -> tuple[Path, ...]:
    """Return those that are images, one a UID: many are the same object in another encoding."""
    chosen: dict[str, Path] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some are broken on purpose
        for path in shipped_files():
            uid = _instance_uid(path)
            if uid is not None:
                chosen.setdefault(uid, path)
    return tuple(chosen.values())
