"""`yingyun gateway`: the hospital's front machine."""

from __future__ import annotations

import signal
import threading

import click

from portal.gateway_status import serve_status
from server.gateway import configuration
from server.gateway.service import Gateway


@click.command()
@click.option("--bind", default="0.0.0.0:11113", show_default=True, help="HOST:PORT (DICOM)")
@click.option(
    "--status-bind",
    default="127.0.0.1:8090",
    show_default=True,
    help="HOST:PORT (运行状态 / status)",
)
def gateway(bind: str, status_bind: str) -> None:
    """运行医院前置机 / Receive from devices, keep, check and upload to the centre."""
    settings = configuration.load()
    machine = Gateway(settings)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        port = machine.start(_address(bind, "--bind"))
        status = serve_status(machine, _address(status_bind, "--status-bind"))
    except OSError as error:
        machine.stop()
        raise click.ClickException(
            f"无法监听 / cannot listen: {error.strerror or error}"
        ) from error
    click.echo(f"DICOM {settings.ae_title} {port}; http://{status_bind}/", err=False)
    stopping.wait()
    status.shutdown()
    machine.stop()


def _address(text: str, option: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        raise click.BadParameter("HOST:PORT", param_hint=option)
    return host, int(port)
