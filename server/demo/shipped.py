"""The files that pydicom ships, as studies of an engineer's test patient. Nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

import pydicom.data


def shipped_files() -> tuple[Path, ...]:
    """Return the DICOM files inside the installed pydicom, sorted; content as shipped."""
    root = Path(str(pydicom.data.__file__)).parent
    found = [*(root / "test_files").glob("*.dcm"), *(root / "charset_files").glob("*.dcm")]
    return tuple(sorted(found))
