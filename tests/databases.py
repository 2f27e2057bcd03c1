"""Give tests fresh databases of both kinds, cheaply.

The migrations run once per kind and session; every further database is a copy of that one
(PostgreSQL: ``CREATE DATABASE … TEMPLATE``; SQLite: its backup). A PostgreSQL that runs here is
used, with databases called ``ketqua_test_…`` only; otherwise one is started in a temporary folder.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Literal, get_args

import psycopg
from psycopg import sql

from tests.services import POSTGRES, ServiceMissingError, free_port, require

Kind = Literal["sqlite", "postgresql"]
KINDS: tuple[Kind, ...] = get_args(Kind)

DRIVER = "postgresql+psycopg://"
# Nothing has to survive a power cut; a killed process loses nothing by this.
UNSAFE_BUT_FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


class Databases:
    """Makes databases and drops them, all of one test session."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers = ExitStack()
        self._postgres: str | None = None
        self._templates: dict[Kind, str] = {}

    def make(self, kind: Kind, *, migrated: bool = True) -> str:
        """Make a database that nobody has used, and return its SQLAlchemy URL.

        Args:
            kind: ``sqlite`` or ``postgresql``.
            migrated: With the tables of ``storage.migrate.upgrade``; otherwise empty.
        """
        template = self._template(kind) if migrated else None
        return self._sqlite(template) if kind == "sqlite" else self._create(template)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        if url.startswith("sqlite"):
            for file in self._folder.glob(f"{_file(url).name}*"):
                file.unlink()
            return
        name = sql.Identifier(url.rpartition("/")[2])
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def close(self) -> None:
        """Drop the templates and stop a server that we started."""
        for template in self._templates.values():
            self.drop(template)
        self._servers.close()

    def _template(self, kind: Kind) -> str:
        if kind not in self._templates:
            url = self.make(kind, migrated=False)
            self._templates[kind] = url
            _migrations()(url)
        return self._templates[kind]

    def _sqlite(self, template: str | None) -> str:
        file = self._folder / f"{_name()}.sqlite"
        if template:
            source, copy = sqlite3.connect(_file(template)), sqlite3.connect(file)
            with closing(source), closing(copy):
                source.backup(copy)
        return f"sqlite:///{file}"

    def _create(self, template: str | None) -> str:
        name, source = _name(), template.rpartition("/")[2] if template else "template0"
        # A pool of the migration may still be connected, and then nobody may copy.
        self._run(
            sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
            .format(sql.Literal(source))
        )  # fmt: skip
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            .format(sql.Identifier(name), sql.Identifier(source))
        )  # fmt: skip
        return f"{DRIVER}{self._server().partition('://')[2].rpartition('/')[0]}/{name}"

    def _server(self) -> str:
        if self._postgres is None:
            self._postgres = self._servers.enter_context(postgres_server())
        return self._postgres

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._server(), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Give the URL of a PostgreSQL in which we may make databases.

    In this order: KETQUA_TEST_DATABASE_URL, one on 127.0.0.1:5432 that lets us in without a
    password, one that we start and stop ourselves.

    Raises:
        ServiceMissingError: None of them; the message names the package or the variable.
    """
    given = os.environ.get("KETQUA_TEST_DATABASE_URL", "")
    if given:
        url = f"postgresql://{given.partition('://')[2]}"
        if not _may_create(url):
            message = "KETQUA_TEST_DATABASE_URL names no PostgreSQL in which we may make databases"
            raise ServiceMissingError(message)
        yield url
        return
    users = ("postgres", pwd.getpwuid(os.geteuid()).pw_name)
    running = (f"postgresql://{user}@127.0.0.1:5432/postgres" for user in users)
    found = next((url for url in running if _may_create(url)), None)
    if found:
        yield found
    else:
        with own_postgres() as url:
            yield url


@contextmanager
def own_postgres() -> Iterator[str]:
    """Start a PostgreSQL in a temporary folder, and stop it afterwards.

    Raises:
        ServiceMissingError: It isn't installed and can't be, or it doesn't start.
    """
    binaries, port = require(POSTGRES).resolve().parent, free_port()
    home = Path(tempfile.mkdtemp(prefix="ketqua-postgres-"))
    prefix = _unprivileged(home)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {home} {UNSAFE_BUT_FAST}"
    control = [*prefix, str(binaries / "pg_ctl"), "-D", str(home / "data"), "-w"]
    cluster = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    try:
        _must([*prefix, str(binaries / "initdb"), "-D", str(home / "data"), *cluster], home)
        _must([*control, "-l", str(home / "log"), "-o", options, "start"], home)
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], cwd=home, check=False)
        shutil.rmtree(home, ignore_errors=True)


def _unprivileged(home: Path) -> list[str]:
    """Give ``home`` to somebody who may run PostgreSQL (root may not); how to become them."""
    if os.geteuid() != 0:
        return []
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = "postgres" if "postgres" in names else "nobody"
    shutil.chown(home, user)
    return ["runuser", "-u", user, "--"]


def _must(command: list[str], folder: Path) -> None:
    # Not a pipe: the server that pg_ctl leaves behind would keep it open for ever.
    with (folder / "output").open("w+") as output:
        if subprocess.run(
            command, cwd=folder, check=False, stdout=output, stderr=output
        ).returncode:
            output.seek(0)
            message = f"{Path(command[-1]).name}: PostgreSQL does not start: {output.read()[-500:]}"
            raise ServiceMissingError(message)


def _may_create(url: str) -> bool:
    question = "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            row = connection.execute(question).fetchone()
    except psycopg.OperationalError:
        return False
    return bool(row and row[0])


def _migrations() -> Callable[[str], object]:
    from storage.migrate import upgrade

    return upgrade


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _name() -> str:
    return f"ketqua_test_{secrets.token_hex(6)}"
