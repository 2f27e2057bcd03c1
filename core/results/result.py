"""A result as the product keeps it: judged, normalised, tied to a test of the catalogue.

Source: confidentiality classes and outcome words of the product's glossary.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.quick import quick_init
from core.results.catalogue import TestDefinition
from core.results.reported import DocumentType, ReportStatus


class Outcome(StrEnum):
    """What a result says. ``REPORTED``: the values speak for themselves (panels, typing)."""

    NEGATIVE = "negative"
    POSITIVE = "positive"
    INDETERMINATE = "indeterminate"
    INVALID = "invalid"
    REPORTED = "reported"


@quick_init
@dataclass(frozen=True, slots=True)
class Document:
    """An identity document with its number normalised (no blanks, upper case)."""

    type: DocumentType
    number: str


@quick_init
@dataclass(frozen=True, slots=True)
class Person:
    """The person tested.

    Args:
        birth_date: ISO 8601, possibly partial (``1950`` or ``1950-03``); empty if unknown.
        phone: Mobile number in E.164, or empty: then nobody is told by SMS.
    """

    family: str
    given: str
    birth_date: str
    sex: str
    phone: str
    documents: tuple[Document, ...] = ()

    @property
    def full_name(self) -> str:
        """Family name first, as Vietnamese names are spoken and ICAO documents write them."""
        return f"{self.family} {self.given}".strip()


@dataclass(frozen=True, slots=True)
class Value:
    """One line of a panel: name, value, unit, reference range and flag, as sent."""

    name: str
    value: str
    unit: str = ""
    reference_range: str = ""
    abnormal: str = ""


@quick_init
@dataclass(frozen=True, slots=True)
class Result:
    """A judged result.

    Args:
        collected_at: Aware UTC.
        reported_at: Aware UTC.
        values: The lines of a panel or typing; empty for a plain positive/negative.
    """

    accession: str
    test: TestDefinition
    status: ReportStatus
    outcome: Outcome
    person: Person
    collected_at: datetime
    reported_at: datetime
    values: tuple[Value, ...] = ()
    pooled: bool = False
    consent_to_contact: bool = False
    device: str = ""

    @property
    def needs_new_sample(self) -> bool:
        """A pool's positive proves nothing about one person; neither does a failed test."""
        unclear = self.outcome in (Outcome.INDETERMINATE, Outcome.INVALID)
        return unclear or (self.pooled and self.outcome is Outcome.POSITIVE)
