"""The desks of onboarding over memory."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest

from core.feeds.feed import Feed
from core.feeds.source import FeedTrouble, Probe
from core.onboarding.codes import CodeDesk
from core.onboarding.facilities import FacilityDesk
from core.onboarding.feeds import FeedDesk
from core.onboarding.journal import Journal
from core.onboarding.officers import OfficerDesk
from core.results.facility import Facility
from core.results.intake import Intake
from core.results.preview import Unmade
from tests.core.feeds.fakes import MemoryOfficers
from tests.core.onboarding.fakes import (
    NOW,
    MemoryAudit,
    MemoryFacilities,
    MemoryFeeds,
    MemoryInbox,
    MemoryPushes,
)
from tests.core.results.build import CATALOGUE, report
from tests.core.results.fakes import MemoryIntake, PlainIndexer, PreparedReader


def refuse_elsewhere(feed: Feed) -> None:
    if "elsewhere" in feed.address:
        raise FeedTrouble("feed_address_unusable")


@dataclass
class Office:
    """Everything behind the desks."""

    audit: MemoryAudit = field(default_factory=MemoryAudit)
    kept_facilities: MemoryFacilities = field(default_factory=MemoryFacilities)
    kept_feeds: MemoryFeeds = field(default_factory=MemoryFeeds)
    pushes: MemoryPushes = field(default_factory=MemoryPushes)
    kept_officers: MemoryOfficers = field(default_factory=MemoryOfficers)
    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    store: MemoryIntake = field(default_factory=MemoryIntake)

    def __post_init__(self) -> None:
        numbers = itertools.count(1)
        journal = Journal(self.audit, lambda: NOW)
        intake = Intake(
            self.store, PreparedReader([report()]), CATALOGUE, self.kept_facilities.codes,
            PlainIndexer(), Unmade(), self.store.recall, lambda: NOW,
        )  # fmt: skip

        def random(size: int) -> bytes:
            return next(numbers).to_bytes(size, "big")

        self.facilities = FacilityDesk(
            self.kept_facilities, self.kept_feeds, self.inbox, intake, journal, lambda: NOW
        )
        self.feeds = FeedDesk(
            self.kept_facilities, self.kept_feeds, self.pushes, refuse_elsewhere,
            lambda _: Probe(3), journal, lambda: NOW, random, ("/mnt/shares",),
        )  # fmt: skip
        self.officers = OfficerDesk(self.kept_officers, journal, random, {"o1": "K7M-2QX-9RT"}.get)
        systems = {"LOINC": "LN"}
        self.codes = CodeDesk(
            self.kept_facilities, CATALOGUE, lambda name: systems.get(name, name), journal
        )


@pytest.fixture
def office() -> Office:
    made = Office()
    made.kept_facilities.add(Facility("BVA", "Bệnh viện A", "BV A"))
    return made
