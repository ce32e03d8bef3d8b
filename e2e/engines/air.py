"""A screen that nobody sees. Both engines draw with WebGL on one only, not without any."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

SERVER = "Xvfb"
SIZE = "1600x1200x24"


def available() -> bool:
    """Tell whether there is a server for such screens."""
    return shutil.which(SERVER) is not None


@contextmanager
def screen() -> Iterator[str]:
    """Start an X server that shows nothing; yields its name."""
    read, write = os.pipe()
    command = [SERVER, "-displayfd", str(write), "-screen", "0", SIZE, "-nolisten", "tcp"]
    quiet = subprocess.DEVNULL
    child = subprocess.Popen(command, pass_fds=(write,), stdout=quiet, stderr=quiet)
    os.close(write)
    try:
        with os.fdopen(read) as said:
            yield f":{said.readline().strip()}"
    finally:
        child.terminate()
        child.wait()
