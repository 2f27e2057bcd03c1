"""Migrations: they make exactly the tables that the code describes."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

from storage import migrate, rows
from storage.engine import open_engine, writing
from tests.databases import KINDS, Kind


def test_migrations_make_the_tables_of_the_code(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_indexes_and_their_conditions_are_those_of_the_code(
    engine: Engine, make_database: Callable[..., str]
) -> None:
    kind: Kind = "sqlite" if engine.dialect.name == "sqlite" else "postgresql"
    made = open_engine(make_database(kind, migrated=False))
    with writing(made) as connection:
        SQLModel.metadata.create_all(connection)
    assert _indexes(engine) == _indexes(made)
    assert any("is_current" in definition for definition in _indexes(engine).values())
    made.dispose()


def _indexes(engine: Engine) -> dict[str, str]:
    question = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        " AND tablename <> 'alembic_version'",
    }
    with engine.connect() as connection:
        found = connection.execute(text(question[engine.dialect.name]))
        return {name: re.sub(r"\s+", " ", definition) for name, definition in found}


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_database_is_not_current_until_upgraded(
    make_database: Callable[..., str], kind: Kind
) -> None:
    url = make_database(kind, migrated=False)
    assert migrate.current(url) is None
    assert not migrate.is_current(url)
    migrate.upgrade(url)
    migrate.upgrade(url)
    assert migrate.is_current(url)


@pytest.mark.parametrize("kind", KINDS)
def test_processes_that_start_together_migrate_once(
    make_database: Callable[..., str], kind: Kind
) -> None:
    url = make_database(kind, migrated=False)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: _upgrade_as_a_process_would(url), range(4)))
    assert migrate.is_current(url)


def _upgrade_as_a_process_would(url: str) -> None:
    import subprocess
    import sys

    command = "import sys; from storage.migrate import upgrade; upgrade(sys.argv[1])"
    subprocess.run([sys.executable, "-c", command, url], check=True)


def test_every_table_of_the_brief_is_there() -> None:
    assert set(SQLModel.metadata.tables) == {
        "installation", "facility", "result", "certificate", "delivery", "link", "inbox_item",
        "challenge", "person_proof", "visit", "staff_account", "staff_session", "audit_entry",
        "conversation", "local_code", "feed", "feed_hour", "push_key", "push", "officer",
        "rule_set", "chat_guess", "revocation", "document", "revocation_batch", "foreign_list",
        "owed_certificate", "lookup",
    }  # fmt: skip
    assert rows.RESULT.name == "result"
