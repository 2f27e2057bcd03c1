"""What a laboratory's own codes mean: its tests, and the words and codes of its results.

Each facility has its own, so that two laboratories may use ``P1`` for different things. A
code of an international system (LOINC, SNOMED CT, HL7 tables) means the same everywhere and
can't be given another meaning here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from core.results.result import Outcome

Code = tuple[str, str]


class CodeKind(StrEnum):
    """What a code stands for."""

    TEST = "test"
    VALUE = "value"


_NO_TESTS: Mapping[Code, str] = MappingProxyType({})
_NO_VALUES: Mapping[Code, Outcome] = MappingProxyType({})
FIXED_SYSTEMS = frozenset({"LN", "SCT", "HL70078"})


@dataclass(frozen=True, slots=True)
class LocalCodes:
    """The mapping of one facility.

    Args:
        tests: ``(system, code)`` → key of a test of the catalogue.
        values: ``(system, code)`` → outcome; the system of a plain text value is empty.
    """

    tests: Mapping[Code, str] = field(default_factory=lambda: _NO_TESTS)
    values: Mapping[Code, Outcome] = field(default_factory=lambda: _NO_VALUES)


NO_CODES = LocalCodes()
