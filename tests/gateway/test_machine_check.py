"""`yingyun gateway check`: the machine compared with what is asked of a front machine (K-21)."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from portal.cli import cli
from server.gateway.machine import Machine, read_machine
from server.gateway.machine_check import Verdict, check, exit_code

PASS, FAIL, UNREADABLE = Verdict.PASS, Verdict.FAIL, Verdict.UNREADABLE
SMBIOS = {
    16: "Physical Memory Array\n\tError Correction Type: Multi-bit ECC\n",
    17: "Memory Device\n\tType: DDR4\n\tSpeed: 3200 MT/s\n\nMemory Device\n\tType: Unknown\n"
    "\tSpeed: Unknown\n",
    38: "IPMI Device Information\n\tInterface Type: KCS (Keyboard Control Style)\n",
    39: "System Power Supply\n\tStatus: Present, OK\n\n" * 2,
}
CORE = "processor\t: {number}\nphysical id\t: 0\ncore id\t: {core}\nflags\t\t: fpu lm\n"
MIRROR = (
    "md0 : active raid1 sdb1[1] sda1[0]\n      1 blocks [2/2] [{state}]\n\nunused devices: <none>\n"
)


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def front_machine(root: Path, *, cores: int = 4, memory_kb: int = 16_300_000) -> Path:
    """The files of a kernel that runs on what is asked for: 4 cores of 2 threads each."""
    threads = range(2 * cores)
    write(root, {
        "proc/cpuinfo": "\n".join(CORE.format(number=one, core=one % cores) for one in threads),
        "proc/meminfo": f"MemTotal:       {memory_kb} kB\n",
        "proc/mdstat": MIRROR.format(state="UU"),
        "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "2400000\n",
        "sys/class/net/lo/speed": "10000\n",
        "sys/bus/pci/devices/0000:00:1f.2/class": "0x010601\n",
    })  # fmt: skip
    for name in ("sda", "sdb"):
        sectors = 240_057_409_536 // 512
        write(root / "sys/block" / name, {"size": str(sectors), "queue/rotational": "0\n"})
    write(root / "sys/block/loop0", {"size": "4096", "queue/rotational": "0"})
    for name in ("eno1", "eno2"):
        write(root / "sys/class/net" / name, {"device/vendor": "0x8086", "speed": "1000\n"})
    return root


def verdicts(machine: Machine) -> dict[str, Verdict]:
    return {row.name.partition(" / ")[2]: row.verdict for row in check(machine)}


@pytest.mark.requirement("K-21")
def test_each_demand_is_compared_with_what_the_kernel_says(tmp_path: Path) -> None:
    good = read_machine(tmp_path, front_machine(tmp_path / "good"), lambda kind: SMBIOS[kind])
    found = verdicts(good)
    assert found.pop("RAID card cache") == FAIL, "this one mirrors without a card"
    assert set(found.values()) == {PASS}

    root = front_machine(tmp_path / "poor", cores=2, memory_kb=8_000_000)
    write(root, {
        "proc/mdstat": MIRROR.format(state="U_"),
        "sys/block/sdb/queue/rotational": "1",
        "sys/class/net/eno2/speed": "100",
        "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "1600000",
    })  # fmt: skip
    poor = verdicts(read_machine(tmp_path, root, lambda kind: SMBIOS[kind]))
    failing = {"physical cores", "memory", "RAID", "system disks", "network ports", "clock"}
    assert {name for name, one in poor.items() if one == FAIL} == failing | {"RAID card cache"}


@pytest.mark.requirement("K-21")
def test_what_cannot_be_read_is_neither_passed_nor_failed(tmp_path: Path) -> None:
    root = front_machine(tmp_path / "card")
    write(root, {"sys/bus/pci/devices/0000:02:00.0/class": "0x010400", "proc/mdstat": ""})
    (root / "sys/class/net/eno2/speed").unlink()
    (root / "sys/block/sdb/size").write_text("0")
    rows = check(read_machine(tmp_path, root, lambda _: ""))
    found = {row.name.partition(" / ")[2] for row in rows if row.verdict == UNREADABLE}
    assert found == {
        "memory protection", "memory kind", "system disks", "RAID", "RAID card cache",
        "network ports", "power supplies", "out-of-band management",
    }  # fmt: skip
    assert exit_code(rows) == 3
    assert exit_code(check(Machine(physical_cores=2))) == 1
    write(root, {"sys/devices/system/edac/mc/mc0/ue_count": "0"})
    assert verdicts(read_machine(tmp_path, root, lambda _: ""))["memory protection"] == PASS


@pytest.mark.requirement("K-21")
def test_the_command_prints_a_row_a_demand_and_ends_by_what_it_found(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["gateway", "check"], env={"YINGYUN_HOME": str(tmp_path / "no")})
    lines = done.output.splitlines()
    assert len(lines) == len(check(Machine()))
    failing = any(line.startswith("不符") for line in lines)
    assert done.exit_code == (1 if failing else 3 if "not readable" in done.output else 0)
    for word in ("物理核", "内存", "网口", "系统盘"):
        assert word in done.output
