"""The patterns of `deploy/` and the Procfile name commands and settings that there are."""

from __future__ import annotations

import dataclasses
import re
import shlex

import click
import pytest
import yaml

from portal.cli import cli
from server.settings import Settings
from tests.deployment.running import ROOT

DEPLOY = ROOT / "deploy"
SETTING = re.compile(r"\bYINGYUN_[A-Z_]+")
# Of nginx's template, not of the product.
OF_THE_FRONT = {
    "YINGYUN_HOST",
    "YINGYUN_UPSTREAM",
    "YINGYUN_HTTP_PORT",
    "YINGYUN_HTTPS_PORT",
    "YINGYUN_CERTIFICATES",
}


def commands() -> list[list[str]]:
    """The arguments with which each pattern starts `yingyun`."""
    found = []
    for unit in sorted((DEPLOY / "systemd").iterdir()):
        line = re.search(r"^ExecStart=\S+/yingyun (.*)$", unit.read_text(), re.MULTILINE)
        assert line, unit
        found.append(shlex.split(line[1].replace("%i", "8000")))
    services = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())["services"]
    found += [one["command"] for one in services.values() if one.get("image") == "yingyun"]
    for line in re.findall(r"^\w+: yingyun (.*)$", (ROOT / "Procfile").read_text(), re.MULTILINE):
        found.append(shlex.split(re.sub(r"\$\{\w+:-(\d+)\}", r"\1", line)))
    return found


@pytest.mark.requirement("K-33")
@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_each_command_is_understood(arguments: list[str]) -> None:
    context = click.Context(cli)
    name, command, rest = cli.resolve_command(context, arguments)
    assert command
    command.make_context(name, rest, parent=context)


def test_each_setting_is_one_of_the_product() -> None:
    known = {f"YINGYUN_{field.name.upper()}" for field in dataclasses.fields(Settings)}
    used = {
        name
        for file in DEPLOY.rglob("*")
        if file.is_file()
        for name in SETTING.findall(file.read_text(encoding="utf-8"))
    }
    assert used - OF_THE_FRONT <= known


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for field in dataclasses.fields(Settings):
        assert f"| `YINGYUN_{field.name.upper()}` |" in text, field.name


@pytest.mark.requirement("F-58")
def test_services_have_no_privilege_and_only_the_front_is_reached_from_outside() -> None:
    for unit in (DEPLOY / "systemd").iterdir():
        lines = set(unit.read_text().splitlines())
        assert {"User=yingyun", "CapabilityBoundingSet=", "NoNewPrivileges=yes"} <= lines
        assert {"ProtectSystem=strict", "UMask=0077", "PrivateDevices=yes"} <= lines
    web = (DEPLOY / "systemd" / "yingyun-web@.service").read_text()
    assert "--bind 127.0.0.1:" in web
    services = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())["services"]
    published = {name: one["ports"] for name, one in services.items() if "ports" in one}
    assert published == {"proxy": ["80:80", "443:443"], "dicom": ["11112:11112"]}
    for name, one in services.items():
        if one.get("image") == "yingyun":
            assert one["cap_drop"] == ["ALL"], name
            assert one["read_only"] is True
