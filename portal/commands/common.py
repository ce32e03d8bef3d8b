"""What the commands share."""

from __future__ import annotations

from pathlib import Path

from server import settings as settings_module
from server.cloud import ImageCloud, check_master_key, open_cloud, upgrade_database
from server.settings import Settings


def ready_cloud(settings: Settings | None = None) -> ImageCloud:
    """Bring the database to its newest schema and open the image cloud of the environment.

    Raises SettingsError, KeyFileError, StorageError.
    """
    chosen = settings or settings_module.load()
    upgrade_database(chosen)
    cloud = open_cloud(chosen)
    check_master_key(cloud)
    return cloud


def asset_cache(settings: Settings) -> Path:
    """Return the folder that keeps what was fetched for the assets."""
    return settings.assets_dir.parent / "asset-cache"
