"""What storing costs: microseconds per result of a batch of 500, everything that belongs to it.

Run as ``python -m tests.storage.bench``; takes a database URL, else makes a SQLite file.
Sealing and inserting are also measured apart, so that the sum shows where the time goes.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter
from uuid import uuid4

from core.ports import InboxRow, Origin, ResultRow
from storage.engine import open_engine
from storage.facilities import FacilityStore
from storage.intake import IntakeStore
from storage.migrate import upgrade
from storage.moments import to_micros
from tests.storage.samples import BINH, KEYS, NOON, UNIT, item, result, version

BATCH = 500


def batch(number: int) -> tuple[list[InboxRow], list[ResultRow]]:
    """Make a batch in which every person, number and item differs."""
    results, inbox = [], []
    for index in range(BATCH):
        serial = number * BATCH + index
        person = replace(BINH, given=f"Thị {serial}", phone=f"+849{serial:08d}")
        result_id = str(uuid4())
        results.append(version(result_id, result(f"X-{serial}", person=person)))
        raw = f"PID|{serial}|".encode() + b"x" * 600
        inbox.append(item(index, raw, result_id=result_id))
    return inbox, results


def measure(url: str, rounds: int = 20) -> dict[str, float]:
    """Store ``rounds`` batches; median microseconds per result of each step."""
    upgrade(url)
    engine = open_engine(url)
    FacilityStore(engine).add(UNIT)
    store = IntakeStore(engine, KEYS)
    seal, whole, look = [], [], []
    for number in range(rounds):
        inbox, results = batch(number)
        started = perf_counter()
        store._seal(UNIT.code, Origin("bench"), inbox, results, to_micros(NOON))
        sealed = perf_counter()
        store.current(UNIT.code, [(row.result.accession, "SARSCOV2-PCR") for row in results])
        looked = perf_counter()
        store.store(UNIT.code, Origin("bench"), inbox, results, NOON)
        whole.append(perf_counter() - looked)
        seal.append(sealed - started)
        look.append(looked - sealed)
    engine.dispose()
    spent = {"seal": seal, "look up": look, "store (with seal)": whole}
    return {name: median(times) * 1e6 / BATCH for name, times in spent.items()}


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{Path(folder) / 'bench.sqlite'}"
        for name, micros in measure(url).items():
            sys.stdout.write(f"{name:20} {micros:8.1f} µs a result\n")


if __name__ == "__main__":
    main()
