"""A browser to measure in: a fresh profile, and a processor as slow as wanted."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

DUTY_SECONDS = 0.04
# Graphics without a graphics card, which machines that measure rarely have.
SOFTWARE_GL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


@contextlib.contextmanager
def chromium(executable: str, flags: Sequence[str] = ()) -> Iterator[tuple[str, int]]:
    """Start a browser with a fresh profile; yields its debugging address and its process group."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [executable, "--headless=new", "--no-sandbox", "--no-first-run"]
        command += ["--disable-background-networking", "--disable-component-update"]
        command += ["--disable-sync", "--remote-debugging-port=0", *flags]
        command += [f"--user-data-dir={profile}", "about:blank"]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, start_new_session=True, stdout=quiet, stderr=quiet) as child:
            try:
                yield _debugging_address(Path(profile)), child.pid
            finally:
                os.killpg(child.pid, signal.SIGKILL)


def _debugging_address(profile: Path) -> str:
    """Wait until the browser has said which port it listens on."""
    note = profile / "DevToolsActivePort"
    for _ in range(300):
        if note.exists() and "\n" in note.read_text():
            return f"http://127.0.0.1:{note.read_text().splitlines()[0]}"
        time.sleep(0.1)
    raise RuntimeError("the browser did not start")


@contextlib.contextmanager
def slowed(group: int, factor: float) -> Iterator[None]:
    """Let a process group run only one `factor`-th of the time."""
    stop = threading.Event()

    def duty() -> None:
        while not stop.is_set():
            os.killpg(group, signal.SIGSTOP)
            time.sleep(DUTY_SECONDS * (1 - 1 / factor))
            os.killpg(group, signal.SIGCONT)
            time.sleep(DUTY_SECONDS / factor)

    thread = threading.Thread(target=duty)
    if factor > 1:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if factor > 1:
            thread.join()
