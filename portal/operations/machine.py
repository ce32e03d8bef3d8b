"""Processor, memory, disk and network of the machine as Linux tells them (K-27)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

PROC = Path("/proc")
TICKS_A_SECOND = 100  # USER_HZ, the same on every Linux
SECTOR_BYTES = 512  # of /proc/diskstats, whatever the disk has
KIBIBYTE = 1024
_CPU_MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_NOT_DISKS = ("loop", "ram", "zram", "dm-", "md")


class MachineCollector(Collector):
    """Reads `/proc` at each scrape; gives nothing where there is none."""

    def __init__(self, proc: Path = PROC) -> None:
        self._proc = proc

    def collect(self) -> Iterator[Metric]:
        """Return the figures of this moment."""
        for reader in (self._processor, self._memory, self._disks, self._network):
            try:
                yield from reader()
            except (OSError, ValueError, IndexError):
                continue  # not a Linux, or not for us to see

    def _lines(self, name: str) -> list[list[str]]:
        return [line.split() for line in (self._proc / name).read_text().splitlines()]

    def _processor(self) -> Iterator[Metric]:
        seconds = CounterMetricFamily(
            "yingyun_machine_cpu_seconds", "Processor time by mode, all cores.", labels=["mode"]
        )
        total = next(words for words in self._lines("stat") if words[0] == "cpu")
        for mode, ticks in zip(_CPU_MODES, total[1:], strict=False):
            seconds.add_metric([mode], int(ticks) / TICKS_A_SECOND)
        yield seconds
        load = float(self._lines("loadavg")[0][0])
        yield GaugeMetricFamily("yingyun_machine_load", "Load of the last minute.", value=load)

    def _memory(self) -> Iterator[Metric]:
        facts = {words[0].rstrip(":"): int(words[1]) for words in self._lines("meminfo")}
        memory = GaugeMetricFamily(
            "yingyun_machine_memory_bytes", "Memory in all, and what can be had.", labels=["kind"]
        )
        memory.add_metric(["total"], facts["MemTotal"] * KIBIBYTE)
        memory.add_metric(["available"], facts["MemAvailable"] * KIBIBYTE)
        yield memory

    def _disks(self) -> Iterator[Metric]:
        moved = CounterMetricFamily(
            "yingyun_machine_disk_bytes", "Bytes read from and written to disks.",
            labels=["disk", "direction"],
        )  # fmt: skip
        for words in self._lines("diskstats"):
            if words[2].startswith(_NOT_DISKS):
                continue
            moved.add_metric([words[2], "read"], int(words[5]) * SECTOR_BYTES)
            moved.add_metric([words[2], "written"], int(words[9]) * SECTOR_BYTES)
        yield moved

    def _network(self) -> Iterator[Metric]:
        moved = CounterMetricFamily(
            "yingyun_machine_network_bytes", "Bytes received and sent by network interfaces.",
            labels=["interface", "direction"],
        )  # fmt: skip
        for words in self._lines("net/dev")[2:]:
            moved.add_metric([words[0].rstrip(":"), "received"], int(words[1]))
            moved.add_metric([words[0].rstrip(":"), "sent"], int(words[9]))
        yield moved
