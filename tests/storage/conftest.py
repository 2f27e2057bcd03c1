"""Fixtures of this room: an open engine on each database, with its stores and two units."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine

from storage.challenges import ChallengeStore
from storage.deliveries import DeliveryStore
from storage.engine import open_engine
from storage.facilities import FacilityStore
from storage.inbox import InboxStore
from storage.intake import IntakeStore
from storage.shelf import ShelfStore
from storage.standings import StandingStore
from storage.visits import VisitStore
from tests.storage.samples import CATALOGUE, KEYS, OTHER_UNIT, UNIT


@dataclass(frozen=True, slots=True)
class Stores:
    """All that most tests of this room need."""

    engine: Engine
    intake: IntakeStore
    shelf: ShelfStore
    inbox: InboxStore
    deliveries: DeliveryStore
    challenges: ChallengeStore
    visits: VisitStore
    standings: StandingStore


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def stores(engine: Engine) -> Stores:
    facilities = FacilityStore(engine)
    facilities.add(UNIT)
    facilities.add(OTHER_UNIT)
    return Stores(
        engine,
        IntakeStore(engine, KEYS),
        ShelfStore(engine, KEYS, CATALOGUE),
        InboxStore(engine, KEYS),
        DeliveryStore(engine, KEYS),
        ChallengeStore(engine, KEYS),
        VisitStore(engine, KEYS),
        StandingStore(engine),
    )


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as pool:
        yield pool
