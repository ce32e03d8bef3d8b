"""`yingyun worker`."""

from __future__ import annotations

import click

from portal.commands.common import ready_cloud
from server.jobs.worker import run_worker


@click.command()
def worker() -> None:
    """运行后台任务 / Do the jobs of the queue until told to stop."""
    run_worker(ready_cloud())
