"""What a look-up needs of the world. Each method is one transaction; times are aware UTC."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.certificates.claims import Claims
from core.certificates.verdict import RuleOutcome
from core.lookups.limits import Pace, Paused
from core.ports import ShelfItem
from core.results.result import Document, Result

PlaceRule = Callable[[Claims, datetime], RuleOutcome]
PlaceRules = Callable[[str], PlaceRule]
"""The rule of a place, by its code; that of every place where it has none of its own."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One look-up as it is counted: by whom, where, when; never about whom."""

    id: str
    officer: str
    place: str
    at: datetime


class Lookups(Protocol):
    """The count of look-ups, the same for every process."""

    def begin(
        self, lookup: Lookup, paused: Callable[[Pace, datetime], Paused | None]
    ) -> Paused | None:
        """Count ``lookup`` as a miss, unless ``paused`` says no; says so then.

        Two of one officer, or at one place, take turns: they must not share one count.
        """

    def finish(self, lookup_id: str, *, missed: bool) -> None:
        """Say what became of it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up found; all of class A, current, newest collection first.

    Args:
        items: What was asked for.
        others: Since the oldest of ``items``, under any number: those with a document of one
            of them or that was asked for, or with the name and date of birth of one.
        complete: Whether ``others`` are all that there are.
    """

    items: list[ShelfItem]
    others: list[Result]
    complete: bool = True


class ShareableResults(Protocol):
    """Results that an officer's look-up may rest on."""

    def shareable(self, short_code: str, documents: Sequence[Document], most: int) -> Found:
        """Results by short code or documents, at most ``most``, and those beside them.

        Takes the same statements, and opens as many fields, for one result as for ``most``.

        Args:
            short_code: Normalised; empty to look by documents.
        """
