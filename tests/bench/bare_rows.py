"""The rows of a filled database once more, in a copy of its tables: what SQLite alone takes.

Nothing is read, judged or encrypted: the rows come from memory, already sealed, in the
order and the transactions in which they were first stored.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

TABLES = ("result", "certificate", "delivery", "link", "inbox_item")
_DEFINITIONS = (
    "SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    " ORDER BY type DESC"  # tables before their indexes
)
_PRAGMAS = ("synchronous = FULL", "foreign_keys = ON", "wal_autocheckpoint = 16000",
            "cache_size = -65536", "busy_timeout = 60000")  # fmt: skip

Row = tuple[Any, ...]


def copy_tables(filled: Path, empty: Path) -> None:
    """Make a database with the tables, the indexes and the facilities of ``filled``."""
    with sqlite3.connect(filled) as source, sqlite3.connect(empty) as copy:
        copy.execute("PRAGMA journal_mode = WAL")
        for table, definition in source.execute(_DEFINITIONS):
            if table in (*TABLES, "facility"):
                copy.execute(definition)
        _insert(copy, "facility", source.execute("SELECT * FROM facility").fetchall())


def inserting(filled: Path, empty: Path, codes: list[str]) -> Callable[[str], None]:
    """Hold the rows of these facilities ready; the answer inserts those of one."""
    with sqlite3.connect(filled) as source:
        rows = {table: _by_facility(source, table, codes) for table in TABLES}
    copy = sqlite3.connect(empty, isolation_level=None)
    for pragma in _PRAGMAS:
        copy.execute(f"PRAGMA {pragma}")

    def insert(code: str) -> None:
        copy.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            _insert(copy, table, rows[table][code])
        copy.execute("COMMIT")

    return insert


def _by_facility(source: sqlite3.Connection, table: str, codes: list[str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for facility, *row in _rows(source, table):
        if facility in codes:
            found[facility].append(tuple(row))
    return found


def _rows(source: sqlite3.Connection, table: str) -> Iterator[Row]:
    owner, join = "facility", ""
    if table in ("certificate", "delivery", "link"):
        owner, join = "result.facility", "JOIN result ON result.id = result_id"
    names = f"{owner}, {table}.* FROM {table} {join} ORDER BY {table}.rowid"
    return source.execute(f"SELECT {names}")


def _insert(copy: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    marks = ", ".join("?" for _ in rows[0])
    copy.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
