"""The PID segment: who a report is about, as sent.

Names stay in spoken order (family, then middle before given: Vietnamese order); a name
that is wholly in the first component stays there. Hospital numbers are no documents.

Source: HL7 v2.5.1 chapter 3.4.2 (PID), 2A.88 (XPN), 2A.89 (XTN), 2A.14 (CX).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.results.reported import ReportedDocument, ReportedPatient
from labs.readers.hl7v2 import Message
from labs.readers.text import on_one_line
from labs.readers.times import hl7_birth_date
from labs.readers.vocabulary import card_type, document

_SEXES = {"M": "male", "F": "female", "O": "other", "A": "other"}
_MOBILE = frozenset({"CP", "CELL", "MOBILE"})
_NOT_PHONES = frozenset({"FX", "NET", "INTERNET", "X.400", "BP", "TDD", "TTY"})
_NATIONAL_DIGITS = 12
_DIGIT = re.compile(r"\d")
_NONE = ("",) * 12


def patient_of(message: Message, pid: list[str]) -> ReportedPatient:
    """Read a PID segment.

    Raises:
        ValueError: the birth date is no date.
    """
    family, given = _name(message, pid[5])
    born = message.text(pid[7].partition(message.delimiters.component)[0])
    sex = pid[8][:1].upper()
    return ReportedPatient(
        family,
        given,
        hl7_birth_date(born) if born else "",
        _SEXES.get(sex, "unknown"),
        _phones(message, pid[13], pid[14]),
        _documents(message, pid),
    )


def _name(message: Message, written: str) -> tuple[str, str]:
    """The legal name (type ``L``) if there are several, else the first."""
    split = message.delimiters
    names = [name.split(split.component) for name in written.split(split.repetition)]
    parts = next((name for name in names if name[6:7] == ["L"]), names[0])
    family, given, middle = (*parts, "", "", "")[:3]
    spoken = on_one_line(f"{message.text(middle)} {message.text(given)}")
    return on_one_line(message.text(family.partition(split.subcomponent)[0])), spoken


def _phones(message: Message, *fields: str) -> tuple[str, ...]:
    found: list[tuple[bool, str]] = []
    for written in fields:
        if written:
            for repetition in written.split(message.delimiters.repetition):
                parts = repetition.split(message.delimiters.component)
                kind = {part.strip().upper() for part in parts[1:3]}
                number = _number(message, parts) if kind.isdisjoint(_NOT_PHONES) else ""
                if number:
                    found.append((kind.isdisjoint(_MOBILE), number))
    if len(found) > 1:
        found.sort(key=lambda phone: phone[0])
    return tuple(dict.fromkeys(number for _, number in found))


def _number(message: Message, parts: list[str]) -> str:
    """XTN.1 (text), else .12 (unformatted), else country, area and local number joined."""
    first = message.text(parts[0])
    if _DIGIT.search(first):
        return first
    padded = (*parts, *_NONE)
    unformatted = message.text(padded[11])
    if _DIGIT.search(unformatted):
        return unformatted
    country, area, local = map(message.text, padded[4:7])
    if not _DIGIT.search(local):
        return ""
    return f"{'+' if country.isdigit() else ''}{country}{area}{local}"


def _documents(message: Message, pid: list[str]) -> tuple[ReportedDocument, ...]:
    """PID-3, PID-2 and PID-4 by their type, PID-19 (one number, no type) by its length."""
    found = list(_identifiers(message, pid[3]))
    for written in (pid[2], pid[4], pid[19]):
        if written:
            found.extend(_identifiers(message, written))
    plain = message.text(pid[19]) if pid[19] else ""
    if len(plain.replace(" ", "")) == _NATIONAL_DIGITS and (kind := card_type(plain)):
        found.append(ReportedDocument(kind, plain))
    return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)


def _identifiers(message: Message, written: str) -> Iterator[ReportedDocument]:
    split = message.delimiters
    for repetition in written.split(split.repetition):
        number, _, _, owner, code = (*repetition.split(split.component), *_NONE)[:5]
        if owner or code:
            name, _, rest = owner.partition(split.subcomponent)
            number = message.text(number)
            found = document(code, name, number)
            if found is None and rest:
                found = document(code, rest.partition(split.subcomponent)[0], number)
            if found:
                yield found
