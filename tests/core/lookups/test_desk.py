"""The officer's desk: yes, or a no that says nothing and costs the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from core.certificates.checkpoint import Checkpoint
from core.certificates.verdict import RuleOutcome, Standing
from core.lookups.decoy import make_decoy
from core.lookups.desk import MOST, LookupAnswer, LookupDesk
from core.lookups.limits import MISSES, PAUSE, Limit
from core.lookups.question import Question
from core.policy.rules import default_rule
from core.ports import ShelfItem
from core.results.reported import DocumentType
from core.results.result import Document, Outcome, Person
from tests.core.lookups.fakes import MemoryLookups, MemoryResults
from tests.sms.fakes import BINH, DENGUE, HIV, NOON, PCR, TB, World, key_of, make_keys

KEYS = make_keys()
BY_CARD = Question("", BINH.documents, "1990")
NOTHING = LookupAnswer()


@dataclass
class Gate:
    """A desk over memory, and what it was asked."""

    world: World = field(default_factory=lambda: World(KEYS))
    lookups: MemoryLookups = field(default_factory=MemoryLookups)
    checked: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = LookupDesk(
            self.lookups, MemoryResults(self.world.shelf.items), self._checkpoint(),
            self._rule_of, self.world.audit, make_decoy(NOON), self.world.clock, self.world.random,
        )  # fmt: skip

    def _checkpoint(self) -> Checkpoint:
        real = self.world.checkpoint()

        def standing(uvci: str) -> Standing:
            self.checked.append(uvci)
            return real.standing(uvci)

        return replace(real, standing=standing)

    def _rule_of(self, place: str) -> Callable[..., RuleOutcome]:
        self.places.append(place)
        return default_rule

    def release(self, **more: object) -> ShelfItem:
        return self.world.release(**more)  # type: ignore[arg-type]

    def ask(self, question: Question = BY_CARD) -> LookupAnswer:
        return self.desk.look_up(question, officer="tin", place="CHOT1")


@pytest.fixture
def gate() -> Gate:
    return Gate()


def until(item: ShelfItem) -> datetime:
    return item.result.collected_at + timedelta(hours=72)


def test_a_fresh_negative_meets_the_rule_until_it_is_too_old(gate: Gate) -> None:
    item = gate.release()
    assert gate.ask() == LookupAnswer(met=True, until=until(item))
    gate.world.clock.wait(hours=72)
    assert gate.ask() == NOTHING


def test_the_short_code_asks_for_the_same(gate: Gate) -> None:
    item = gate.release()
    assert gate.ask(Question(item.short_code, (), "1990")).met
    assert gate.ask(Question(item.short_code, (), "1991")) == NOTHING


def test_the_rule_is_the_one_of_the_place(gate: Gate) -> None:
    gate.ask()
    assert gate.places == ["CHOT1"]


def _nobody(_gate: Gate) -> None:
    return None


def _positive(gate: Gate) -> None:
    gate.release(outcome=Outcome.POSITIVE)


def _pooled_positive(gate: Gate) -> None:
    gate.release(outcome=Outcome.POSITIVE, pooled=True)


def _revoked(gate: Gate) -> None:
    uvci = gate.release().uvci
    assert uvci
    gate.world.standings[uvci] = Standing.REVOKED


def _clinical(gate: Gate) -> None:
    gate.release(test=DENGUE)


def _sensitive(gate: Gate) -> None:
    gate.release(test=TB)
    gate.release(test=HIV)


def _another_year(gate: Gate) -> None:
    gate.release(person=replace(BINH, birth_date="1991-03-05"))


def _no_birth_date(gate: Gate) -> None:
    gate.release(person=replace(BINH, birth_date=""))


CASES = [
    _nobody, _positive, _pooled_positive, _revoked, _clinical, _sensitive, _another_year,
    _no_birth_date,
]  # fmt: skip


@pytest.mark.parametrize("prepare", CASES)
def test_every_no_is_the_same_word_the_same_work_and_the_same_trace(
    gate: Gate, prepare: Callable[[Gate], None]
) -> None:
    prepare(gate)
    assert gate.ask() == NOTHING
    assert len(gate.checked) == MOST
    ((_, missed),) = gate.lookups.rows.values()
    assert missed
    (entry,) = gate.world.audit.entries
    assert (entry.actor, entry.action, entry.subject) == ("tin", "looked_up", "CHOT1")
    assert entry.detail == "not_met"


def test_a_yes_costs_what_a_no_costs(gate: Gate) -> None:
    gate.release()
    assert gate.ask().met
    assert len(gate.checked) == MOST
    assert gate.world.audit.entries[0].detail == "met"


def test_a_later_positive_overrules_a_negative(gate: Gate) -> None:
    gate.release()
    gate.world.clock.wait(hours=1)
    gate.release(outcome=Outcome.POSITIVE)
    assert gate.ask() == NOTHING


def test_an_earlier_positive_and_a_later_failed_test_do_not(gate: Gate) -> None:
    gate.release(outcome=Outcome.POSITIVE)
    gate.world.clock.wait(hours=1)
    item = gate.release()
    gate.world.clock.wait(hours=1)
    gate.release(outcome=Outcome.INVALID)
    assert gate.ask() == LookupAnswer(met=True, until=until(item))


@pytest.mark.parametrize("birth_date", ["1950", ""])
def test_a_later_positive_of_the_card_counts_whatever_its_year_of_birth(
    gate: Gate, birth_date: str
) -> None:
    gate.release()
    gate.world.clock.wait(hours=1)
    gate.release(person=replace(BINH, birth_date=birth_date), outcome=Outcome.POSITIVE)
    assert gate.ask() == NOTHING


def test_by_short_code_a_later_positive_of_another_sample_overrules(gate: Gate) -> None:
    negative = gate.release()
    question = Question(negative.short_code, (), "1990")
    assert gate.ask(question).met
    gate.world.clock.wait(hours=1)
    gate.release(outcome=Outcome.POSITIVE)
    assert gate.ask(question) == NOTHING


def test_a_later_positive_without_a_document_overrules_by_name_and_date(gate: Gate) -> None:
    gate.release()
    gate.world.clock.wait(hours=1)
    gate.release(person=replace(BINH, documents=()), outcome=Outcome.POSITIVE)
    assert gate.ask() == NOTHING


@pytest.mark.parametrize(
    "other",
    [
        replace(BINH, documents=(Document(DocumentType.NATIONAL_ID, "079090009999"),)),
        replace(BINH, documents=(), birth_date="1990-03-06"),
        replace(BINH, documents=(), given="Văn Bính Nhì"),
    ],
)
def test_somebody_elses_positive_does_not_count(gate: Gate, other: Person) -> None:
    negative = gate.release()
    gate.world.clock.wait(hours=1)
    gate.release(person=other, outcome=Outcome.POSITIVE)
    assert gate.ask().met
    assert gate.ask(Question(negative.short_code, (), "1990")).met


def test_more_results_than_can_be_looked_through_are_a_no(gate: Gate) -> None:
    gate.release()
    crowded = MemoryResults(gate.world.shelf.items, complete=False)
    gate.desk = replace(gate.desk, results=crowded)
    assert gate.ask() == NOTHING


def test_of_several_the_one_that_lasts_longest_is_told(gate: Gate) -> None:
    gate.release()
    gate.world.clock.wait(hours=10)
    later = gate.release()
    assert gate.ask().until == until(later)


def test_a_certificate_that_only_the_decoy_trusts_never_passes(gate: Gate) -> None:
    item = gate.release()
    forged = replace(item, certificate=gate.desk.decoy.cose)
    gate.world.shelf.items["anybody"] = [forged]
    gate.world.shelf.items.pop(key_of(BINH))
    assert gate.ask() == NOTHING


def test_misses_pause_the_officer_and_nobody_is_looked_up(gate: Gate) -> None:
    for _ in range(MISSES):
        assert gate.ask() == NOTHING
    gate.release()
    checked = len(gate.checked)
    refused = gate.ask()
    assert refused == LookupAnswer(until=NOON + PAUSE, limit=Limit.MISSES)
    assert len(gate.checked) == checked
    assert gate.world.audit.entries[-1].detail == "too_many_misses"
    gate.world.clock.wait(minutes=10)
    assert gate.ask().met


def test_hits_do_not_pause(gate: Gate) -> None:
    gate.release()
    for _ in range(MISSES + 1):
        assert gate.ask().met


def test_two_people_of_one_number_are_told_apart_by_the_year(gate: Gate) -> None:
    gate.release(person=replace(BINH, birth_date="1950"), test=PCR)
    assert gate.ask() == NOTHING
    assert gate.ask(replace(BY_CARD, birth_year="1950")).met
