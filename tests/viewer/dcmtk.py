"""DCMTK's dcm2pnm as an independent judge of our grey levels."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

WITHOUT = "YINGYUN_WITHOUT_DCMTK"

# Programs that also read JPEG-LS, and JPEG, by what the file says of its transfer syntax.
_JPEG = {
    "dcml2pnm": re.compile(rb"1\.2\.840\.10008\.1\.2\.4\.8"),
    "dcmj2pnm": re.compile(rb"1\.2\.840\.10008\.1\.2\.4\.[567]"),
}
_HEAD = re.compile(rb"(P[56])\s+(?:#[^\n]*\n\s*)*(\d+)\s+(\d+)\s+255\s")


def picture(path: Path, *options: str) -> np.ndarray:
    """Return the picture that dcm2pnm makes of the first frame, overlays off."""
    output = path.with_suffix(".pnm")
    run = _run("dcm2pnm", path, output, "-O", *options)
    assert run.returncode == 0, run.stderr
    return _read(output)


def original(path: Path, output: Path, *options: str) -> np.ndarray | None:
    """Return the picture of a file as it came, overlays on; None when DCMTK cannot make one."""
    with path.open("rb") as file:
        head = file.read(4096)
    for program in ("dcm2pnm", *(name for name, syntax in _JPEG.items() if syntax.search(head))):
        output.unlink(missing_ok=True)
        if _run(program, path, output, *options).returncode == 0 and output.exists():
            return _read(output)
    return None


def _run(name: str, path: Path, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run one of DCMTK's renderers.

    A missing one fails the test, unless the environment says that this machine is without.
    """
    program = shutil.which(name)
    if program is None:
        if os.environ.get(WITHOUT) == "1":
            pytest.skip(f"{WITHOUT}=1")
        pytest.fail(f"{name} is missing: install dcmtk, or set {WITHOUT}=1 to go without")
    command = [program, "-q", "+op", *options, str(path), str(output)]
    return subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")


def _read(output: Path) -> np.ndarray:
    data = output.read_bytes()
    head = _HEAD.match(data)
    assert head is not None
    columns, rows = int(head[2]), int(head[3])
    shape = (rows, columns, 3) if head[1] == b"P6" else (rows, columns)
    return np.frombuffer(data, np.uint8, offset=head.end()).reshape(shape)


def window(center: float, width: float) -> tuple[str, str, str]:
    """Return the options that set a window."""
    return ("+Ww", repr(float(center)), repr(float(width)))
