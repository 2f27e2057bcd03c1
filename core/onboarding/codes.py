"""What a laboratory's codes mean: which are known, and giving the others a meaning.

A code of an international system keeps the meaning that it has everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from core.onboarding.code_list import LONGEST_CODE, ListedCode
from core.onboarding.journal import Journal
from core.onboarding.mistake import Mistakes, mistaken
from core.ports import Facilities
from core.results.catalogue import Catalogue
from core.results.local_codes import FIXED_SYSTEMS, CodeKind, LocalCodes
from core.results.reported import Coding
from core.results.result import Outcome
from core.results.values import outcome_of

_LOINC = "LN"
_OUTCOMES = [each for each in Outcome if each is not Outcome.REPORTED]  # panels have no codes


class Via(StrEnum):
    """By what a code is known."""

    NOTHING = ""
    CATALOGUE = "catalogue"
    LOINC = "loinc"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class KnownCode:
    """A code of a list with what it means here.

    Args:
        meaning: Key of a test, or an outcome; empty where it means nothing yet.
        fixed: Its system is international: it can't be given another meaning.
    """

    listed: ListedCode
    meaning: str
    via: Via
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class CodeDesk:
    """Where a laboratory's codes are looked at and mapped.

    Args:
        system_name: The product's name of a code system, as readers call it.
    """

    facilities: Facilities
    catalogue: Catalogue
    system_name: Callable[[str], str]
    journal: Journal

    def mapped(self, facility: str) -> LocalCodes:
        """What the facility's own codes mean."""
        return self.facilities.codes(facility)

    def known(self, facility: str, kind: CodeKind, listed: Iterable[ListedCode]) -> list[KnownCode]:
        """What each code of a list means to intake."""
        own = self.mapped(facility)
        read = _value if kind is CodeKind.VALUE else self._test
        return [self._known(each, *read(self._coding(each), own)) for each in listed]

    def meanings(self, kind: CodeKind) -> list[str]:
        """What a code of this kind may be given as its meaning."""
        return [*_OUTCOMES] if kind is CodeKind.VALUE else [test.key for test in self.catalogue]

    def map(
        self, facility: str, kind: CodeKind, code: tuple[str, str], meaning: str | None, *, by: str
    ) -> Mistakes | None:
        """Say what a code means; None takes the meaning away."""
        system, local = self.system_name(code[0]), code[1].strip()
        if not 0 < len(local) <= LONGEST_CODE or len(system) > LONGEST_CODE:
            return mistaken("code", "code_unusable", local[:LONGEST_CODE])
        if system in FIXED_SYSTEMS:
            return mistaken("system", "code_system_fixed", system)
        if meaning is not None and meaning not in self.meanings(kind):
            return mistaken("meaning", "choice_unknown", meaning[:LONGEST_CODE])
        self.facilities.map_code(facility, kind, (system, local), meaning)
        self.journal.note(by, "code_mapped" if meaning else "code_unmapped", facility)
        return None

    def _coding(self, listed: ListedCode) -> Coding:
        return Coding(self.system_name(listed.system), listed.code)

    def _known(self, listed: ListedCode, meaning: str, via: Via) -> KnownCode:
        return KnownCode(listed, meaning, via, self.system_name(listed.system) in FIXED_SYSTEMS)

    def _test(self, coding: Coding, own: LocalCodes) -> tuple[str, Via]:
        """Codes of the catalogue count before a facility's own; a bare LOINC code is one."""
        found = self.catalogue.find([coding])
        if found is not None:
            return found.key, Via.LOINC if coding.system == _LOINC else Via.CATALOGUE
        found = None if coding.system else self.catalogue.find([Coding(_LOINC, coding.code)])
        if found is not None:
            return found.key, Via.LOINC
        key = own.tests.get((coding.system, coding.code), "")
        return (key, Via.OWN) if key in self.meanings(CodeKind.TEST) else ("", Via.NOTHING)


def _value(coding: Coding, own: LocalCodes) -> tuple[str, Via]:
    outcome = outcome_of(coding, own.values)
    if outcome is None:
        return "", Via.NOTHING
    is_own = (coding.system, coding.code) in own.values and coding.system not in FIXED_SYSTEMS
    return str(outcome), Via.OWN if is_own else Via.CATALOGUE
