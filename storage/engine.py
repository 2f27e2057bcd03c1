"""Engines: how SQLite and PostgreSQL are opened so that they behave alike.

SQLite: write-ahead log, foreign keys, every commit on disk before it is acknowledged, and
transactions begun by us: the driver would begin them late, so that a read followed by a
write could fail half-way. A write takes the lock at once and waits its turn; threads of this
process wait for each other first, because SQLite waits for its lock by sleeping.
A new file is its owner's alone from its first byte; its log and index files take after it.
PostgreSQL: read committed; whoever reads to change locks the row.
Source: SQLite, "Pragma statements" and "Write-ahead logging"; SQLAlchemy, pysqlite dialect,
"Serializable isolation / Savepoints / Transactional DDL".
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError

from core.errors import SetupRefused

_WRITES: Final = "ketqua_writes"
_TURN: Final = "ketqua_turn"
_PRIVATE: Final = 0o600
_PRAGMAS: Final = (
    "PRAGMA busy_timeout = 10000",  # ms; before the others, which may have to wait
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL loses acknowledged items when the power fails
    "PRAGMA foreign_keys = ON",
    # Pages (64 MB). A batch touches 2,000 all over the indexes; copied less often, most of them
    # are copied once for several batches.
    "PRAGMA wal_autocheckpoint = 16000",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",  # KiB; random keys touch pages all over the tables
)
_UNIQUE_POSTGRESQL: Final = "23505"
_DEADLOCKS: Final = frozenset({"40P01", "40001"})
_UNIQUE_SQLITE: Final = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})


def open_engine(url: str) -> Engine:
    """Open a database.

    Args:
        url: ``sqlite:///path`` or ``postgresql://…``; nothing is connected yet.

    Raises:
        SetupRefused: ``database_url``, it is neither.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SetupRefused("database_url") from None
    match parsed.get_backend_name():
        case "postgresql" | "postgres":
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                pool_size=10,
                max_overflow=20,
                hide_parameters=True,
            )
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return _sqlite(
                create_engine(parsed, pool_size=10, max_overflow=30, hide_parameters=True)
            )
    raise SetupRefused("database_url", parsed.get_backend_name())


def _sqlite(engine: Engine) -> Engine:
    engine.update_execution_options(**{_TURN: threading.RLock()})
    event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _make_private(_dialect: object, _record: object, arguments: Any, _named: object) -> None:  # noqa: ANN401
    """Make a file that isn't there yet readable by its owner only, whatever the umask."""
    with suppress(OSError):  # it is there, or SQLite will say what is wrong
        # Not open(): closing any descriptor of a database drops this process's locks on it.
        os.mknod(arguments[0], stat.S_IFREG | _PRIVATE)
        os.chmod(arguments[0], _PRIVATE)  # noqa: PTH101  (a name, as SQLite takes it)


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  (a driver's connection)
    connection.isolation_level = None  # we begin
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def writer(engine: Engine) -> Engine:
    """The same engine and pool, whose transactions take SQLite's write lock at once."""
    return engine.execution_options(**{_WRITES: True})


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One writing transaction: committed at the end, rolled back on any exception."""
    turn = engine.get_execution_options().get(_TURN, nullcontext())
    with turn, writer(engine).begin() as connection:
        yield connection


def insert_into(engine: Engine, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what to do on a conflict, for this database."""
    if engine.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def is_unique_violation(error: IntegrityError) -> bool:
    """Another row has the same key, as opposed to a missing parent or an absent value."""
    name = getattr(error.orig, "sqlite_errorname", None)
    return name in _UNIQUE_SQLITE or getattr(error.orig, "sqlstate", None) == _UNIQUE_POSTGRESQL


def is_deadlock(error: OperationalError) -> bool:
    """PostgreSQL gave up one of two transactions that waited for each other."""
    return getattr(error.orig, "sqlstate", None) in _DEADLOCKS


def reachable(engine: Engine) -> bool:
    """Whether the database answers."""
    try:
        with engine.connect() as connection:
            return connection.exec_driver_sql("SELECT 1").scalar() == 1
    except OperationalError:
        return False
