"""The product's own claim for tests that the EU DCC has no entry for: −260 → {−1: {…}}.

The same envelope, signer and life as a DCC; integer keys, because nobody else defines them.
Readers are in ``core.certificates.claims``, the table of keys in ``docs/verifying.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from core.certificates.transliteration import MAX_LENGTH, written_names
from core.results.result import Outcome, Result, Value

CLAIM: Final = -1
VERSION: Final = 1
LONGEST_OUTCOME: Final = 400
"""Characters: with it, the QR code of a panel still reads from a phone's screen."""

_CUT: Final = " …"


class Key(IntEnum):
    """Keys of the claim."""

    VERSION = 0
    NAMES = 1
    NAMES_STD = 2
    BIRTH_DATE = 3
    TEST = 4
    TEST_NAME = 5
    OUTCOME = 6
    COLLECTED = 7
    CENTRE = 8
    ISSUER = 9
    UVCI = 10
    TARGET = 11


@dataclass(frozen=True, slots=True)
class OtherTestFacts:
    """What the certificate of a test without a DCC entry says.

    Args:
        birth_date: ISO 8601, possibly partial or empty.
        test: Key of the catalogue.
        outcome: ``negative``, ``positive``, or the values as reported.
        target: SNOMED CT code of the agent, or empty.
        collected_at: Aware time of collection.
    """

    family: str
    given: str
    birth_date: str
    test: str
    test_name: str
    outcome: str
    target: str
    collected_at: datetime
    centre: str
    issuer: str


def private_claim(facts: OtherTestFacts, uvci: str) -> dict[int, object]:
    """The claim (claim −260, key −1) of ``facts``."""
    names = written_names(facts.family, facts.given)
    return {
        Key.VERSION: VERSION,
        Key.NAMES: [facts.family[:MAX_LENGTH], facts.given[:MAX_LENGTH]],
        Key.NAMES_STD: list(names),
        Key.BIRTH_DATE: facts.birth_date,
        Key.TEST: facts.test,
        Key.TEST_NAME: facts.test_name[:MAX_LENGTH],
        Key.OUTCOME: facts.outcome,
        Key.COLLECTED: int(facts.collected_at.timestamp()),
        Key.CENTRE: facts.centre[:MAX_LENGTH],
        Key.ISSUER: facts.issuer[:MAX_LENGTH],
        Key.UVCI: uvci,
        Key.TARGET: facts.target,
    }


def outcome_text(result: Result) -> str:
    """``negative``, ``positive``, or the values in one line, whole ones up to the limit.

    A value is never cut in two: half a number would be another number.
    """
    if result.outcome is not Outcome.REPORTED:
        return result.outcome.value
    said = ""
    for value in result.values:
        longer = f"{said}; {_line(value)}" if said else _line(value)
        if len(longer) > LONGEST_OUTCOME - len(_CUT):
            return (said + _CUT).strip()
        said = longer
    return said


def _line(value: Value) -> str:
    return " ".join(part for part in (value.name, value.value, value.unit) if part)
