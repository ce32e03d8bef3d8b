"""`yingyun gateway`: the hospital's front machine."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import click

from portal.gateway_status import serve_status
from server.gateway import configuration, machine_check
from server.gateway.machine import read_machine
from server.gateway.service import Gateway

WORDS = {
    machine_check.Verdict.PASS: "通过 pass",
    machine_check.Verdict.FAIL: "不符 FAIL",
    machine_check.Verdict.UNREADABLE: "读不到，请人工核对 not readable",
}


@click.group(invoke_without_command=True)
@click.option("--bind", default="0.0.0.0:11113", show_default=True, help="HOST:PORT (DICOM)")
@click.option("--tls-bind", default="0.0.0.0:2762", show_default=True, help="HOST:PORT (DICOM TLS)")
@click.option(
    "--status-bind",
    default="127.0.0.1:8090",
    show_default=True,
    help="HOST:PORT (运行状态 / status)",
)
@click.pass_context
def gateway(context: click.Context, bind: str, tls_bind: str, status_bind: str) -> None:
    """运行医院前置机 / Receive from devices, keep, check and upload to the centre."""
    if context.invoked_subcommand is None:
        _run(bind, tls_bind, status_bind)


@gateway.command()
def check() -> None:
    """核对本机配置 / Compare this machine with what is asked of a front machine (K-21).

    退出码 / exit code: 0 全部通过 all pass; 1 有不符 one fails; 3 有读不到的 some not readable.
    """
    home = Path(os.environ.get("YINGYUN_HOME", "var")).resolve()
    rows = machine_check.check(read_machine(home))
    for row in rows:
        found = row.found or "-"
        click.echo(f"{WORDS[row.verdict]:<12}  {row.name}: {found}  (要求 asked: {row.asked})")
    sys.exit(machine_check.exit_code(rows))


def _run(bind: str, tls_bind: str, status_bind: str) -> None:
    settings = configuration.load()
    machine = Gateway(settings)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        port = machine.start(_address(bind, "--bind"), _address(tls_bind, "--tls-bind"))
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
