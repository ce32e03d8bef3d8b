"""What processes write to their logs, as a process of its own writes it."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import time_machine

from server import log_files, settings
from server.settings import SettingsError

ROOT = Path(__file__).resolve().parents[2]

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


@pytest.mark.requirement("F-43")
def test_lines_of_all_kinds_hold_the_schema_and_are_kept_in_the_file_of_the_day(
    tmp_path: Path,
) -> None:
    schema = json.loads((ROOT / "docs" / "log-line.schema.json").read_text(encoding="utf-8"))
    valid = jsonschema_rs.validator_for(schema)
    script = f"""
        import logging, structlog
        from pathlib import Path
        from portal.app import create_app
        from server import settings
        from server.cloud import open_cloud, upgrade_database
        from server.jobs import regular
        home = {str(tmp_path)!r}
        chosen = settings.load({{"YINGYUN_HOME": home, "YINGYUN_LOG_DIR": home + "/logs"}})
        upgrade_database(chosen)
        cloud = open_cloud(chosen, immediate=True)
        client = create_app(cloud).test_client()
        for address in ("/healthz", "/login", "/nowhere", "/studies"):
            client.get(address)
        regular.keep_house(cloud)
        from server import alarms
        alarms.raise_now(cloud, "storage_level", "first", "满 / full")
        try:
            len(0)
        except TypeError:
            logging.getLogger("a.library").exception("it failed")
            structlog.get_logger().exception("unhandled")
    """
    lines = logged(script)
    kinds = {line["event"] for line in lines}
    assert kinds >= {"request", "housekeeping_done", "alarm_raised", "it failed", "unhandled"}
    for line in lines:
        assert not [one.message for one in valid.iter_errors(line)], line
    (kept,) = (tmp_path / "logs").iterdir()
    assert [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()] == lines
    assert kept.stat().st_mode & 0o077 == 0
    assert not valid.is_valid(lines[0] | {"level": "loud"})
    assert not valid.is_valid({name: lines[0][name] for name in lines[0] if name != "host"})


@pytest.mark.requirement("F-43")
def test_files_are_kept_for_180_days_at_least(tmp_path: Path) -> None:
    today = datetime(2026, 11, 22, tzinfo=UTC)
    with time_machine.travel(today, tick=False):
        for days in (0, 179, 180, 185):
            day = (today - timedelta(days=days)).date()
            (tmp_path / f"yingyun-{day}.jsonl").write_text("{}")
        (tmp_path / "somebody-elses.jsonl").write_text("{}")
        assert log_files.remove_old(tmp_path, 1) == 1
        assert len(list(tmp_path.iterdir())) == 4
    with pytest.raises(SettingsError, match="YINGYUN_LOG_DAYS"):
        settings.load({"YINGYUN_HOME": str(tmp_path), "YINGYUN_LOG_DAYS": "179"})
