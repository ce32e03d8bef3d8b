"""What a front machine is told at its start, and the rules that the centre may change later."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from server.dimse.tls import TlsFiles, tls_files
from server.sending.nodes import is_ae_title
from server.settings import SettingsError

DEFAULT_AE_TITLE = "YINGYUNGW"
_CODECS = ("", "jpeg-ls", "jpeg-2000", "rle")
_TLS = ("CERTIFICATE", "KEY", "AUTHORITIES")
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class GatewaySettings:
    """All that a front machine has to know."""

    home: Path
    centre_url: str
    client_id: str
    client_secret: str
    ae_title: str = DEFAULT_AE_TITLE
    pacs_file: Path | None = None
    pictures: Path | None = None  # a folder that is watched (E-41)
    index_url: str = ""  # where all but images goes; "" is the same address (E-44)
    tls: TlsFiles | None = None  # of the port by TLS; None listens on none
    sources_file: Path | None = None  # where records are collected from (E-36)
    upgrade_command: str = ""  # "" allows no upgrade (E-18)
    worklist: str = ""  # the node of `pacs_file` that is asked for exams

    @property
    def database_url(self) -> str:
        """Return where the spool's index is kept."""
        return f"sqlite:///{self.home / 'gateway.db'}"


@dataclass(frozen=True)
class Rules:
    """What the centre may change at any time (E-18); unknown rules are ignored.

    `compression`: "" sends objects as they came; else uncompressed ones are compressed without
    loss. `emergency_sources`: AE titles whose objects go first (E-08). `stop_blank`: an image
    without any content is stopped (E-11). `keep_days`: so long the spool keeps what the centre
    holds, for reading within the hospital. `reconcile_minutes`: how often what was sent is
    compared with what the centre holds (E-10). `fetch_pacs`: the name of the PACS from which the
    last `fetch_days` are fetched every `fetch_minutes`; "" is none (E-12). `least_free_megabytes`:
    with less room nothing more is received. `calling_ae_titles`: whose associations are taken,
    beside the PACS'; none is everybody's. `partner_ae_titles`: other hospitals' front machines;
    what they push (跨院推送) is read here for `keep_days` and not uploaded (E-19).
    """

    compression: str = ""
    emergency_sources: tuple[str, ...] = ()
    stop_blank: bool = True
    keep_days: int = 3
    reconcile_minutes: int = 10
    fetch_pacs: str = ""
    fetch_by: str = "get"
    fetch_days: int = 1
    fetch_minutes: int = 15
    least_free_megabytes: int = 1024
    calling_ae_titles: tuple[str, ...] = ()
    partner_ae_titles: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Rules:
        """Return rules as the centre names them. Raises ValueError for one of another type."""
        known = {one.name: one for one in fields(cls)}
        facts: dict[str, Any] = {}
        for name, value in given.items():
            if name not in known:
                continue
            default = known[name].default
            taken = (
                tuple(value) if isinstance(default, tuple) and isinstance(value, list) else value
            )
            if type(taken) is not type(default):
                raise ValueError(f"{name} is of another type")
            facts[name] = taken
        rules = cls(**facts)
        if rules.compression not in _CODECS or rules.fetch_by not in ("get", "move"):
            raise ValueError("compression or fetch_by is unknown")
        if min(rules.keep_days, rules.reconcile_minutes, rules.fetch_days, rules.fetch_minutes) < 1:
            raise ValueError("days and minutes are 1 at least")
        titles = (*rules.emergency_sources, *rules.calling_ae_titles, *rules.partner_ae_titles)
        if not all(map(is_ae_title, titles)):
            raise ValueError("what is no AE title stands among the AE titles")
        return rules


def load(environ: Mapping[str, str] | None = None) -> GatewaySettings:
    """Read a front machine's settings. Raises SettingsError naming the one that is missing."""
    environ = os.environ if environ is None else environ
    url = _address(environ, "YINGYUN_GATEWAY_CENTRE_URL")
    index_url = ""
    if environ.get("YINGYUN_GATEWAY_INDEX_URL"):
        index_url = _address(environ, "YINGYUN_GATEWAY_INDEX_URL")
    secret_file = Path(environ.get("YINGYUN_GATEWAY_CLIENT_SECRET_FILE", "gateway.secret"))
    try:
        secret = secret_file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"YINGYUN_GATEWAY_CLIENT_SECRET_FILE：无法读取 {secret_file} / cannot be read"
        ) from error
    client_id = environ.get("YINGYUN_GATEWAY_CLIENT_ID", "")
    title = environ.get("YINGYUN_GATEWAY_AE_TITLE", DEFAULT_AE_TITLE)
    if not client_id or not secret:
        raise SettingsError("YINGYUN_GATEWAY_CLIENT_ID 与口令不能为空 / client id and secret")
    if not is_ae_title(title):
        raise SettingsError("YINGYUN_GATEWAY_AE_TITLE 不是 AE Title / is no AE title")
    return GatewaySettings(
        home=Path(environ.get("YINGYUN_HOME", "var")).resolve(),
        centre_url=url,
        client_id=client_id,
        client_secret=secret,
        ae_title=title,
        pacs_file=_path(environ, "YINGYUN_GATEWAY_PACS_FILE"),
        pictures=_path(environ, "YINGYUN_GATEWAY_PICTURES"),
        index_url=index_url,
        tls=tls_files(*(_path(environ, f"YINGYUN_GATEWAY_TLS_{one}_FILE") for one in _TLS)),
        sources_file=_path(environ, "YINGYUN_GATEWAY_SOURCES_FILE"),
        upgrade_command=environ.get("YINGYUN_GATEWAY_UPGRADE_COMMAND", ""),
        worklist=environ.get("YINGYUN_GATEWAY_WORKLIST", ""),
    )


def _address(environ: Mapping[str, str], name: str) -> str:
    url = environ.get(name, "").rstrip("/")
    parts = urlsplit(url)
    if not parts.hostname:
        raise SettingsError(f"{name}：请填写影像中心地址 / the centre's address")
    if parts.scheme != "https" and parts.hostname not in _LOCAL:
        raise SettingsError(f"{name} 须为 https:// / must be https")
    return url


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(environ[name]) if environ.get(name) else None
