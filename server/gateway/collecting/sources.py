"""Where a hospital's records come from: one JSON file, a source a row (E-36)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from server.listed import read_listed

LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


class SourcesFileError(ValueError):
    """The file of sources cannot be used; the message names the fault."""


class SourceKind(enum.StrEnum):
    """How a source is read."""

    VIEW = "view"  # 视图: a query of a database
    FTP = "ftp"
    SFTP = "sftp"
    HTTP = "http"


class RecordKind(enum.StrEnum):
    """What a row of a source is; each has its address at the centre."""

    EXAM = "exam"
    REPORT = "report"
    SETTLEMENT = "settlement"
    STEP = "step"
    LISTED = "listed_exam"


@dataclass(frozen=True)
class Source:
    """One source of one kind of record.

    `address` is a URL: of a database as SQLAlchemy writes it, ftp(s)://, sftp://, https://, the
    last three of a folder or file of CSV or JSON. `columns` says which column each field of the
    record comes from, `constants` what a field always is; `yuan` names fields in yuan that the
    centre takes in fen. Passwords stand in a file of their own.
    """

    name: str
    kind: SourceKind
    record: RecordKind
    address: str
    columns: Mapping[str, str]
    query: str = ""
    constants: Mapping[str, Any] = field(default_factory=dict)
    yuan: tuple[str, ...] = ()
    minutes: int = 5
    password_file: Path | None = None
    key_file: Path | None = None
    known_hosts_file: Path | None = None

    def password(self) -> str:
        """Return the password; "" without a file. Raises OSError."""
        if self.password_file is None:
            return ""
        return self.password_file.read_text(encoding="utf-8").strip()


def load_sources(path: Path | None) -> tuple[Source, ...]:
    """Read the file of sources; no path means none. Raises SourcesFileError."""
    return read_listed(path, _read, SourcesFileError)


def _read(path: Path, row: dict[str, Any]) -> Source:
    facts = dict(row)
    for key in ("password_file", "key_file", "known_hosts_file"):
        if facts.get(key) is not None:
            facts[key] = path.parent / str(facts[key])
    try:
        facts["kind"], facts["record"] = SourceKind(facts["kind"]), RecordKind(facts["record"])
        facts["yuan"] = tuple(facts.get("yuan", ()))
        source = Source(**facts)
    except (KeyError, TypeError, ValueError) as error:
        raise SourcesFileError(f"{path}: {facts.get('name')!r}: {error}") from error
    fault = _fault(source)
    if fault:
        raise SourcesFileError(f"{path}: {source.name!r}: {fault}")
    return source


def _fault(source: Source) -> str:
    parts = urlsplit(source.address)
    if not source.columns or source.minutes < 1:
        return "columns are needed, and a minute at least"
    if source.kind is SourceKind.VIEW and not source.query:
        return "a view needs a query"
    if source.kind is SourceKind.VIEW:
        return ""
    schemes = {
        SourceKind.FTP: {"ftp", "ftps"}, SourceKind.SFTP: {"sftp"},
        SourceKind.HTTP: {"http", "https"},
    }[source.kind]  # fmt: skip
    if parts.scheme not in schemes or not parts.hostname:
        return f"the address is to begin with {' or '.join(sorted(schemes))}"
    if parts.scheme == "http" and parts.hostname not in LOCAL:
        return "the address is to be https"
    if source.kind is SourceKind.SFTP and not (source.key_file and source.known_hosts_file):
        return "SFTP needs key_file and known_hosts_file"
    if any(letter in parts.path for letter in '"\n\r\\'):
        return "the path has letters that it must not have"
    return ""
