"""The services that every other test leans on."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from tests import databases as module
from tests import services
from tests.databases import KINDS, Databases, Kind, own_postgres, postgres_server
from tests.services import Program, ServiceMissingError

NOWHERE = Program(("no-such-program",), ("some-package", "another-package"))


def stand_in(url: str) -> None:
    """Migrate as `storage.migrate.upgrade` would: one table with one row."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.executescript("CREATE TABLE mark (n int); INSERT INTO mark VALUES (1)")
        connection.close()
    else:
        with psycopg.connect(url.replace("+psycopg", "")) as server:
            server.execute("CREATE TABLE mark AS SELECT 1 AS n")


def rows(url: str) -> int:
    """Count the rows of the stand-in's table, after adding one."""
    statements = ("INSERT INTO mark VALUES (2)", "SELECT count(*) FROM mark")
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute(statements[0])
        connection.commit()
        found: int = connection.execute(statements[1]).fetchone()[0]
        connection.close()
        return found
    with psycopg.connect(url.replace("+psycopg", "")) as server:
        server.execute("INSERT INTO mark VALUES (2)")
        row = server.execute("SELECT count(*) FROM mark").fetchone()
    return row[0] if row else 0


@pytest.mark.parametrize("kind", KINDS)
def test_every_migrated_database_is_fresh_and_migrated_once(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrated: list[str] = []

    def upgrade(url: str) -> None:
        migrated.append(url)
        stand_in(url)

    monkeypatch.setattr(module, "_migrations", lambda: upgrade)
    maker = Databases(tmp_path)
    try:
        made = [maker.make(kind) for _ in range(3)]
        assert [rows(url) for url in made] == [2, 2, 2]
        assert len(migrated) == 1
        for url in made:
            maker.drop(url)
    finally:
        maker.close()


def test_a_postgres_database_is_gone_after_its_drop(databases: Databases) -> None:
    url = databases.make("postgresql", migrated=False).replace("+psycopg", "")
    psycopg.connect(url).close()
    databases.drop(url)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_a_postgres_of_our_own_starts_and_stops() -> None:
    with own_postgres() as url, psycopg.connect(url) as server:
        row = server.execute("SHOW server_encoding").fetchone()
        assert row == ("UTF8",)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=3)


def test_a_given_database_server_that_fails_is_named_not_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KETQUA_TEST_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(ServiceMissingError, match="KETQUA_TEST_DATABASE_URL"):
        postgres_server().__enter__()


def test_every_test_gets_an_empty_redis(redis_url: str, redis_running: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_no_test_sees_what_the_one_before_left_in_redis(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


def test_every_program_that_tests_call_is_found() -> None:
    assert [program for program in services.EVERYTHING if services.find(program) is None] == []


def test_a_missing_program_is_named_with_its_packages_where_nothing_may_be_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services, "_as_root", lambda: None)
    with pytest.raises(ServiceMissingError, match="some-package another-package"):
        services.require(NOWHERE)


def test_the_newest_version_in_a_programs_folders_is_taken(tmp_path: Path) -> None:
    for version in ("9", "15", "12"):
        place = tmp_path / version / "bin" / "no-such-program"
        place.parent.mkdir(parents=True)
        place.write_text("")
        place.chmod(0o755)
    folders = str(tmp_path.relative_to("/") / "*" / "bin")
    found = services.find(Program(("no-such-program",), (), folders))
    assert found == tmp_path / "15" / "bin" / "no-such-program"


def test_a_named_folder_of_vectors_that_is_absent_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KETQUA_VECTORS", str(tmp_path / "absent"))
    with pytest.raises(ServiceMissingError, match="KETQUA_VECTORS"):
        services.find_vectors()


def test_settings_of_whoever_runs_the_tests_are_forgotten(repository: Path) -> None:
    probe = "import os, tests.conftest as c; c.pytest_configure(); print(sorted(os.environ))"
    environment = {**os.environ, "KETQUA_DATABASE_URL": "real", "KETQUA_SOAK": "1"}
    run = subprocess.run(
        [sys.executable, "-c", probe], env=environment, cwd=repository,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "KETQUA_SOAK" in run.stdout
    assert "KETQUA_DATABASE_URL" not in run.stdout


def test_the_script_and_the_console_command_are_one(repository: Path) -> None:
    """`import bot` must find the package beside the script of the same name."""
    source = "import bot, pathlib; print(pathlib.Path(bot.__file__).name)"
    run = subprocess.run(
        [sys.executable, "-c", source], cwd=repository, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "__init__.py"
