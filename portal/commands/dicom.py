"""`yingyun dicom`: the centre's DICOM services."""

from __future__ import annotations

import signal
import threading

import click

from portal.commands.common import ready_cloud
from server import settings as settings_module
from server.dimse.listener import Address
from server.dimse.peers import load_peers
from server.dimse.service import DicomService, Endpoints
from server.dimse.tls import tls_files
from server.settings import Settings


@click.command()
@click.option("--bind", default="127.0.0.1:11112", show_default=True, help="HOST:PORT")
@click.option("--tls-bind", default="127.0.0.1:2762", show_default=True, help="HOST:PORT (TLS)")
def dicom(bind: str, tls_bind: str) -> None:
    """运行 DICOM 服务（存储、查询、调取、存储确认）/ Serve DICOM peers until told to stop."""
    settings = settings_module.load()
    endpoints = _endpoints(settings, bind, tls_bind)
    title = settings.dicom_ae_title
    service = DicomService(
        ready_cloud(settings), load_peers(settings.dicom_peers_file, title), title
    )
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        ports = service.start(endpoints)
    except OSError as error:
        raise click.ClickException(
            f"无法监听 / cannot listen: {error.strerror or error}"
        ) from error
    shown = ", ".join(f"{name} {port}" for name, port in ports.items())
    click.echo(f"DICOM {title}: {shown}")
    stopping.wait()
    service.stop()


def _endpoints(settings: Settings, bind: str, tls_bind: str) -> Endpoints:
    files = tls_files(
        settings.dicom_tls_certificate_file,
        settings.dicom_tls_key_file,
        settings.dicom_tls_authorities_file,
    )
    if settings.dicom_tls_only and files is None:
        raise click.ClickException(
            "YINGYUN_DICOM_TLS_ONLY=1 需要证书、密钥与受信机构文件 / "
            "needs the files of certificate, key and authorities"
        )
    plain = None if settings.dicom_tls_only else _address(bind, "--bind")
    return Endpoints(plain, _address(tls_bind, "--tls-bind") if files else None, files)


def _address(text: str, option: str) -> Address:
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        raise click.BadParameter("HOST:PORT", param_hint=option)
    return host, int(port)
