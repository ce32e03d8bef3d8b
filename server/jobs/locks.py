"""One worker a study: a lock that ends with the process that holds it.

An advisory lock on a file (flock) is released by the kernel when its process dies, so a killed
worker leaves nothing to clean up. It serves the workers of one machine; two machines that prepare
the same study at once waste time and nothing else, because a run never touches another's objects.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SLOTS = 256


@contextmanager
def exclusive(folder: Path, name: str) -> Iterator[bool]:
    """Give True while this process holds the lock `name`, False when another one does.

    Locks share a fixed number of files, so that the folder does not grow; two names that meet in
    one file wait for each other, which is harmless.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    slot = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % SLOTS
    descriptor = os.open(folder / f"{slot:03d}", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)
