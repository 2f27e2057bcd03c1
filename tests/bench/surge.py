"""A wave: 50,000 results of 100 facilities, taken in and signed by two processes at once.

Each process has facilities of its own and takes one file of 500 HL7 v2 messages after the
other; both write to one SQLite database. Floor: two processes sign the same messages (bare
ES256) and insert them as they came, one row with two unique indexes, in the same
transactions. Second floor: they sign, and insert the finished rows of ours into the same
five tables. What a process needs to start is left out of all. Goals of the product: under
12 s on two cores, under 300 MB a process, within 2.5 times the floor.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from bot.app import Installation
from bot.opening import prepare
from bot.settings import Settings
from core.results.facility import Facility
from tests.bench.bare_rows import copy_tables, inserting
from tests.bench.measure import Cost, peak_memory, show
from tests.bench.messages import messages

PROCESSES = 2
FACILITIES = 100
EACH = 500
RESULTS = FACILITIES * EACH

Take = Callable[[bytes, str], None]
Worker = Callable[[Path, list[str]], Take]
_FILLED = Path("demo") / "ketqua.db"
_spawning = get_context("spawn")  # nothing is shared with the process that measures


@dataclass(frozen=True, slots=True)
class Share:
    """What one process did. Times are seconds, memory is bytes."""

    began: float
    ended: float
    cpu: float
    memory: int


def run() -> None:
    """Print the table and what the whole wave took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_files(folder)
        _make_floor(folder)
        _make_installation(folder)
        floor, ours = _surge(_floor, folder), _surge(_ours, folder)
        copy_tables(folder / _FILLED, folder / "rows.db")
        rows = _surge(_same_rows, folder)
    costs = {
        "floor: ES256 + raw insert": _cost(floor),
        "ES256 + the same rows in the same tables": _cost(rows),
        "ours: ingested, signed, encrypted, stored": _cost(ours),
    }
    title = f"{RESULTS:,} results, {FACILITIES} facilities, {PROCESSES} processes, one SQLite"
    show(title, costs, floor=next(iter(costs)))
    print(f"  wall {_wall(ours):.1f} s (floor {_wall(floor):.1f} s,", end="")
    print(f" ratio {_wall(ours) / _wall(floor):.2f})", end="")
    print(f"   peak memory a process {max(share.memory for share in ours) / 1e6:.0f} MB")


def _cost(shares: list[Share]) -> Cost:
    """Wall time as the sender sees it; CPU time of all processes together."""
    cpu = sum(share.cpu for share in shares)
    return Cost(_wall(shares) / RESULTS * 1e6, cpu / RESULTS * 1e6)


def _wall(shares: list[Share]) -> float:
    return max(share.ended for share in shares) - min(share.began for share in shares)


def _write_files(folder: Path) -> None:
    for code in _codes():
        (folder / f"{code}.hl7").write_bytes(b"".join(messages(EACH)))


def _codes() -> list[str]:
    return [f"UNIT{number:03d}" for number in range(FACILITIES)]


def _surge(worker: Worker, folder: Path) -> list[Share]:
    together, done = _spawning.Barrier(PROCESSES), _spawning.SimpleQueue()
    processes = [
        _spawning.Process(
            target=_take_all, args=(worker, folder, _codes()[number::PROCESSES], together, done)
        )
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode:
            raise RuntimeError(f"a process ended with {process.exitcode}")
    return [done.get() for _ in processes]


def _take_all(
    worker: Worker, folder: Path, codes: list[str], together: Barrier, done: SimpleQueue[Share]
) -> None:
    take = worker(folder, codes)
    together.wait()
    began, cpu = time.monotonic(), time.process_time()  # one clock for all processes
    for code in codes:
        take((folder / f"{code}.hl7").read_bytes(), code)
    done.put(Share(began, time.monotonic(), time.process_time() - cpu, peak_memory()))


def _make_installation(folder: Path) -> None:
    installation = _installation(folder)
    for code in _codes():
        installation.facilities.add(Facility(code, f"Bệnh viện {code}", code))


def _installation(folder: Path) -> Installation:
    installation = Installation(Settings(data_dir=folder).as_demo())
    prepare(installation)
    return installation


def _ours(folder: Path, _codes: list[str]) -> Take:
    installation = _installation(folder)

    def take(data: bytes, code: str) -> None:
        facility = installation.facility(code)
        report = installation.intake.receive(data, facility, source="bench.hl7", format="hl7v2")
        if report.counts()["accepted"] != EACH:
            raise RuntimeError(report.counts())

    return take


def _make_floor(folder: Path) -> None:
    with sqlite3.connect(folder / "floor.db") as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(
            "CREATE TABLE result (id INTEGER PRIMARY KEY, accession TEXT UNIQUE,"
            " signature BLOB UNIQUE, message BLOB)"
        )


def _floor(folder: Path, _codes: list[str]) -> Take:
    sign = _signing()
    database = sqlite3.connect(folder / "floor.db", timeout=60, isolation_level=None)
    database.execute("PRAGMA synchronous = FULL")

    def take(data: bytes, code: str) -> None:
        rows = []
        for number, message in enumerate(_cut(data)):
            rows.append((f"{code} {number}", sign(message), message))
        database.execute("BEGIN IMMEDIATE")
        database.executemany(
            "INSERT INTO result (accession, signature, message) VALUES (?, ?, ?)", rows
        )
        database.execute("COMMIT")

    return take


def _same_rows(folder: Path, codes: list[str]) -> Take:
    sign, insert = _signing(), inserting(folder / _FILLED, folder / "rows.db", codes)

    def take(data: bytes, code: str) -> None:
        for message in _cut(data):
            sign(message)
        insert(code)

    return take


def _signing() -> Callable[[bytes], bytes]:
    key, algorithm = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(SHA256())
    return lambda message: key.sign(message, algorithm)


def _cut(data: bytes) -> list[bytes]:
    return data.split(b"MSH|")[1:]
