"""What processes write to their logs, as a process of its own writes it."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import Any

import pytest

SECRET = "张三丰 13800138000"


def logged(script: str) -> list[dict[str, Any]]:
    """Run a script and return its lines on standard error, each of which must be JSON."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    assert SECRET.split()[0] not in done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


@pytest.mark.requirement("F-22")
def test_a_traceback_names_no_value() -> None:
    lines = logged(
        """
        import logging, structlog
        from portal.logs import configure_logging
        configure_logging()
        name = "张" + "三丰"
        try:
            len(0)
        except TypeError as error:
            structlog.get_logger().error("unhandled", exc_info=error)
            logging.getLogger("a.library").exception("it failed")
        """
    )
    assert [line["event"] for line in lines] == ["unhandled", "it failed"]
    for line in lines:
        assert line["level"] == "error"
        assert "TypeError" in line["exception"]
        assert "timestamp" in line
    assert lines[1]["logger"] == "a.library"


@pytest.mark.requirement("F-22")
def test_what_pydicom_warns_of_is_not_quoted() -> None:
    lines = logged(
        """
        from pydicom import Dataset
        from portal.logs import configure_logging
        configure_logging()
        Dataset().add_new("PatientAge", "AS", "张" + "三丰")
        """
    )
    assert lines == []


def test_lines_of_several_processes_stay_whole() -> None:
    lines = logged(
        """
        import os, structlog
        from portal.logs import configure_logging
        configure_logging()
        children = [os.fork() for _ in range(3)]
        for number in range(3000):
            structlog.get_logger().info("line", number=number, filler="x" * 200)
        if 0 not in children:
            for child in children:
                os.waitpid(child, 0)
        """
    )
    assert len(lines) == 8 * 3000


def test_an_application_alone_logs_alike() -> None:
    """Under a server of somebody else's nobody runs our command line first."""
    lines = logged(
        """
        import tempfile, structlog
        from portal.app import create_app
        from server import settings
        from server.cloud import open_cloud, upgrade_database
        chosen = settings.load({"YINGYUN_HOME": tempfile.mkdtemp()})
        upgrade_database(chosen)
        create_app(open_cloud(chosen)).test_client().get("/healthz")
        """
    )
    assert [(line["event"], line["route"]) for line in lines] == [("request", "/healthz")]
