"""The figures that monitoring reads: true, without persons, and not for strangers."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from portal.operations.machine import MachineCollector
from server.alarms import raise_alarm
from server.cloud import ImageCloud
from tests.factories import make_person, make_study

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: str) -> Samples:
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def scraped(app: Flask) -> Samples:
    answer = app.test_client().get("/metrics")
    assert answer.status_code == 200
    return samples(answer.text)


@pytest.mark.requirement("K-27")
def test_requests_are_counted_by_rule_and_status_with_their_bytes(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/login")
    client.get("/studies/no-such-study-of-anybody")
    client.get("/nowhere/at-all")
    found = scraped(app)
    asked = ("method", "GET")
    key = (asked, ("route", "/login"), ("status", "200"))
    assert found["yingyun_request_seconds_count", key] == 1
    assert 0 < found["yingyun_request_seconds_sum", key] < 60
    assert found["yingyun_response_bytes_total", (("route", "/login"),)] == len(page.data)
    key = (asked, ("route", "unknown"), ("status", "404"))
    assert found["yingyun_request_seconds_count", key] == 1
    labels = " ".join(value for _, pairs in found for _, value in pairs)
    assert "no-such-study" not in labels


@pytest.mark.requirement("K-27", "D-49")
def test_the_centre_tells_its_studies_alarms_and_jobs(app: Flask, cloud: ImageCloud) -> None:
    make_study(cloud, person_id=make_person(cloud).id)
    with cloud.database.session() as session:
        raise_alarm(session, "storage_full", "volume-1", "存储将满 / nearly full")
    found = scraped(app)
    assert sum(value for (name, _), value in found.items() if name == "yingyun_studies") == 1
    assert found["yingyun_open_alarms", (("kind", "storage_full"),)] == 1
    assert found["yingyun_waiting_jobs", ()] >= 0


@pytest.mark.requirement("K-27")
def test_processor_memory_disk_and_network_are_those_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "stat").write_text("cpu  100 0 50 850 7 0 3 0 0 0\ncpu0 100 0 50 850 7 0 3 0 0 0\n")
    (tmp_path / "loadavg").write_text("0.42 0.40 0.30 1/200 1234\n")
    (tmp_path / "meminfo").write_text("MemTotal: 2048 kB\nMemFree: 5 kB\nMemAvailable: 1024 kB\n")
    (tmp_path / "diskstats").write_text(
        "   8  0 sda 10 0 6 0 20 0 4 0 0 0 0\n   7  0 loop0 1 1 1 1 1 1 1 1 1 1 1\n"
    )
    (tmp_path / "net" / "dev").write_text(
        "Inter-|\n face |\n  eth0: 700 1 0 0 0 0 0 0 900 1 0 0 0 0 0 0\n"
    )
    found = {
        (one.name, *one.labels.values()): one.value
        for family in MachineCollector(tmp_path).collect()
        for one in family.samples
    }
    assert found["yingyun_machine_cpu_seconds_total", "user"] == 1
    assert found["yingyun_machine_cpu_seconds_total", "idle"] == 8.5
    assert found["yingyun_machine_load",] == 0.42
    assert found["yingyun_machine_memory_bytes", "available"] == 1024 * 1024
    assert found["yingyun_machine_disk_bytes_total", "sda", "read"] == 6 * 512
    assert found["yingyun_machine_disk_bytes_total", "sda", "written"] == 4 * 512
    assert not any("loop0" in key for key in found)
    assert found["yingyun_machine_network_bytes_total", "eth0", "received"] == 700
    assert found["yingyun_machine_network_bytes_total", "eth0", "sent"] == 900


def test_without_proc_there_are_no_figures_and_no_failure(tmp_path: Path) -> None:
    assert list(MachineCollector(tmp_path / "none").collect()) == []


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::7", "unknown"])
def test_for_strangers_the_address_does_not_exist(app: Flask, address: str) -> None:
    client = app.test_client()
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": address}).status_code == 404
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "::1"}).status_code == 200
    mapped = {"REMOTE_ADDR": "::ffff:127.0.0.1"}
    assert client.get("/metrics", environ_base=mapped).status_code == 200
