"""One connector for each way that regions name (E-36): view, FTP, SFTP, HTTP.

To add one: a function that takes a Source and returns its rows, raising SourceUnavailableError;
and its line in `read_rows`.
"""

from __future__ import annotations

import csv
import ftplib
import io
import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from server.csv_files import CsvError, csv_text
from server.gateway.collecting.sources import Source, SourceKind

MOST_ROWS = 10_000
MOST_BYTES = 50 << 20
MOST_FILES = 200
SECONDS = 60
ENDINGS = (".csv", ".json")

Row = dict[str, Any]


class SourceUnavailableError(ConnectionError):
    """A source does not answer, or not with what it should; `reason` is a word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_rows(source: Source) -> list[Row]:
    """Return the rows of a source, by the names of its columns. Raises SourceUnavailableError."""
    readers = {
        SourceKind.VIEW: _view,
        SourceKind.FTP: _ftp,
        SourceKind.SFTP: _sftp,
        SourceKind.HTTP: _http,
    }
    try:
        rows = readers[source.kind](source)
    except (OSError, SQLAlchemyError, ftplib.Error, subprocess.SubprocessError) as error:
        if isinstance(error, SourceUnavailableError):
            raise
        raise SourceUnavailableError("unreachable") from error
    if len(rows) > MOST_ROWS:
        raise SourceUnavailableError("too_many_rows")
    return rows


def _view(source: Source) -> list[Row]:
    """Run the query; whatever it would change is rolled back."""
    engine = create_engine(source.address, connect_args={})
    try:
        with engine.connect() as connection:
            found = connection.execute(text(source.query))
            rows = [dict(row) for row in found.mappings().fetchmany(MOST_ROWS + 1)]
            connection.rollback()
    finally:
        engine.dispose()
    return rows


def _ftp(source: Source) -> list[Row]:
    parts = urlsplit(source.address)
    # A hospital's own network; those who can, name ftps://.
    client = ftplib.FTP_TLS() if parts.scheme == "ftps" else ftplib.FTP()  # noqa: S321
    client.encoding = "utf-8"
    rows: list[Row] = []
    with closing(client):
        client.connect(parts.hostname or "", parts.port or ftplib.FTP_PORT, timeout=SECONDS)
        client.login(unquote(parts.username or "anonymous"), source.password())
        if isinstance(client, ftplib.FTP_TLS):
            client.prot_p()
        client.cwd(unquote(parts.path) or "/")
        for name in _chosen(client.nlst()):
            rows += _parsed(name, b"".join(_retrieved(client, name)))
    return rows


def _retrieved(client: ftplib.FTP, name: str) -> Iterator[bytes]:
    chunks: list[bytes] = []
    size = 0

    def take(chunk: bytes) -> None:
        nonlocal size
        size += len(chunk)
        if size > MOST_BYTES:
            raise SourceUnavailableError("too_large")
        chunks.append(chunk)

    client.retrbinary(f"RETR {name}", take)
    return iter(chunks)


def _sftp(source: Source) -> list[Row]:
    """Fetch by OpenSSH's own client, whose host keys and ciphers the hospital's people know."""
    parts = urlsplit(source.address)
    with tempfile.TemporaryDirectory() as folder:
        batch = f'cd "{unquote(parts.path) or "."}"\nlcd "{folder}"\n'
        batch += "".join(f"-get *{ending}\n" for ending in ENDINGS)
        command = [
            "sftp", "-q", "-b", "-", "-P", str(parts.port or 22), "-i", str(source.key_file),
            "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes",
            "-o", f"UserKnownHostsFile={source.known_hosts_file}",
            "-o", f"ConnectTimeout={SECONDS}",
            f"{unquote(parts.username or '')}@{parts.hostname}",
        ]  # fmt: skip
        done = subprocess.run(  # noqa: S603 (a fixed program, no shell)
            command, input=batch.encode(), capture_output=True, check=False, timeout=10 * SECONDS
        )
        if done.returncode:
            raise SourceUnavailableError("unreachable")
        rows: list[Row] = []
        for name in _chosen([one.name for one in Path(folder).iterdir()]):
            path = Path(folder) / name
            if path.stat().st_size > MOST_BYTES:
                raise SourceUnavailableError("too_large")
            rows += _parsed(name, path.read_bytes())
    return rows


def _http(source: Source) -> list[Row]:
    password = source.password()
    headers = {"Accept": "application/json, text/csv"}
    if password:
        headers["Authorization"] = f"Bearer {password}"
    with requests.get(
        source.address, headers=headers, timeout=SECONDS, allow_redirects=False, stream=True
    ) as answer:
        if answer.status_code != requests.codes.ok:
            raise SourceUnavailableError(f"status_{answer.status_code}")
        data = answer.raw.read(MOST_BYTES + 1, decode_content=True)
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    if len(data) > MOST_BYTES:
        raise SourceUnavailableError("too_large")
    return _parsed("answer.csv" if kind == "text/csv" else "answer.json", data)


def _chosen(names: list[str]) -> list[str]:
    """Return the files that are read: the last ones by name, in its order."""
    plain = {name.rpartition("/")[2] for name in names}
    return sorted(name for name in plain if name.lower().endswith(ENDINGS))[-MOST_FILES:]


def _parsed(name: str, data: bytes) -> list[Row]:
    try:
        if name.lower().endswith(".csv"):
            return [
                {str(key): value for key, value in row.items() if key is not None}
                for row in csv.DictReader(io.StringIO(csv_text(data)))
            ]
        rows = json.loads(data)
    except (CsvError, csv.Error, ValueError) as error:
        raise SourceUnavailableError("malformed") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SourceUnavailableError("malformed")
    return rows
