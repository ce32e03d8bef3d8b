"""Settings of every process, read once from the environment (docs/configuration.md)."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from server.log_files import DEFAULT_DAYS, LEAST_DAYS

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

AES_256_GCM, SM4_GCM = "AES-256-GCM", "SM4-GCM"
STORAGE_CIPHERS = (AES_256_GCM, SM4_GCM)
ARCHIVE_PROFILES = ("national", "chongqing")
# As server.accounts.EntryKind has them.
CHANNEL_KINDS = frozenset(
    {"web", "national_platform", "qr_code", "official_account", "mini_program", "app"}
)
LOOPBACK: tuple[Network, ...] = (
    ipaddress.ip_network("127.0.0.0/8"),
    ipaddress.ip_network("::1/128"),
)


class SettingsError(ValueError):
    """A setting has a value that cannot be used; the message names it."""


@dataclass(frozen=True)
class Settings:
    """All that can be chosen from outside.

    Embedded defaults (SQLite, a folder, in-process limits) serve one machine;
    the same code runs on PostgreSQL, S3 and Redis by these settings alone.
    """

    home: Path
    database_url: str
    object_store_url: str
    redis_url: str | None
    base_url: str
    master_key_file: Path
    development: bool = False
    site_name: str = "影云"
    region_code: str = "000000"
    review_gate: bool = True
    trusted_proxies: int = 0
    idle_minutes: int = 20
    absolute_hours: int = 12
    login_tries: int = 5
    lock_minutes: int = 15
    share_tries: int = 5
    hospital_networks: tuple[Network, ...] = ()
    cloud_index_scheme: str = "national-2025"
    assets_dir: Path = field(default=Path("assets"))
    identity_providers_file: Path | None = None
    dicom_nodes_file: Path | None = None
    dicom_peers_file: Path | None = None
    dicom_ae_title: str = "YINGYUN"
    dicom_tls_only: bool = False
    dicom_tls_certificate_file: Path | None = None
    dicom_tls_key_file: Path | None = None
    dicom_tls_authorities_file: Path | None = None
    authorisation_per_encounter: bool = False
    verifiers_file: Path | None = None
    data_use_approvals_file: Path | None = None
    provinces_file: Path | None = None
    cache_days: int = 30
    sms_url: str | None = None
    sms_key_file: Path | None = None
    registration: bool = False
    recovery_hours: int = 24
    reminder_profile: str = "national"
    reminders_file: Path | None = None
    history_years: int = 0
    identity_adapters_file: Path | None = None
    health_platform_file: Path | None = None
    storage_endpoints: tuple[str, ...] = ()
    storage_cipher: str = AES_256_GCM
    archive_profile: str = "national"
    recalled_days: int = 30
    replica_store_url: str | None = None
    scrub_megabytes: int = 2000
    backup_dir: Path | None = None
    object_megabytes: int = 1024  # the most of one object that comes in
    delivery_megabytes: int = 65536  # the most of one request of STOW-RS
    log_dir: Path | None = None
    log_days: int = DEFAULT_DAYS
    metrics_networks: tuple[Network, ...] = LOOPBACK
    sensitivity_file: Path | None = None
    # What entries are called in addresses, and the kind of each.
    channels: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def secure(self) -> bool:
        """Whether people reach the product over HTTPS, so that cookies must be Secure."""
        return self.base_url.startswith("https://")


def _integer(environ: Mapping[str, str], name: str, default: int) -> int:
    value = environ.get(name)
    if value is None:
        return default
    try:
        return int(value)
    except ValueError as error:
        raise SettingsError(f"{name} must be a whole number, not {value!r}") from error


def _positive(environ: Mapping[str, str], name: str, default: int) -> int:
    value = _integer(environ, name, default)
    if value < 1:
        raise SettingsError(f"{name} must be 1 or more, not {value}")
    return value


def _flag(environ: Mapping[str, str], name: str, default: bool) -> bool:
    value = environ.get(name)
    if value is None:
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise SettingsError(f"{name} must be 1 or 0, not {value!r}")


def _networks(environ: Mapping[str, str], name: str) -> tuple[Network, ...]:
    try:
        return tuple(
            ipaddress.ip_network(one.strip())
            for one in environ.get(name, "").split(",")
            if one.strip()
        )
    except ValueError as error:
        raise SettingsError(f"{name} must be networks such as 10.0.0.0/8: {error}") from error


def _words(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in environ.get(name, "").split(",") if one.strip())


def _choice(environ: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """Return a value of a closed list, the first where none is set."""
    value = environ.get(name, choices[0])
    if value not in choices:
        raise SettingsError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
    return value


def _channels(environ: Mapping[str, str], name: str) -> dict[str, str]:
    """Return pairs such as `yukuaiban=app` by name, both as `portal.entry` writes them."""
    found = {}
    for word in _words(environ, name):
        channel, separator, kind = (part.strip() for part in word.partition("="))
        if not (channel and separator and kind in CHANNEL_KINDS):
            kinds = ", ".join(sorted(CHANNEL_KINDS))
            raise SettingsError(f"{name} must be name=kind (kinds: {kinds}), not {word!r}")
        found[channel.lower().replace("-", "_")] = kind
    return found


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    value = environ.get(name)
    return Path(value) if value else None


def log_folder(environ: Mapping[str, str]) -> Path | None:
    """Return where log lines are kept in files; None for standard error alone."""
    return _path(environ, "YINGYUN_LOG_DIR")


def _log_days(environ: Mapping[str, str]) -> int:
    days = _integer(environ, "YINGYUN_LOG_DAYS", DEFAULT_DAYS)
    if days < LEAST_DAYS:
        raise SettingsError(f"YINGYUN_LOG_DAYS must be {LEAST_DAYS} at least (F-43), not {days}")
    return days


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment.

    Raises SettingsError when a value cannot be used.
    """
    environ = os.environ if environ is None else environ
    home = Path(environ.get("YINGYUN_HOME", "var")).resolve()
    return Settings(
        home=home,
        database_url=environ.get("YINGYUN_DATABASE_URL", f"sqlite:///{home / 'yingyun.db'}"),
        object_store_url=environ.get("YINGYUN_OBJECT_STORE_URL", (home / "objects").as_uri()),
        redis_url=environ.get("YINGYUN_REDIS_URL") or None,
        base_url=environ.get("YINGYUN_BASE_URL", "http://127.0.0.1:8000").rstrip("/"),
        master_key_file=Path(
            environ.get("YINGYUN_MASTER_KEY_FILE", str(home / "secrets" / "master.key"))
        ),
        development=_flag(environ, "YINGYUN_DEVELOPMENT", False),
        site_name=environ.get("YINGYUN_SITE_NAME", "影云"),
        region_code=environ.get("YINGYUN_REGION_CODE", "000000"),
        review_gate=_flag(environ, "YINGYUN_REVIEW_GATE", True),
        trusted_proxies=_integer(environ, "YINGYUN_TRUSTED_PROXIES", 0),
        idle_minutes=_integer(environ, "YINGYUN_IDLE_MINUTES", 20),
        absolute_hours=_integer(environ, "YINGYUN_ABSOLUTE_HOURS", 12),
        login_tries=_integer(environ, "YINGYUN_LOGIN_TRIES", 5),
        lock_minutes=_integer(environ, "YINGYUN_LOCK_MINUTES", 15),
        share_tries=_integer(environ, "YINGYUN_SHARE_TRIES", 5),
        hospital_networks=_networks(environ, "YINGYUN_HOSPITAL_NETWORKS"),
        cloud_index_scheme=environ.get("YINGYUN_CLOUD_INDEX_SCHEME", "national-2025"),
        assets_dir=Path(environ.get("YINGYUN_ASSETS_DIR", str(home / "assets"))),
        identity_providers_file=_path(environ, "YINGYUN_IDENTITY_PROVIDERS_FILE"),
        dicom_nodes_file=_path(environ, "YINGYUN_DICOM_NODES_FILE"),
        dicom_peers_file=_path(environ, "YINGYUN_DICOM_PEERS_FILE"),
        dicom_ae_title=environ.get("YINGYUN_DICOM_AE_TITLE", "YINGYUN"),
        dicom_tls_only=_flag(environ, "YINGYUN_DICOM_TLS_ONLY", False),
        dicom_tls_certificate_file=_path(environ, "YINGYUN_DICOM_TLS_CERTIFICATE_FILE"),
        dicom_tls_key_file=_path(environ, "YINGYUN_DICOM_TLS_KEY_FILE"),
        dicom_tls_authorities_file=_path(environ, "YINGYUN_DICOM_TLS_AUTHORITIES_FILE"),
        authorisation_per_encounter=_flag(environ, "YINGYUN_AUTHORISATION_PER_ENCOUNTER", False),
        verifiers_file=_path(environ, "YINGYUN_VERIFIERS_FILE"),
        data_use_approvals_file=_path(environ, "YINGYUN_DATA_USE_APPROVALS_FILE"),
        provinces_file=_path(environ, "YINGYUN_PROVINCES_FILE"),
        cache_days=_integer(environ, "YINGYUN_CACHE_DAYS", 30),
        sms_url=environ.get("YINGYUN_SMS_URL") or None,
        sms_key_file=_path(environ, "YINGYUN_SMS_KEY_FILE"),
        registration=_flag(environ, "YINGYUN_REGISTRATION", False),
        recovery_hours=_integer(environ, "YINGYUN_RECOVERY_HOURS", 24),
        reminder_profile=environ.get("YINGYUN_REMINDER_PROFILE", "national"),
        reminders_file=_path(environ, "YINGYUN_REMINDERS_FILE"),
        sensitivity_file=_path(environ, "YINGYUN_SENSITIVITY_FILE"),
        channels=_channels(environ, "YINGYUN_CHANNELS"),
        history_years=_integer(environ, "YINGYUN_HISTORY_YEARS", 0),
        identity_adapters_file=_path(environ, "YINGYUN_IDENTITY_ADAPTERS_FILE"),
        health_platform_file=_path(environ, "YINGYUN_HEALTH_PLATFORM_FILE"),
        storage_endpoints=_words(environ, "YINGYUN_STORAGE_ENDPOINTS"),
        storage_cipher=_choice(environ, "YINGYUN_STORAGE_CIPHER", STORAGE_CIPHERS),
        archive_profile=_choice(environ, "YINGYUN_ARCHIVE_PROFILE", ARCHIVE_PROFILES),
        recalled_days=_integer(environ, "YINGYUN_RECALLED_DAYS", 30),
        replica_store_url=environ.get("YINGYUN_REPLICA_STORE_URL") or None,
        scrub_megabytes=_integer(environ, "YINGYUN_SCRUB_MEGABYTES", 2000),
        backup_dir=_path(environ, "YINGYUN_BACKUP_DIR"),
        object_megabytes=_positive(environ, "YINGYUN_OBJECT_MEGABYTES", 1024),
        delivery_megabytes=_positive(environ, "YINGYUN_DELIVERY_MEGABYTES", 65536),
        log_dir=log_folder(environ),
        log_days=_log_days(environ),
        metrics_networks=_networks(environ, "YINGYUN_METRICS_NETWORKS") or LOOPBACK,
    )
