"""A centre as deployed: PostgreSQL, Redis, S3, two portal workers, jobs, nginx before them."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import string
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests import postgresql, s3
from tests.certificates import certificate as make_certificate

ROOT = Path(__file__).resolve().parents[2]
HOST = "localhost"
WORKERS = 2
SECONDS_TO_START = 120.0
NGINX_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
REDIS = "redis-server"


@dataclass(frozen=True)
class Deployment:
    """A running centre. `environ` is what its processes were started with."""

    base_url: str
    http_url: str
    portal_url: str  # past nginx, on IPv6
    certificate: Path
    environ: Mapping[str, str]
    web: subprocess.Popen[bytes]
    log: Path

    def yingyun(self, *arguments: str) -> str:
        """Run a command of the operator; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "portal", *arguments],
            env=dict(self.environ), capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    def trust(self) -> ssl.SSLContext:
        """Return how a browser trusts the certificate."""
        return ssl.create_default_context(cafile=str(self.certificate))


def what_is_missing() -> list[str]:
    """Return the names of the engines that are not installed."""
    found = {
        "postgresql": postgresql.is_installed(),
        "rclone": s3.is_installed(),
        "nginx": shutil.which("nginx", path=NGINX_PATH) is not None,
        "redis": shutil.which(REDIS) is not None,
    }
    return [name for name, there in found.items() if not there]


@contextlib.contextmanager
def deployed(folder: Path) -> Iterator[Deployment]:
    """Start everything in a folder, and stop it."""
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(postgresql.running_postgresql())
        bucket = stack.enter_context(s3.running_s3())
        redis = stack.enter_context(_running_redis(folder))
        http, https, portal = free_port(), free_port(), free_port()
        environ = _environment(folder, database, bucket, redis, https)
        log = folder / "portal.log"
        web = stack.enter_context(
            _yingyun(["serve", "--bind", f"[::]:{portal}", "--workers", str(WORKERS)], environ, log)
        )
        wait_for(lambda: _answers(f"http://[::1]:{portal}/healthz"), web, log)
        stack.enter_context(_yingyun(["worker"], environ, folder / "worker.log"))
        certificate, key = make_certificate(folder, HOST, [HOST])
        shutil.copy(certificate, folder / "fullchain.pem")
        shutil.copy(key, folder / "privkey.pem")
        stack.enter_context(_running_nginx(folder, http, https, f"[::1]:{portal}"))
        base_url = f"https://{HOST}:{https}"
        yield Deployment(
            base_url,
            f"http://{HOST}:{http}",
            f"http://[::1]:{portal}",
            certificate,
            environ,
            web,
            log,
        )


def free_port() -> int:
    """Return a port that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until something holds. Raises RuntimeError with the log when the process has ended."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        if condition():
            return
        time.sleep(0.1)
    raise RuntimeError(log.read_text(encoding="utf-8")[-3000:])


def nginx_configuration(folder: Path, http: int, https: int, upstream: str) -> str:
    """Return nginx's whole configuration: the one that is deployed, with its names filled in."""
    template = (ROOT / "deploy" / "nginx" / "yingyun.conf.template").read_text(encoding="utf-8")
    site = string.Template(template).safe_substitute(
        YINGYUN_HOST=HOST, YINGYUN_UPSTREAM=upstream, YINGYUN_HTTP_PORT=str(http),
        YINGYUN_HTTPS_PORT=str(https), YINGYUN_CERTIFICATES=str(folder),
    )  # fmt: skip
    own = "\n".join(
        f"{kind}_temp_path {folder}/nginx-{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"pid {folder}/nginx.pid;\ndaemon off;\nevents {{}}\nhttp {{\n{own}\n{site}\n}}\n"


def _environment(
    folder: Path, database: str, bucket: str, redis: str, https: int
) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("YINGYUN_")}
    return kept | s3.ENVIRONMENT | {
        "YINGYUN_HOME": str(folder / "home"),
        "YINGYUN_DATABASE_URL": database,
        "YINGYUN_OBJECT_STORE_URL": bucket,
        "YINGYUN_REDIS_URL": redis,
        "YINGYUN_BASE_URL": f"https://{HOST}:{https}",
        "YINGYUN_TRUSTED_PROXIES": "1",
        "YINGYUN_REVIEW_GATE": "0",
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip


@contextlib.contextmanager
def _yingyun(
    arguments: list[str], environ: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal", *arguments],
            env=dict(environ),
            stdout=file,
            stderr=file,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


@contextlib.contextmanager
def _running_redis(folder: Path) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [REDIS, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: _connects(port), process, folder / "none")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def _running_nginx(folder: Path, http: int, https: int, upstream: str) -> Iterator[None]:
    configuration = folder / "nginx.conf"
    configuration.write_text(nginx_configuration(folder, http, https, upstream), encoding="utf-8")
    log = folder / "nginx.log"
    program = shutil.which("nginx", path=NGINX_PATH) or "nginx"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [program, "-c", str(configuration), "-p", str(folder), "-e", "stderr"],
            stdout=file, stderr=file,
        )  # fmt: skip
    try:
        wait_for(lambda: _connects(https), process, log)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _connects(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
