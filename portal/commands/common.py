"""What the commands share."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy.orm import Session

from server import settings as settings_module
from server.cloud import ImageCloud, check_master_key, open_cloud, upgrade_database
from server.model import Study
from server.settings import Settings
from server.study_named import NoSuchStudyError, study_named


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


def chosen_study(session: Session, institution_code: str, accession_number: str) -> Study:
    """Return the study that an operator names. Raises ClickException where there is not one."""
    try:
        return study_named(session, institution_code.upper(), accession_number)
    except NoSuchStudyError as error:
        raise click.ClickException(
            "该机构没有这个检查号，或不止一个 / the institution has no such accession number, "
            "or has several"
        ) from error
