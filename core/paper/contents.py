"""What stands on paper about a result, in both languages, before anybody draws it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.certificates.issue import as_text
from core.messages.language import Catalogues
from core.ports import ShelfItem
from core.results.result import Document, Outcome, Result, Value

LANGUAGES = ("vi", "en")
_SHOWN_OF_DOCUMENT = 4


@dataclass(frozen=True, slots=True)
class Both:
    """The same words in Vietnamese and in English."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is printed.

    Args:
        issuer: The authority's name.
        verify_url: Address of the page that checks QR codes, as people type it.
    """

    words: Catalogues
    issuer: str
    verify_url: str
    zone: ZoneInfo

    def say(self, key: str, **data: object) -> Both:
        """``key`` in both languages."""
        return Both(*(self.words.say(language, key, **data) for language in LANGUAGES))

    def when(self, moment: datetime) -> str:
        """Date and time in the place's zone with the zone's name."""
        local = moment.astimezone(self.zone)
        key = f"pages.zone.{self.zone.key}"
        known = self.words.has(LANGUAGES[0], key)
        zone = self.words.say(LANGUAGES[0], key) if known else f"UTC{local:%z}"
        return f"{local:%H:%M %d/%m/%Y} ({zone})"


@dataclass(frozen=True, slots=True)
class PaperResult:
    """One result as paper shows it.

    Args:
        birth_date: Day first; maybe only a year.
        document: Its kind is clear to its holder; only its end is shown.
        outcome: ``negative``, ``positive``, ``retake`` or ``reported``.
        short_code: In two groups, as it is read aloud.
        qr: Text of the code; empty where there is none.
    """

    name: str
    birth_date: str
    document: str
    test: Both
    outcome: str
    collected_at: datetime
    reported_at: datetime
    facility: str
    contact: str
    accession: str
    short_code: str
    uvci: str
    qr: str
    values: tuple[Value, ...]


def paper_result(item: ShelfItem) -> PaperResult:
    """Lay out what paper shows of ``item``; a new sample is asked for without a QR code."""
    result, person = item.result, item.result.person
    retake = _outcome(result) == "retake"
    certificate = None if retake else item.certificate
    return PaperResult(
        name=person.full_name,
        birth_date="/".join(reversed(person.birth_date.split("-"))),
        document=_masked(person.documents),
        test=Both(*(result.test.name(language) for language in LANGUAGES)),
        outcome=_outcome(result),
        collected_at=result.collected_at,
        reported_at=result.reported_at,
        facility=item.facility_name,
        contact=item.facility_contact,
        accession=result.accession,
        short_code=f"{item.short_code[:4]} {item.short_code[4:]}",
        uvci=(item.uvci or "") if certificate else "",
        qr=as_text(certificate) if certificate else "",
        values=() if retake else result.values,
    )


def _outcome(result: Result) -> str:
    unclear = result.outcome in (Outcome.INDETERMINATE, Outcome.INVALID)
    return "retake" if unclear or result.needs_new_sample else result.outcome.value


def _masked(documents: tuple[Document, ...]) -> str:
    """The end of the foremost document's number, enough to compare with the card."""
    return f"••••{documents[0].number[-_SHOWN_OF_DOCUMENT:]}" if documents else ""
