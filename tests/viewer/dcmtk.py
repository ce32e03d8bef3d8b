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

_HEAD = re.compile(rb"(P[56])\s+(?:#[^\n]*\n\s*)*(\d+)\s+(\d+)\s+255\s")


def picture(path: Path, *options: str) -> np.ndarray:
    """Return the picture that dcm2pnm makes of the first frame, overlays off.

    A missing dcm2pnm fails the test, unless the environment says that this machine is without.
    """
    program = shutil.which("dcm2pnm")
    if program is None:
        if os.environ.get(WITHOUT) == "1":
            pytest.skip(f"{WITHOUT}=1")
        pytest.fail(f"dcm2pnm is missing: install dcmtk, or set {WITHOUT}=1 to go without")
    output = path.with_suffix(".pnm")
    command = [program, "+op", "-O", *options, str(path), str(output)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    data = output.read_bytes()
    head = _HEAD.match(data)
    assert head is not None
    columns, rows = int(head[2]), int(head[3])
    shape = (rows, columns, 3) if head[1] == b"P6" else (rows, columns)
    return np.frombuffer(data, np.uint8, offset=head.end()).reshape(shape)


def window(center: float, width: float) -> tuple[str, str, str]:
    """Return the options that set a window."""
    return ("+Ww", repr(float(center)), repr(float(width)))
