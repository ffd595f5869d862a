"""What the benchmarks share; standard library only, because peers run it in environments of their own."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def family(root: int | None = None) -> set[int]:
    """A process, our own by default, and everything below it; empty where there is no /proc."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {root or os.getpid()}
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return found & set(parents)
        found |= more


def cpu_seconds(root: int | None = None) -> float:
    """CPU time of the family, dead children included; 0 where there is no /proc."""
    spent = 0
    for pid in family(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        spent += sum(map(int, fields[11:15]))
    return spent / TICKS


def memory_mb(root: int | None = None) -> float:
    """Proportional set size of the family, in MB: shared pages are counted once in all."""
    total = 0
    for pid in family(root):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def percentile(seconds: list[float], share: float) -> float:
    """Of durations in seconds, in milliseconds."""
    return 1000 * sorted(seconds)[int(share * (len(seconds) - 1))] if seconds else 0.0
