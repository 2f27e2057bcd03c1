"""Time two ways of doing a thing, in turn, and print medians and their ratio."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """Median cost of one unit of work, in microseconds."""

    wall: float
    cpu: float


def in_turn(ways: dict[str, Callable[[], int]], *, rounds: int = 7) -> dict[str, Cost]:
    """Run every way once a round, after a warm-up round.

    Args:
        ways: Each does some units of work and returns how many.
    """
    samples: dict[str, list[Cost]] = {name: [] for name in ways}
    for each in range(rounds + 1):
        for name, way in ways.items():
            cost = _once(way)
            if each:
                samples[name].append(cost)
    return {
        name: Cost(
            statistics.median(c.wall for c in costs), statistics.median(c.cpu for c in costs)
        )
        for name, costs in samples.items()
    }


def _once(way: Callable[[], int]) -> Cost:
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    units = way()
    return Cost(
        (time.perf_counter() - wall) / units * 1e6, (time.process_time() - cpu) / units * 1e6
    )


def peak_memory() -> int:
    """Bytes that this process has held at most.

    Not ``getrusage``: its peak is that of whatever started this process, if that was larger.
    """
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) * 1024


def show(title: str, costs: dict[str, Cost], *, floor: str) -> None:
    """Print a table; every line with its ratio to ``floor``, by CPU time."""
    print(f"\n{title}")
    for name, cost in costs.items():
        ratio = cost.cpu / costs[floor].cpu
        print(
            f"  {name:<44} cpu {cost.cpu:>9.1f} µs   wall {cost.wall:>9.1f} µs   ratio {ratio:5.2f}"
        )
