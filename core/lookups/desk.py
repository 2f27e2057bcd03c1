"""The officer's desk: asks whether somebody meets the place's rule, and learns yes or no.

The same words, the same statements and as many signature checks for somebody without a
result, with a positive, corrected or sensitive one, and for a year that doesn't match.
Whoever tested positive after a negative does not pass with the negative, whatever number the
positive was stored under: it counts if it was found by what was asked for, whatever year of
birth it says, and else by a document, or by name and date of birth where no document differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from core.certificates.checkpoint import Checkpoint
from core.certificates.issue import as_text
from core.certificates.verdict import Verdict, VerdictWord
from core.citizens.names import normalise
from core.lookups.decoy import Decoy
from core.lookups.limits import Limit, paused
from core.lookups.ports import Found, Lookup, Lookups, PlaceRules, ShareableResults
from core.lookups.question import Question
from core.ports import Audit, AuditEntry, Clock, Randomness, ShelfItem
from core.results.reported import DocumentType
from core.results.result import Document, Outcome, Person, Result

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
        found = self.results.shareable(question.short_code, question.documents, MOST)
        verdicts = self._verdicts(found.items, place, now)
        passing = [
            verdict
            for item, verdict in zip(found.items, verdicts, strict=True)
            if verdict.is_valid
            and item.result.person.birth_date[:4] == question.birth_year
            and not _is_overruled(item.result, found)
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


def _is_overruled(result: Result, found: Found) -> bool:
    """Whether its person tested positive since, or nobody can tell."""
    asked_for = [item.result for item in found.items]
    same = [other for other in found.others if _same_person(other.person, result.person)]
    return not found.complete or any(_overrules(each, result) for each in [*asked_for, *same])


def _overrules(later: Result, result: Result) -> bool:
    same_disease = later.test.target == result.test.target
    return _is_positive(later) and same_disease and later.collected_at >= result.collected_at


def _is_positive(result: Result) -> bool:
    return result.outcome is Outcome.POSITIVE and not result.needs_new_sample


def _same_person(one: Person, other: Person) -> bool:
    """By a document; else by name and date of birth, where no document tells them apart."""
    if set(one.documents) & set(other.documents):
        return True
    names = {normalise(one.full_name), normalise(other.full_name)}
    return (
        len(names) == 1
        and one.birth_date == other.birth_date
        and not _types(one.documents) & _types(other.documents)
    )


def _types(documents: Sequence[Document]) -> set[DocumentType]:
    return {document.type for document in documents}
