"""The ports of a look-up in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.lookups.limits import HOUR, MINUTE, MISSES, Pace, Paused
from core.lookups.ports import Found, Lookup, Lookups, ShareableResults
from core.ports import ShelfItem
from core.results.catalogue import Confidentiality
from core.results.result import Document


class MemoryLookups(Lookups):
    def __init__(self) -> None:
        self.rows: dict[str, tuple[Lookup, bool]] = {}

    def begin(
        self, lookup: Lookup, paused: Callable[[Pace, datetime], Paused | None]
    ) -> Paused | None:
        refused = paused(self._pace(lookup), lookup.at)
        if refused is None:
            self.rows[lookup.id] = (lookup, True)
        return refused

    def finish(self, lookup_id: str, *, missed: bool) -> None:
        self.rows[lookup_id] = (self.rows[lookup_id][0], missed)

    def _pace(self, lookup: Lookup) -> Pace:
        mine = [row for row in self.rows.values() if row[0].officer == lookup.officer]
        here = [row for row in self.rows.values() if row[0].place == lookup.place]
        misses = sorted((each.at for each, missed in mine if missed), reverse=True)
        minute, hour = lookup.at - MINUTE, lookup.at - HOUR
        return Pace(
            officer_minute=sum(each.at > minute for each, _ in mine),
            officer_hour=sum(each.at > hour for each, _ in mine),
            place_minute=sum(each.at > minute for each, _ in here),
            place_hour=sum(each.at > hour for each, _ in here),
            misses=tuple(misses[:MISSES]),
        )


@dataclass
class MemoryResults(ShareableResults):
    """Results by any key, as a shelf in memory keeps them."""

    shelf: dict[str, list[ShelfItem]] = field(default_factory=dict)
    complete: bool = True

    @property
    def items(self) -> list[ShelfItem]:
        return [item for items in self.shelf.values() for item in items]

    def shareable(self, short_code: str, documents: Sequence[Document], most: int) -> Found:
        asked = set(documents)
        every = [i for i in self.items if i.result.test.confidentiality is Confidentiality.A]
        found = [
            item
            for item in every
            if asked & set(item.result.person.documents) or item.short_code == short_code
        ][:most]
        names = {item.result.person.full_name for item in found}
        numbers = {each for item in found for each in item.result.person.documents}
        others = [
            item.result
            for item in every
            if item.result.person.full_name in names or numbers & set(item.result.person.documents)
        ]
        return Found(found, others, complete=self.complete)
