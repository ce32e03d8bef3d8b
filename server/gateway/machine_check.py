"""The front machine compared with what is asked of one (K-21; 000-B 四(一)2)."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from server.gateway.configuration import Rules
from server.gateway.machine import Machine

LEAST_CORES = 4
LEAST_CLOCK_MHZ = 1800
# Decimal, for the kernel keeps some of what the label says to itself.
LEAST_MEMORY_GIGABYTES = 16
MEMORY_TYPE, LEAST_MEMORY_SPEED = "DDR4", 3200
LEAST_DISKS, LEAST_DISK_BYTES = 2, 240_000_000_000
LEAST_PORTS, GIGABIT = 2, 1000
LEAST_POWER_SUPPLIES = 2
LEAST_FREE_BYTES = 2 * Rules().least_free_megabytes * 1_000_000


class Verdict(enum.StrEnum):
    """What a comparison found."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    UNREADABLE = "not readable"  # software cannot see it here: somebody has to look


@dataclass(frozen=True)
class Row:
    """One demand: its name, what is asked, what was found."""

    name: str
    asked: str
    found: str
    verdict: Verdict


def check(machine: Machine) -> tuple[Row, ...]:
    """Compare a machine with every demand, in the order of the rules."""
    return (
        _bits(machine),
        _at_least("CPU 主频 / clock", machine.clock_mhz, LEAST_CLOCK_MHZ, "MHz"),
        _at_least("物理核 / physical cores", machine.physical_cores, LEAST_CORES),
        _at_least("内存 / memory", _gigabytes(machine.memory_bytes), LEAST_MEMORY_GIGABYTES, "GB"),
        _ecc(machine),
        _memory_kind(machine),
        _system_disks(machine),
        _raid(machine),
        _raid_cache(machine),
        _ports(machine),
        _at_least("电源 / power supplies", machine.power_supplies, LEAST_POWER_SUPPLIES),
        _management(machine),
        _free(machine),
    )


def exit_code(rows: Sequence[Row]) -> int:
    """Return 0 where all pass, 1 where one fails, 3 where none fails and some are not readable."""
    verdicts = {row.verdict for row in rows}
    if Verdict.FAIL in verdicts:
        return 1
    return 3 if Verdict.UNREADABLE in verdicts else 0


def _verdict(fits: bool | None) -> Verdict:
    if fits is None:
        return Verdict.UNREADABLE
    return Verdict.PASS if fits else Verdict.FAIL


def _at_least(name: str, found: int | None, least: int, unit: str = "") -> Row:
    told = "" if found is None else f"{found} {unit}".strip()
    fits = None if found is None else found >= least
    return Row(name, f"≥ {least} {unit}".strip(), told, _verdict(fits))


def _gigabytes(size: int | None) -> int | None:
    return None if size is None else size // 1_000_000_000


def _bits(machine: Machine) -> Row:
    found = {None: "", True: "64", False: "32"}[machine.is_64_bit]
    return Row("CPU 位数 / bits", "64", found, _verdict(machine.is_64_bit))


def _ecc(machine: Machine) -> Row:
    found = {None: "", True: "ECC", False: "no ECC"}[machine.has_ecc]
    return Row("内存校验 / memory protection", "ECC", found, _verdict(machine.has_ecc))


def _memory_kind(machine: Machine) -> Row:
    known = machine.memory_types and machine.memory_speeds
    # DDR5 and what follows serve as well as what is asked for.
    kinds = all(one.startswith("DDR") and one >= MEMORY_TYPE for one in machine.memory_types)
    fits = kinds and min(machine.memory_speeds) >= LEAST_MEMORY_SPEED if known else None
    found = f"{'/'.join(machine.memory_types)} {min(machine.memory_speeds)}" if known else ""
    asked = f"{MEMORY_TYPE} {LEAST_MEMORY_SPEED}"
    return Row("内存规格 / memory kind", asked, found, _verdict(fits))


def _system_disks(machine: Machine) -> Row:
    fitting = [one for one in machine.disks if one.is_ssd and one.size_bytes >= LEAST_DISK_BYTES]
    fits: bool | None = len(fitting) >= LEAST_DISKS
    if not machine.disks or (not fits and machine.raid_cards):
        fits = None  # the disks behind a card are one volume to the kernel
    found = ", ".join(
        f"{one.name} {one.size_bytes // 1_000_000_000} GB {'SSD' if one.is_ssd else 'HDD'}"
        for one in machine.disks
    )
    return Row("系统盘 / system disks", "2 × ≥ 240 GB SSD", found, _verdict(fits))


def _raid(machine: Machine) -> Row:
    asked = "RAID 1"
    name = "磁盘阵列 / RAID"
    mirrors = [whole for level, whole in machine.software_raid if level == "raid1"]
    if mirrors:
        found = "raid1" if all(mirrors) else "raid1, 已降级 degraded"
        return Row(name, asked, found, _verdict(all(mirrors)))
    if machine.raid_cards:
        found = f"{machine.raid_cards} 块阵列卡 / card(s)"
        return Row(name, asked, found, Verdict.UNREADABLE)
    found = ", ".join(level for level, _ in machine.software_raid)
    return Row(name, asked, found or "无 / none", Verdict.FAIL)


def _raid_cache(machine: Machine) -> Row:
    asked = "RAID 0/1/5/6/10，≥ 2 GB，掉电保护 / power protection"
    found = f"{machine.raid_cards} 块 / card(s)" if machine.raid_cards else "无 / none"
    fits = None if machine.raid_cards else False
    return Row("阵列卡缓存 / RAID card cache", asked, found, _verdict(fits))


def _ports(machine: Machine) -> Row:
    fast = [one for one in machine.port_speeds if one is not None and one >= GIGABIT]
    fits: bool | None = len(fast) >= LEAST_PORTS
    unlinked = machine.port_speeds.count(None)
    if not fits and len(fast) + unlinked >= LEAST_PORTS:
        fits = None  # the speed of a port is known only while its cable is in
    told = ("?" if one is None else str(one) for one in machine.port_speeds)
    found = ", ".join(f"{one} Mbit/s" for one in told) or "无 / none"
    return Row("网口 / network ports", "2 × ≥ 1000 Mbit/s", found, _verdict(fits))


def _management(machine: Machine) -> Row:
    found = "IPMI" if machine.has_management else ""
    name = "带外管理 / out-of-band management"
    return Row(name, "有 / present", found, _verdict(machine.has_management))


def _free(machine: Machine) -> Row:
    fits = None if machine.free_bytes is None else machine.free_bytes >= LEAST_FREE_BYTES
    found = "" if machine.free_bytes is None else f"{machine.free_bytes // 1_000_000} MB"
    asked = f"≥ {LEAST_FREE_BYTES // 1_000_000} MB"
    return Row("可用空间 / free room", asked, found, _verdict(fits))
