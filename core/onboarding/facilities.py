"""Facilities come on board: added, described, tried as a pilot, live.

A code can't be changed, because results, folders and addresses stand on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from core.feeds.ports import Feeds
from core.onboarding.journal import Journal
from core.onboarding.mistake import Mistake, Mistakes, mistaken
from core.ports import Clock, Facilities
from core.results.facility import DateOrder, Facility, Stage
from core.results.inbox import Inbox
from core.results.intake import BATCH, PILOT, Intake, IntakeReport
from core.results.versions import Change

SHORTEST_NAME = 30  # characters of a name in a certificate
LONGEST = 200
MOST_HELD = 10_000  # quarantined items that are searched for withdrawals
_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{1,31}")
_REQUIRED = ("name", "short_name", "zone")


@dataclass(frozen=True, slots=True)
class FacilityDraft:
    """A facility as it was typed; None leaves as it is."""

    name: str | None = None
    short_name: str | None = None
    zone: str | None = None
    contact: str | None = None
    date_order: str | None = None


@dataclass(frozen=True, slots=True)
class PilotAccount:
    """How the items of a facility were judged, as far as they are still kept.

    Args:
        good: They would have reached people.
        held: By first reason, those that wait in the quarantine.
        other: No results, or not released yet.
    """

    good: int
    held: dict[str, int]
    other: int


@dataclass(frozen=True, slots=True)
class FacilityDesk:
    """Where facilities are added, changed and taken live."""

    facilities: Facilities
    feeds: Feeds
    inbox: Inbox
    intake: Intake
    journal: Journal
    clock: Clock

    def add(
        self, code: str, draft: FacilityDraft, *, by: str, stage: Stage = Stage.PILOT
    ) -> Facility | Mistakes:
        """Connect a facility that isn't here yet."""
        if self.facilities.get(_written(code)) is not None:
            return mistaken("code", "facility_exists", _written(code))
        return self.save(code, draft, by=by, stage=stage)

    def save(
        self, code: str, draft: FacilityDraft, *, by: str, stage: Stage | None = None
    ) -> Facility | Mistakes:
        """Connect a facility, or change the one with this code.

        Args:
            stage: None leaves it; a new one is live then.
        """
        code = _written(code)
        if not _CODE.fullmatch(code):
            return mistaken("code", "facility_code_unusable", code[:LONGEST])
        known = self.facilities.get(code) or Facility(code, "", "")
        facility = _described(known, draft)
        if isinstance(facility, Mistakes):
            return facility
        facility = replace(facility, stage=stage or known.stage)
        self.facilities.add(facility)
        self.journal.note(by, "facility_added", code)
        return facility

    def go_live(self, facility: Facility, *, by: str) -> Facility:
        """End a pilot: from now on its results reach people, and something is expected of it."""
        live = replace(facility, stage=Stage.LIVE)
        self.facilities.add(live)
        self.feeds.watch_from(live.code, self.clock())
        self.journal.note(by, "facility_live", live.code)
        return live

    def back_to_pilot(self, facility: Facility, *, by: str) -> Facility:
        """From now on nothing new reaches people; what did stays."""
        pilot = replace(facility, stage=Stage.PILOT)
        self.facilities.add(pilot)
        self.journal.note(by, "facility_pilot", pilot.code)
        return pilot

    def pilot_account(self, facility: Facility) -> PilotAccount:
        """How it went so far."""
        tally = self.inbox.tally(facility.code)
        good = tally.pop((Change.IGNORED, PILOT), 0)
        held = {why: n for (change, why), n in tally.items() if change is Change.QUARANTINED}
        other = sum(n for (change, _), n in tally.items() if change is Change.IGNORED)
        return PilotAccount(good, held, other)

    def release_pilot(self, facility: Facility, *, by: str) -> IntakeReport:
        """Take in a batch of what came during the pilot; empty once there is none.

        A pilot's stays a pilot's: nothing is taken in before it is live. What this batch
        or an item in quarantine withdraws is not released, so that nobody is told of it.
        """
        if facility.is_pilot:
            return IntakeReport()
        kept = self.inbox.kept(facility.code, pilots=True, limit=BATCH)
        held = self.inbox.kept(facility.code, limit=MOST_HELD) if kept else []
        withheld = self.intake.withdrawn([*kept, *held], facility)
        report = self.intake.replay(kept, facility, withheld=withheld)
        self.journal.note(by, "pilot_released", facility.code, str(len(report.items)))
        return report


def _written(code: str) -> str:
    return code.strip().upper()


def _described(known: Facility, draft: FacilityDraft) -> Facility | Mistakes:
    said = {
        field: " ".join(text.split())
        for field in ("name", "short_name", "zone", "contact")
        if (text := getattr(draft, field)) is not None
    }
    name = said.get("name", known.name)
    short = said.get("short_name", known.short_name) or name[:SHORTEST_NAME]
    zone = said.get("zone", known.zone)
    order = known.date_order if draft.date_order is None else draft.date_order
    facility = replace(
        known, name=name, short_name=short, zone=zone, contact=said.get("contact", known.contact)
    )
    found = tuple(_mistakes(facility, order))
    return Mistakes(found) if found else replace(facility, date_order=DateOrder(order))


def _mistakes(facility: Facility, order: str) -> list[Mistake]:
    found = [Mistake(field, "field_missing") for field in _REQUIRED if not getattr(facility, field)]
    found += [
        Mistake(field, "field_too_long", str(LONGEST))
        for field in ("name", "contact")
        if len(getattr(facility, field)) > LONGEST
    ]
    if len(facility.short_name) > SHORTEST_NAME:
        found.append(Mistake("short_name", "field_too_long", str(SHORTEST_NAME)))
    if facility.zone and not _is_zone(facility):
        found.append(Mistake("zone", "zone_unknown", facility.zone[:LONGEST]))
    if order not in set(DateOrder):
        found.append(Mistake("date_order", "choice_unknown", order[:LONGEST]))
    return found


def _is_zone(facility: Facility) -> bool:
    try:
        _ = facility.timezone
    except (KeyError, ValueError, OSError):  # "Asia" is a folder
        return False
    return True
