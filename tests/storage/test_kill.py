"""A process that is killed while it stores leaves whole batches only.

The writer is a real process; it says on its standard output which batch is acknowledged and
is killed with SIGKILL somewhere after the first one. KETQUA_SOAK=1 kills a hundred times.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time

import pytest
from sqlalchemy import Engine, func, select

from storage.engine import open_engine
from storage.facilities import FacilityStore
from storage.rows import CERTIFICATE, DELIVERY, INBOX, LINK, RESULT
from tests.services import soaking
from tests.storage.samples import UNIT

BATCH = 40
KILLS = 100 if soaking() else 3
WRITER = """
import sys
from core.ports import Origin
from storage.engine import open_engine
from storage.intake import IntakeStore
from tests.storage.samples import KEYS, NOON, UNIT, item, result, version
url, name, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = IntakeStore(open_engine(url), KEYS)
ids = [[f"{name}-{batch}-{n}" for n in range(size)] for batch in range(150)]
ready = [  # made before, so that the kill falls into storing and not into preparing
    ([item(n, i.encode(), result_id=i) for n, i in enumerate(some)],
     [version(i, result(i)) for i in some])
    for some in ids
]
for batch, (items, versions) in enumerate(ready):
    store.store(UNIT.code, Origin("f"), items, versions, NOON)
    print(batch, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def unit_engine(database_url: str) -> Engine:
    engine = open_engine(database_url)
    FacilityStore(engine).add(UNIT)
    return engine


def kill_while_it_writes(url: str, name: str, pause: float) -> int:
    """Run a writer, kill it ``pause`` seconds after its first batch; how many it acknowledged."""
    command = [sys.executable, "-c", WRITER, url, name, str(BATCH)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(pause)
        writer.kill()
        rest = writer.stdout.read().splitlines()
    assert first == "0\n"
    return 1 + len([line for line in rest if line.isdigit()])


def test_a_killed_writer_leaves_whole_batches_and_all_it_acknowledged(
    database_url: str, unit_engine: Engine
) -> None:
    dice = random.Random(20260304)
    for round_ in range(KILLS):
        acknowledged = kill_while_it_writes(database_url, f"w{round_}", dice.random() / 4)
        stored = batches_of(unit_engine, f"w{round_}")
        assert stored.keys() >= set(range(acknowledged))
        assert set(stored.values()) == {BATCH}
        assert len(stored) <= acknowledged + 1
    assert len(set(counts(unit_engine))) == 1
    unit_engine.dispose()


def batches_of(engine: Engine, name: str) -> dict[int, int]:
    """How many results each batch of a writer has in the database."""
    found: dict[int, int] = {}
    with engine.connect() as connection:
        ids = connection.execute(select(RESULT.c.id).where(RESULT.c.id.like(f"{name}-%")))
        for (result_id,) in ids:
            batch = int(result_id.split("-")[1])
            found[batch] = found.get(batch, 0) + 1
    return found


def counts(engine: Engine) -> list[int | None]:
    with engine.connect() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (RESULT, CERTIFICATE, DELIVERY, LINK, INBOX)
        ]
