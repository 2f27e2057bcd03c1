"""Engines: durable, strict, and one transaction at a time where it writes."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Engine, event, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from core.errors import SetupRefused
from storage.engine import is_deadlock, is_unique_violation, open_engine, reachable, writing
from storage.rows import FACILITY, LINK
from tests.storage.samples import PHONE

UNIT = {"code": "A", "name": "A", "short_name": "A", "zone": "UTC", "contact": ""}


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_a_database_that_we_do_not_serve_is_refused(url: str) -> None:
    with pytest.raises(SetupRefused, match="database_url"):
        open_engine(url)


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_every_postgresql_address_means_the_same_driver(scheme: str) -> None:
    assert open_engine(f"{scheme}://u@host/db").url.drivername == "postgresql+psycopg"


def test_sqlite_keeps_what_it_acknowledged_and_checks_parents(tmp_path: Path) -> None:
    with open_engine(f"sqlite:///{tmp_path / 'x.sqlite'}").connect() as connection:
        settings = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    full = 2
    assert settings == {
        "journal_mode": "wal", "synchronous": full, "foreign_keys": 1, "busy_timeout": 10_000,
    }  # fmt: skip


def test_threads_wait_for_each_other_and_not_for_sqlites_lock(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'x.sqlite'}")

    @event.listens_for(engine, "connect")
    def refuse_at_once(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA busy_timeout = 0")

    def write(number: int) -> None:
        with writing(engine) as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (?)", (number,))
            time.sleep(0.005)

    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE t (a)")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(40)))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 40
    engine.dispose()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_a_new_sqlite_file_is_its_owners_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        engine = open_engine(f"sqlite:///{tmp_path / 'x.sqlite'}")
        with writing(engine) as connection:
            connection.exec_driver_sql("CREATE TABLE t (a)")
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("x.sqlite", "x.sqlite-wal", "x.sqlite-shm"), 0o600)
    engine.dispose()


def test_an_existing_sqlite_file_keeps_the_mode_that_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    path.touch()
    path.chmod(0o640)
    assert reachable(open_engine(f"sqlite:///{path}"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_an_exception_rolls_everything_back(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), writing(engine) as connection:
        _fail_after(connection.execute(insert(FACILITY).values(UNIT)))
    with engine.connect() as connection:
        assert connection.execute(select(FACILITY)).all() == []


def _fail_after(_inserted: object) -> None:
    raise ZeroDivisionError


def test_a_key_taken_twice_is_told_from_a_missing_parent(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(FACILITY).values(UNIT))
    with pytest.raises(IntegrityError) as twice, writing(engine) as connection:
        connection.execute(insert(FACILITY).values(UNIT))
    with pytest.raises(IntegrityError) as orphan, writing(engine) as connection:
        connection.execute(insert(LINK).values(token_hash=b"x", result_id="?", expires_at=0))
    assert is_unique_violation(twice.value)
    assert not is_unique_violation(orphan.value)


def test_two_that_wait_for_each_other_are_told_from_other_trouble(
    make_database: Callable[..., str], pool: ThreadPoolExecutor
) -> None:
    engine, both_hold_one = open_engine(make_database("postgresql")), Barrier(2)

    def take(first: str, second: str) -> OperationalError | None:
        try:
            with writing(engine) as connection:
                connection.execute(insert(FACILITY).values(UNIT | {"code": first}))
                both_hold_one.wait()
                connection.execute(insert(FACILITY).values(UNIT | {"code": second}))
        except OperationalError as error:
            return error
        return None

    errors = [error for error in pool.map(take, "AB", "BA") if error is not None]
    assert [is_deadlock(error) for error in errors] == [True]
    away = OperationalError("", None, Exception("server closed the connection"))
    assert not is_deadlock(away)
    engine.dispose()


def test_errors_of_the_database_do_not_repeat_the_values(engine: Engine) -> None:
    values = {"token_hash": PHONE.encode(), "result_id": "?", "expires_at": 0}
    with pytest.raises(IntegrityError) as orphan, writing(engine) as connection:
        connection.execute(insert(LINK).values(values))
    assert PHONE not in str(orphan.value)


def test_a_database_that_is_away_is_not_reachable(engine: Engine) -> None:
    assert reachable(engine)
    assert not reachable(open_engine("postgresql://nobody@127.0.0.1:1/none"))
