"""Rule sets are kept as written; a number is taken once, by two writers at once too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import Engine

from core.policy.simple_rules import PCR, simple_rule_set
from storage.rule_sets import RuleSetStore
from tests.storage.samples import NOON

BRIDGE = simple_rule_set(
    "CAU", {"vi": "Cầu"}, {PCR: 24}, "1.0.0", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"
)


def test_a_set_is_kept_as_written_until_it_is_withdrawn(engine: Engine) -> None:
    store = RuleSetStore(engine)
    assert store.add(BRIDGE, "lan", NOON)
    (kept,) = store.all()
    assert (kept.rule_set, kept.author, kept.created_at, kept.withdrawn_at) == (
        BRIDGE, "lan", NOON, None,
    )  # fmt: skip
    later = NOON + timedelta(hours=1)
    assert store.withdraw("CAU", "entry", "1.0.0", later)
    assert store.all()[0].withdrawn_at == later
    assert not store.withdraw("CAU", "entry", "1.0.0", later)


def test_two_writers_take_a_number_once(engine: Engine, pool: ThreadPoolExecutor) -> None:
    store = RuleSetStore(engine)
    taken = list(pool.map(lambda n: store.add(BRIDGE, f"author{n}", NOON), range(8)))
    assert taken.count(True) == 1
    assert len(store.all()) == 1
