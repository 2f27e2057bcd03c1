"""The officer's desk: asks whether somebody meets the place's rule, and learns yes or no.

The same words, the same statements and as many signature checks for somebody without a
result, with a positive, corrected or sensitive one, and for a year that doesn't match.
Whoever tested positive after a negative does not pass with the negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from core.certificates.checkpoint import Checkpoint
from core.certificates.issue import as_text
from core.certificates.verdict import Verdict, VerdictWord
from core.lookups.decoy import Decoy
from core.lookups.limits import Limit, paused
from core.lookups.ports import Lookup, Lookups, PlaceRules, ShareableResults
from core.lookups.question import Question
from core.ports import Audit, AuditEntry, Clock, Randomness, ShelfItem
from core.results.result import Outcome

MOST: Final = 5
"""Results looked at; a rule lasts days, and nobody is tested more often within it."""
_NO_CERTIFICATE: Final = Verdict(VerdictWord.MALFORMED)


@dataclass(frozen=True, slots=True)
class LookupAnswer:
    """What the officer learns.

    Args:
        met: An acceptable result was found.
        until: When it stops being one, where the rule says; or the end of a pause.
        limit: Set when nothing was looked up, because there must be a pause.
    """

    met: bool = False
    until: datetime | None = None
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class LookupDesk:
    """Where officers look people up.

    Args:
        decoy: Checked where there are fewer results than ``MOST``.
    """

    lookups: Lookups
    results: ShareableResults
    checkpoint: Checkpoint
    rules: PlaceRules
    audit: Audit
    decoy: Decoy
    clock: Clock
    random: Randomness

    def look_up(self, question: Question, *, officer: str, place: str) -> LookupAnswer:
        """Answer ``question`` for an officer who may ask at ``place``; counted and audited."""
        now = self.clock()
        lookup = Lookup(self.random(16).hex(), officer, place, now)
        refused = self.lookups.begin(lookup, paused)
        if refused:
            answer = LookupAnswer(until=refused.until, limit=refused.limit)
        else:
            answer = self._answer(question, place, now)
            self.lookups.finish(lookup.id, missed=not answer.met)
        word = "met" if answer.met else answer.limit or "not_met"
        self.audit.record(AuditEntry(now, officer, "looked_up", place, word))
        return answer

    def _answer(self, question: Question, place: str, now: datetime) -> LookupAnswer:
        items = self.results.shareable(question.short_code, question.documents, MOST)
        judged = list(zip(items, self._verdicts(items, place, now), strict=True))
        mine = [
            (item, verdict)
            for item, verdict in judged
            if item.result.person.birth_date[:4] == question.birth_year
        ]
        positives = [item for item, _ in mine if _is_positive(item)]
        passing = [
            verdict
            for item, verdict in mine
            if verdict.is_valid and not any(_overrules(later, item) for later in positives)
        ]
        if not passing:
            return LookupAnswer()
        ends = [verdict.rule_valid_until for verdict in passing]
        known = [end for end in ends if end is not None]
        return LookupAnswer(met=True, until=max(known) if len(known) == len(ends) else None)

    def _verdicts(self, items: Sequence[ShelfItem], place: str, now: datetime) -> list[Verdict]:
        """One for each of ``items``, after ``MOST`` checks however many they are."""
        rule = self.rules(place)
        staged = replace(self.checkpoint, trust=lambda: self.decoy.trust)
        certificates = [item.certificate for item in items]
        verdicts = []
        for cose in [*certificates, *[None] * (MOST - len(items))]:
            checkpoint = self.checkpoint if cose else staged
            verdict = checkpoint.check_text(as_text(cose or self.decoy.cose), rule=rule, at=now)
            verdicts.append(verdict if cose else _NO_CERTIFICATE)
        return verdicts[: len(items)]


def _is_positive(item: ShelfItem) -> bool:
    return item.result.outcome is Outcome.POSITIVE and not item.result.needs_new_sample


def _overrules(positive: ShelfItem, item: ShelfItem) -> bool:
    same_disease = positive.result.test.target == item.result.test.target
    return same_disease and positive.result.collected_at >= item.result.collected_at
