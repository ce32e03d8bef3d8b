"""The child processes of the demo: started together, stopped together."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

SECONDS_TO_STOP = 12.0
POLL_SECONDS = 0.2


class ChildDiedError(RuntimeError):
    """A child ended by itself; the message names it in Chinese and English."""


class StopRequestedError(Exception):
    """The process was told to stop."""


class Processes:
    """Children in our own process group, so that a signal to the group reaches all.

    What each says goes to a file of its own in `log_folder`, so that the terminal stays readable.
    """

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
        """Start `yingyun` with these arguments as a child."""
        self.start_module(name, "portal", arguments, environ)

    def start_module(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        folder: Path | None = None,
    ) -> None:
        """Start a Python module as a child; `folder` is where it runs, ours without it."""
        command = [sys.executable, "-m", module, *arguments]
        self._log_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._log_file(name).open("ab") as log:
            self._children[name] = subprocess.Popen(  # noqa: S603
                command, env=dict(environ), cwd=folder, stdout=log, stderr=log
            )

    def _log_file(self, name: str) -> Path:
        return self._log_folder / f"{name}.log"

    def check(self) -> None:
        """Raise ChildDiedError when a child has ended."""
        for name, child in self._children.items():
            if child.poll() is not None:
                raise ChildDiedError(
                    f"{name} 意外退出（{child.returncode}），原因见 {self._log_file(name)} / "
                    f"{name} ended by itself; the file says why"
                )

    def watch(self) -> None:
        """Wait until told to stop. Raises ChildDiedError, StopRequestedError."""
        while True:
            self.check()
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Ask all to stop, and end those that do not."""
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + SECONDS_TO_STOP
        for child in self._children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def stop_on_signals() -> None:
    """Let SIGINT and SIGTERM raise StopRequestedError in the main thread, once."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, signal.SIG_IGN)
        raise StopRequestedError

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
