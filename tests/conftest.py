"""Fixtures of every room: databases, Redis, a browser, test data, and how often to repeat.

The suite reads KETQUA_SOAK, KETQUA_VECTORS, KETQUA_TEST_DATABASE_URL and KETQUA_TEST_REDIS_URL;
every other KETQUA_ variable is removed first, so that no test meets somebody's real database.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis
from hypothesis import settings

from tests.databases import KINDS, Databases, Kind
from tests.services import (
    CHROMIUM,
    REPOSITORY,
    find_vectors,
    redis_server,
    require,
    soaking,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

OURS = ("KETQUA_SOAK", "KETQUA_VECTORS", "KETQUA_TEST_")
QUIET_BROWSER = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# No deadlines: this suite never judges by the clock.
settings.register_profile("small", max_examples=50, deadline=None)
settings.register_profile("soak", max_examples=2000, deadline=None)
settings.load_profile("soak" if soaking() else "small")


def pytest_configure() -> None:
    """Forget the settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("KETQUA_")]:
        if not name.startswith(OURS):
            del os.environ[name]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked ``soak``, unless this is a soak."""
    if soaking():
        return
    left_out = [item for item in items if item.get_closest_marker("soak")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Keep the servers and templates of this session."""
    databases = Databases(tmp_path_factory.mktemp("databases"))
    yield databases
    databases.close()


@pytest.fixture
def make_database(databases: Databases) -> Iterator[Callable[..., str]]:
    """Make databases by kind: ``make_database("sqlite")``, ``…("postgresql", migrated=False)``."""
    made: list[str] = []

    def make(kind: Kind, *, migrated: bool = True) -> str:
        made.append(databases.make(kind, migrated=migrated))
        return made[-1]

    yield make
    for url in made:
        databases.drop(url)


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, make_database: Callable[..., str]) -> str:
    """Give a fresh migrated database: once SQLite, once PostgreSQL."""
    return make_database(request.param)


@pytest.fixture
def postgres_url(make_database: Callable[..., str]) -> str:
    """Give a fresh PostgreSQL database without tables."""
    return make_database("postgresql", migrated=False)


@pytest.fixture(scope="session")
def redis_running() -> Iterator[str]:
    """Keep one Redis for the session."""
    with redis_server() as url:
        yield url


@pytest.fixture
def redis_url(redis_running: str) -> str:
    """Give an empty Redis."""
    with redis.Redis.from_url(redis_running) as client:
        client.flushdb()
    return redis_running


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Give the folder of test data that others wrote; where it is absent, its tests can't run."""
    folder = find_vectors()
    if folder is None:
        absent = "no test data of others: set KETQUA_VECTORS or put it in ../shared/vectors"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(absent)
    return folder


@pytest.fixture(scope="session")
def repository() -> Path:
    """Give the root of this checkout."""
    return REPOSITORY


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Give a real browser.

    One per module, not per session: while it lives its event loop runs on this thread, and
    ``asyncio.run`` of a later module's test would be refused.
    """
    from playwright.sync_api import sync_playwright

    arguments = [*QUIET_BROWSER, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=require(CHROMIUM), args=arguments)
        yield browser
        browser.close()
