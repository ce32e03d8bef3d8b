"""A real OpenID Connect provider (Canaille), started for the tests in an environment of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from joserfc.jwk import RSAKey

ROOT = Path(__file__).resolve().parents[2]
CANAILLE = ROOT / "var" / "canaille" / "bin" / "canaille"
PASSWORD = "Kx7!blaue-Wolke"
CLIENT_ID = "yingyun"
CLIENT_SECRET = "a secret of the tests"
_PATIENCE = 60

_CONFIGURATION = """
SECRET_KEY = "only for tests, only on this machine"
SERVER_NAME = "127.0.0.1:{port}"
PREFERRED_URL_SCHEME = "http"

[CANAILLE]
DATABASE = "sql"
JAVASCRIPT = false
HTMX = false

[CANAILLE_SQL]
DATABASE_URI = "sqlite:///{folder}/canaille.db"

[CANAILLE_OIDC]
ACTIVE_JWKS = [{key}]

[CANAILLE_OIDC.USERINFO_MAPPING]
PREFERRED_USERNAME = "{{% if user.employee_number %}}{{{{ user.employee_number }}}}{{% endif %}}"
"""


@dataclass(frozen=True)
class Provider:
    """The running provider: its issuer, and how to add people to it."""

    issuer: str
    environment: dict[str, str]

    def add_user(self, name: str, *, formatted_name: str, id_number: str = "") -> None:
        """Add somebody who signs in there with PASSWORD."""
        facts = ["--user-name", name, "--password", PASSWORD, "--formatted-name", formatted_name]
        facts += ["--family-name", formatted_name, "--emails", f"{name}@example.org"]
        facts += ["--phone-numbers", "13800138000"]
        if id_number:
            facts += ["--employee-number", id_number]
        _canaille(self.environment, "create", "user", *facts)

    def add_client(self, *redirect_uris: str) -> None:
        """Register the product, which may then send people here."""
        _canaille(
            self.environment, "create", "client",
            "--client-id", CLIENT_ID,
            "--client-secret", CLIENT_SECRET,
            "--client-name", "Yingyun",
            "--client-uri", "http://127.0.0.1",  # trusted: no question between
            *(part for uri in redirect_uris for part in ("--redirect-uris", uri)),
            "--grant-types", "authorization_code",
            "--response-types", "code",
            "--scope", "openid", "--scope", "profile", "--scope", "phone",
            "--token-endpoint-auth-method", "client_secret_basic",
        )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _canaille(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [str(CANAILLE), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@contextmanager
def running_provider(folder: Path) -> Iterator[Provider]:
    """Start the provider on a free port; everything it keeps is in `folder`."""
    port = _free_port()
    configuration = folder / "canaille.toml"
    environment = {**os.environ, "CANAILLE_CONFIG": str(configuration)}
    key = RSAKey.generate_key(2048, parameters={"kid": "tests"}).as_dict(private=True)
    written = ", ".join(f'"{name}" = "{value}"' for name, value in key.items())
    text = _CONFIGURATION.format(port=port, folder=folder, key=f"{{{written}}}")
    configuration.write_text(text.strip())
    _canaille(environment, "install")
    log = (folder / "canaille.log").open("wb")
    process = subprocess.Popen(
        [str(CANAILLE), "run", "--bind", f"127.0.0.1:{port}"],
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait(f"http://127.0.0.1:{port}/.well-known/openid-configuration", folder)
        yield Provider(f"http://127.0.0.1:{port}", environment)
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def _wait(address: str, folder: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError((folder / "canaille.log").read_text()[-2000:])
