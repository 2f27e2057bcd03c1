"""Results per second on one core: parse, judge, sign, encrypt and store.

Floor: split the message and pick the fields, one ES256 signature, one raw row with two unique
indexes. Goal of the product: within three times the floor.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from bot.app import Installation
from bot.opening import prepare
from bot.settings import Settings
from tests.bench.measure import in_turn, show
from tests.bench.messages import messages

AMOUNT = 1000
ROUNDS = 7


def run() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        ways = {
            "floor: split + ES256 + raw insert": _floor(Path(folder)),
            "ours: ketqua ingest of one file": _ours(Path(folder)),
        }
        costs = in_turn(ways, rounds=ROUNDS)
    show(f"One result, HL7 v2, {AMOUNT} a file, SQLite", costs, floor=next(iter(ways)))
    ours = costs["ours: ketqua ingest of one file"]
    print(f"  results per second on one core: {1e6 / ours.cpu:,.0f}")


def _ours(folder: Path) -> Callable[[], int]:
    installation = Installation(Settings(data_dir=folder).as_demo())
    prepare(installation)
    facility = installation.facility("BVNDGD")
    files = [b"".join(messages(AMOUNT)) for _ in range(ROUNDS + 1)]

    def receive() -> int:
        report = installation.intake.receive(
            files.pop(), facility, source="bench.hl7", format="hl7v2"
        )
        assert report.counts()["accepted"] == AMOUNT, report.counts()
        return AMOUNT

    return receive


def _floor(folder: Path) -> Callable[[], int]:
    key = ec.generate_private_key(ec.SECP256R1())
    algorithm = ec.ECDSA(SHA256())
    database = sqlite3.connect(folder / "floor.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute(
        "CREATE TABLE result (id INTEGER PRIMARY KEY, accession TEXT UNIQUE, phone TEXT,"
        " certificate BLOB UNIQUE, body BLOB)"
    )
    files = [messages(AMOUNT) for _ in range(ROUNDS + 1)]

    def receive() -> int:
        rows = []
        for raw in files.pop():
            fields = {
                line.split("|", 1)[0]: line.split("|") for line in raw.decode().split("\r") if line
            }
            pid, obr, obx = fields["PID"], fields["OBR"], fields["OBX"]
            body = "|".join((pid[5], pid[7], obr[4], obx[5], obr[7])).encode()
            rows.append((obr[3], pid[13].rsplit("^", 1)[1], key.sign(body, algorithm), body))
        database.execute("BEGIN IMMEDIATE")
        database.executemany(
            "INSERT INTO result (accession, phone, certificate, body) VALUES (?, ?, ?, ?)", rows
        )
        database.execute("COMMIT")
        return AMOUNT

    return receive
