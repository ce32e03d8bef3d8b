"""`yingyun`: the image cloud from the shell. Messages are Chinese first, English second."""

from __future__ import annotations

import os
import sys

import click

from portal.commands.archive import archive
from portal.commands.assets import assets
from portal.commands.audit import audit
from portal.commands.backups import backup, restore
from portal.commands.client import client
from portal.commands.demo import demo
from portal.commands.dicom import dicom
from portal.commands.digital_film import digital_film
from portal.commands.family import family
from portal.commands.gateway import gateway
from portal.commands.gateways import gateways
from portal.commands.index import index
from portal.commands.ingest import ingest
from portal.commands.institution import institution
from portal.commands.keys import keys
from portal.commands.migrate import migrate
from portal.commands.provinces import provinces
from portal.commands.quality import quality
from portal.commands.render import render
from portal.commands.sensitivity import sensitivity
from portal.commands.serve import serve
from portal.commands.storage import storage
from portal.commands.user import user
from portal.commands.worker import worker
from portal.logs import configure_logging
from server.assets import AssetError, AssetsMissingError
from server.backup import BackupError
from server.dimse.peers import PeersFileError
from server.keys import KeyFileError
from server.provinces.peers import ProvincesFileError
from server.sensitivity import PolicyError
from server.settings import SettingsError, log_folder
from server.storage import StorageError

# What an operator can mend: said in words, without a traceback.
OPERATOR_ERRORS = (
    SettingsError,
    KeyFileError,
    BackupError,
    StorageError,
    AssetError,
    AssetsMissingError,
    ProvincesFileError,
    PeersFileError,
    PolicyError,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="yingyun", prog_name="yingyun")
def cli() -> None:
    """影云：开源医学影像云 / Yingyun: the open-source medical image cloud."""
    configure_logging(folder=log_folder(os.environ))


for command in (
    archive,
    assets,
    audit,
    backup,
    client,
    demo,
    dicom,
    digital_film,
    family,
    gateway,
    gateways,
    index,
    ingest,
    institution,
    keys,
    migrate,
    provinces,
    quality,
    render,
    restore,
    sensitivity,
    serve,
    storage,
    user,
    worker,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line; what an operator can mend is said in a sentence."""
    try:
        cli()
    except OPERATOR_ERRORS as error:
        click.echo(f"错误：{error} / Error: {error}", err=True)
        sys.exit(1)
