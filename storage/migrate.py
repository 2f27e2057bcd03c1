"""Migrations: bring a database to the tables that this version needs.

Two processes that start together take turns; an upgrade that fails leaves nothing behind.
Configured here, in code: there is no ``alembic.ini``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.engine import open_engine, writing

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x6B657471  # any number, the same in every process


def upgrade(url: str) -> None:
    """Run every migration that is missing. Raises: SetupRefused for an unusable URL."""
    engine = open_engine(url)
    try:
        with writing(engine) as connection:  # SQLite: the write lock is the turn
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            config = configure()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def current(url: str) -> str | None:
    """The revision of the database, None when it is empty."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return _revision(connection)
    finally:
        engine.dispose()


def is_current(url: str) -> bool:
    """Whether the database has the tables that this version needs."""
    return current(url) == head()


def head() -> str | None:
    """The newest revision that this version knows."""
    return ScriptDirectory.from_config(configure()).get_current_head()


def configure() -> Config:
    """Alembic's configuration; the caller adds ``attributes["connection"]``."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
