"""The catalogue of tests: which codes mean which test, its names, kind and class.

The data is TOML that staff extend; ``Catalogue.parse`` reads it. Files are opened by
the composition root, not here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from core.results.reported import Coding

_KEY = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*")
_SHORTEST_LINE = 2  # a system and one code
VALID_DAYS = 180
_LONGEST_LIFE = 3650  # days


class Confidentiality(StrEnum):
    """Class of a test (glossary): A shareable, B clinical, C sensitive, D restricted."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class TestKind(StrEnum):
    """How a test's values are read and which certificate it can have."""

    PCR = "pcr"
    ANTIGEN = "antigen"
    QUALITATIVE = "qualitative"
    PANEL = "panel"
    TYPING = "typing"


@dataclass(frozen=True, slots=True)
class TestDefinition:
    """One test.

    Args:
        key: Stable upper-case word, the primary key everywhere (``SARSCOV2-PCR``).
        names: Display name per language code.
        target: SNOMED CT code of the disease or agent; empty where none applies.
        codes: ``(system, code)`` pairs that mean this test.
        valid_days: Life of its certificates, from their issue.
    """

    key: str
    names: Mapping[str, str]
    kind: TestKind
    confidentiality: Confidentiality
    target: str
    codes: frozenset[tuple[str, str]]
    valid_days: int = VALID_DAYS

    def name(self, language: str) -> str:
        """Name in ``language``, else in Vietnamese."""
        return self.names.get(language) or self.names["vi"]


class Catalogue:
    """All tests of an installation, found by key or by any of their codes."""

    def __init__(self, tests: Iterable[TestDefinition]) -> None:
        """Index ``tests``; a later test with the same key replaces the earlier one."""
        self._by_key = {test.key: test for test in tests}
        self._by_code = {code: test for test in self._by_key.values() for code in test.codes}

    @classmethod
    def parse(cls, *documents: str) -> Catalogue:
        """Read TOML documents, the installation's own after the packaged one.

        ``[[tests]]`` adds or replaces a test; ``[[aliases]]`` adds a laboratory's own codes
        to a test that exists.

        Raises:
            ValueError: a test lacks a field or has an unknown kind or class, or an alias
                has no test; names it.
        """
        tests: dict[str, TestDefinition] = {}
        for document in map(_document, documents):
            tests |= {test.key: test for test in map(_test, _entries(document, "tests"))}
            for alias in _entries(document, "aliases"):
                test = _aliased(alias, tests)
                tests[test.key] = test
        return cls(tests.values())

    def __iter__(self) -> Iterator[TestDefinition]:
        return iter(self._by_key.values())

    def get(self, key: str) -> TestDefinition:
        """The test with this key.

        Raises:
            KeyError: no test has it.
        """
        return self._by_key[key]

    def with_codes(self, codes: Mapping[tuple[str, str], str]) -> Catalogue:
        """This catalogue for a laboratory with codes of its own: ``(system, code)`` → key.

        Codes of tests that have left the catalogue, and codes that mean a test already, say
        nothing. Made once for each set of codes: a message may hold a single result.
        """
        return _extended(self, frozenset(codes.items())) if codes else self

    def find(self, codes: Iterable[Coding]) -> TestDefinition | None:
        """The first test that one of ``codes`` means, or None."""
        for coding in codes:
            test = self._by_code.get((coding.system, coding.code))
            if test is not None:
                return test
        return None


@lru_cache(maxsize=256)
def _extended(catalogue: Catalogue, codes: frozenset[tuple[tuple[str, str], str]]) -> Catalogue:
    own: dict[str, set[tuple[str, str]]] = {}
    for code, key in codes:
        if catalogue.find([Coding(*code)]) is None:
            own.setdefault(key, set()).add(code)
    return Catalogue(
        replace(test, codes=test.codes | own.get(test.key, set())) for test in catalogue
    )


def _document(text: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"catalogue: not TOML: {error}") from error


def _entries(document: Mapping[str, object], heading: str) -> Iterator[Mapping[str, object]]:
    entries = document.get(heading, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"catalogue: write each entry under its own [[{heading}]] heading")
    yield from entries


def _aliased(entry: Mapping[str, object], tests: Mapping[str, TestDefinition]) -> TestDefinition:
    key = entry.get("test")
    test = tests.get(key) if isinstance(key, str) else None
    if test is None:
        raise ValueError(f"catalogue: alias of {key!r}, which is no test of this catalogue")
    try:
        return replace(test, codes=test.codes | frozenset(_codes(entry.get("codes"))))
    except ValueError as error:
        raise ValueError(f"catalogue: alias of {key}: {error}") from error


def _test(entry: Mapping[str, object]) -> TestDefinition:
    key = entry.get("key")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ValueError(f"catalogue: key {key!r} is not an upper-case word such as DENGUE-NS1")
    try:
        return TestDefinition(
            key=key,
            names=_names(entry.get("names")),
            kind=TestKind(_word(entry, "kind")),
            confidentiality=Confidentiality(_word(entry, "class")),
            target=str(entry.get("target", "")),
            codes=frozenset(_codes(entry.get("codes"))),
            valid_days=_days(entry.get("valid_days", VALID_DAYS)),
        )
    except ValueError as error:
        raise ValueError(f"catalogue: test {key}: {error}") from error


def _word(entry: Mapping[str, object], field: str) -> str:
    value = entry.get(field)
    if not isinstance(value, str):
        raise ValueError(f"{field} is missing")  # noqa: TRY004
    return value


def _days(days: object) -> int:
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= _LONGEST_LIFE:
        raise ValueError(f"valid_days is a number of days from 1 to {_LONGEST_LIFE}")
    return days


def _names(names: object) -> Mapping[str, str]:
    if not isinstance(names, dict) or not {"vi", "en"} <= names.keys():
        raise ValueError("names need at least vi and en")
    if not all(isinstance(name, str) and name for name in names.values()):
        raise ValueError("every name is a text")
    return names


def _codes(codes: object) -> Iterable[tuple[str, str]]:
    """``["LN", "94500-6", "94534-5"]``: a system, then its codes."""
    if not isinstance(codes, list) or not codes:
        raise ValueError("codes are missing")
    for line in codes:
        if not isinstance(line, list) or len(line) < _SHORTEST_LINE or not _all_text(line):
            raise ValueError(f"codes: {line!r} is not a system followed by its codes")
        yield from ((line[0], code) for code in line[1:])


def _all_text(line: list[object]) -> bool:
    return all(isinstance(part, str) and part for part in line)
