"""What can be read of the machine itself: /proc, /sys and, where it may run, dmidecode."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SECTOR_BYTES = 512  # of /sys/block/*/size, whatever the disk's own sectors are
DMIDECODE_SECONDS = 20
_NO_DISK = re.compile(r"(loop|ram|zram|dm-|md|sr|nbd|fd)\d*")
_RAID_CLASS = "0x0104"  # PCI class: mass storage controller, RAID
_MEMORY_ARRAY, _MEMORY_DEVICE, _IPMI, _POWER_SUPPLY = 16, 17, 38, 39  # SMBIOS (DSP0134) types


@dataclass(frozen=True)
class Disk:
    """One disk as the kernel sees it."""

    name: str
    size_bytes: int
    is_ssd: bool


@dataclass(frozen=True)
class Machine:
    """What was read; None, or an empty tuple, for what could not be.

    `clock_mhz` is the highest clock of the first core; `port_speeds` are in Mbit/s, None for a
    port without a link; `software_raid` holds level and whether it is whole; `memory_speeds` are
    in MT/s as SMBIOS has them.
    """

    is_64_bit: bool | None = None
    clock_mhz: int | None = None
    physical_cores: int | None = None
    memory_bytes: int | None = None
    has_ecc: bool | None = None
    memory_types: tuple[str, ...] = ()
    memory_speeds: tuple[int, ...] = ()
    disks: tuple[Disk, ...] = ()
    software_raid: tuple[tuple[str, bool], ...] = ()
    raid_cards: int = 0
    port_speeds: tuple[int | None, ...] = ()
    power_supplies: int | None = None
    has_management: bool | None = None
    free_bytes: int | None = None


def smbios(kind: int) -> str:
    """Return what dmidecode says of one type of structure; "" where it cannot run."""
    program = shutil.which("dmidecode", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 (a fixed program, no shell)
            [program, "-t", str(kind)], capture_output=True, text=True, check=False,
            timeout=DMIDECODE_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def read_machine(
    home: Path, root: Path = Path("/"), describe: Callable[[int], str] = smbios
) -> Machine:
    """Read the machine. `home` is where the spool lies; `root` where /proc and /sys hang."""
    cpus = _cpus(root)
    return Machine(
        is_64_bit=_is_64_bit(cpus, root),
        clock_mhz=_clock(cpus, root),
        physical_cores=_physical_cores(cpus, root),
        memory_bytes=_memory(root),
        has_ecc=_has_ecc(root, describe),
        memory_types=tuple(sorted(set(_values(describe(_MEMORY_DEVICE), "Type")))),
        memory_speeds=tuple(_numbers(describe(_MEMORY_DEVICE), "Speed")),
        disks=tuple(_disks(root)),
        software_raid=tuple(_software_raid(root)),
        raid_cards=_raid_cards(root),
        port_speeds=tuple(_ports(root)),
        power_supplies=len(_values(describe(_POWER_SUPPLY), "Status")) or None,
        has_management=_has_management(root, describe),
        free_bytes=_free(home),
    )


def _cpus(root: Path) -> list[dict[str, str]]:
    blocks = _text(root / "proc/cpuinfo").strip().split("\n\n")
    pairs = (
        [line.partition(":") for line in block.splitlines() if ":" in line] for block in blocks
    )
    cpus = [{name.strip(): value.strip() for name, _, value in one} for one in pairs]
    return [one for one in cpus if "processor" in one]


def _is_64_bit(cpus: list[dict[str, str]], root: Path) -> bool | None:
    flags = cpus[0].get("flags", "").split() if cpus else []
    if flags:
        return "lm" in flags
    told = _text(root / "proc/sys/kernel/arch").strip()
    return None if not told else told.endswith("64")


def _clock(cpus: list[dict[str, str]], root: Path) -> int | None:
    kilohertz = _text(root / "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq").strip()
    if kilohertz.isdigit():
        return int(kilohertz) // 1000
    found = re.fullmatch(r"(\d+)(\.\d+)?", cpus[0].get("cpu MHz", "")) if cpus else None
    return None if found is None else int(found[1])


def _physical_cores(cpus: list[dict[str, str]], root: Path) -> int | None:
    told = {
        (one["physical id"], one["core id"])
        for one in cpus
        if "physical id" in one and "core id" in one
    }
    if told:
        return len(told)
    folders = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/topology")
    found = {(_text(one / "physical_package_id"), _text(one / "core_id")) for one in folders}
    return len(found) or None


def _memory(root: Path) -> int | None:
    found = re.search(r"^MemTotal:\s+(\d+) kB", _text(root / "proc/meminfo"), re.MULTILINE)
    return None if found is None else int(found[1]) * 1024


def _has_ecc(root: Path, describe: Callable[[int], str]) -> bool | None:
    controllers = list((root / "sys/devices/system/edac/mc").glob("mc[0-9]*"))
    if controllers:  # the kernel counts errors that only such memory can find
        return True
    told = _values(describe(_MEMORY_ARRAY), "Error Correction Type")
    return any("ECC" in one for one in told) if told else None


def _disks(root: Path) -> Iterator[Disk]:
    for folder in sorted((root / "sys/block").glob("*")):
        size = _text(folder / "size").strip()
        removable = _text(folder / "removable").strip() == "1"
        if _NO_DISK.fullmatch(folder.name) or removable or not size.isdigit() or size == "0":
            continue
        is_ssd = _text(folder / "queue/rotational").strip() == "0"
        yield Disk(folder.name, int(size) * SECTOR_BYTES, is_ssd)


def _software_raid(root: Path) -> Iterator[tuple[str, bool]]:
    for block in re.split(r"\n(?=md\d)", _text(root / "proc/mdstat")):
        level = re.search(r"^md\S+ : active .*?(raid\d+)", block)
        if level is not None:
            yield level[1], re.search(r"\[U+\]", block) is not None


def _raid_cards(root: Path) -> int:
    folders = (root / "sys/bus/pci/devices").glob("*")
    return sum(_text(one / "class").startswith(_RAID_CLASS) for one in folders)


def _ports(root: Path) -> Iterator[int | None]:
    for folder in sorted((root / "sys/class/net").glob("*")):
        if not (folder / "device").exists():  # bridges, tunnels, the loopback
            continue
        speed = _text(folder / "speed").strip()  # unreadable, or -1, without a link
        yield int(speed) if speed.isdigit() else None


def _has_management(root: Path, describe: Callable[[int], str]) -> bool | None:
    if (root / "dev/ipmi0").exists() or list((root / "sys/class/ipmi").glob("*")):
        return True
    return True if _values(describe(_IPMI), "Interface Type") else None


def _free(home: Path) -> int | None:
    folder = next((one for one in (home, *home.parents) if one.exists()), None)
    return None if folder is None else shutil.disk_usage(folder).free


def _values(told: str, name: str) -> list[str]:
    """Return what dmidecode says under a name; empty sockets say "Unknown" or "None"."""
    found = re.findall(rf"^\s+{re.escape(name)}: (.+)$", told, re.MULTILINE)
    return [one.strip() for one in found if one.strip() not in {"Unknown", "None", "Not Specified"}]


def _numbers(told: str, name: str) -> list[int]:
    return [int(one.split()[0]) for one in _values(told, name) if one.split()[0].isdigit()]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
