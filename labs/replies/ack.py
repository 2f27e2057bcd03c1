"""HL7 v2 acknowledgements.

Rules: AA means that every item is stored, and none waits for people; AE that something was
kept back, with each reason as an ERR segment; AR that nothing of it could be taken. A sender
that asks for enhanced acknowledgement (MSH-15 or 16) gets the commit codes CA, CE, CR, and no
answer where it wants none. The answer uses the sender's delimiters and version.

Source: HL7 v2.5.1 chapter 2.9 (processing rules), 2.15.1 (ACK), 2.15.5 (ERR), 2.15.8 (MSA);
tables 0008, 0155, 0357, 0516.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from core.results.intake import IntakeReport
from core.results.reported import Finding
from core.results.versions import Change
from labs.readers.hl7v2 import Delimiters, Message, parse
from labs.replies import Explain

TAKEN, HELD_BACK, REFUSED = "AA", "AE", "AR"
_COMMIT = {TAKEN: "CA", HELD_BACK: "CE", REFUSED: "CR"}
_WANTED = {  # MSH-15 → the codes that are answered at all
    "AL": frozenset(_COMMIT),
    "NE": frozenset[str](),
    "ER": frozenset({HELD_BACK, REFUSED}),
    "SU": frozenset({TAKEN}),
}
_CONDITIONS = {  # table 0357; all else is 207, application internal error
    "no_patient": "100",
    "no_report": "100",
    "truncated_message": "100",
    "no_name": "101",
    "no_accession": "101",
    "no_value": "101",
    "no_collection_time": "101",
    "no_message_type": "101",
    "unreadable_date": "102",
    "birth_date_unreadable": "102",
    "unreadable_item": "102",
    "damaged_segment": "102",
    "unknown_test": "103",
    "unknown_value": "103",
    "not_a_result": "200",
    "unrecognised_format": "200",
    "unsupported_format": "200",
    "unknown_sender": "204",
    "accession_reused": "205",
    "two_reports_one_accession": "205",
}
_INTERNAL = "207"
_FIRST_HEADER = re.compile(rb"MSH[^\r\n]*")
_PLACE = re.compile(r"([A-Z][A-Z0-9]{2})(?:-(\d{1,3}))?")
_ERR_IS_TYPED_FROM = (2, 5)
_MOST_ERRORS = 50
_HEADERS = 24


def reply_to(
    message: bytes, report: IntakeReport, explain: Explain, *, control_id: str, now: datetime
) -> bytes:
    """The acknowledgement of a message that was taken in; empty where none is wanted.

    Args:
        control_id: MSH-10 of the answer.
        now: Aware UTC.
    """
    held_back = any(item.change is Change.QUARANTINED for item in report.items)
    return acknowledge(
        message,
        HELD_BACK if held_back else TAKEN,
        list(_worth_telling(report)),
        explain,
        control_id=control_id,
        now=now,
    )


def _worth_telling(report: IntakeReport) -> Iterator[tuple[str, Finding]]:
    """Severity (table 0516) and finding, errors first."""
    for item in report.items:
        yield from (("E", error) for error in item.errors)
    for item in report.items:
        severity = "I" if item.change is Change.IGNORED else "W"
        yield from ((severity, warning) for warning in item.warnings)


def acknowledge(
    message: bytes,
    code: str,
    findings: Iterable[tuple[str, Finding]],
    explain: Explain,
    *,
    control_id: str,
    now: datetime,
) -> bytes:
    """An acknowledgement with ``code`` and its reasons; empty where none is wanted.

    Args:
        findings: Each with its severity: ``E``, ``W`` or ``I``.
    """
    heard = _heard(message)
    enhanced = bool(heard.header[15] or heard.header[16])
    if enhanced and code not in _WANTED.get(heard.header[15].strip() or "NE", _WANTED["AL"]):
        return b""
    told = list(dict.fromkeys(findings))[:_MOST_ERRORS]
    said = _COMMIT[code] if enhanced else code
    first = explain(told[0][1])[0] if told and code != TAKEN else ""
    lines = [
        _header(heard, control_id, now),
        _join(heard.delimiters, "MSA", said, heard.header[10], _safe(first, heard.delimiters, 80)),
        *(_error(heard, severity, finding, explain) for severity, finding in told),
    ]
    return ("\r".join(lines) + "\r").encode()


def _heard(message: bytes) -> Message:
    """The first message's header; a plain one where there is none that can be read."""
    line = _FIRST_HEADER.search(message)
    try:
        return parse(line[0] if line else b"")
    except ValueError:
        return Message([["MSH", "|", *[""] * _HEADERS]], Delimiters(), escaped=False, whole=True)


def _header(heard: Message, control_id: str, now: datetime) -> str:
    split, header = heard.delimiters, heard.header
    kind = header[9].split(split.component)
    trigger = kind[1] if len(kind) > 1 else ""
    encoding = header[2] or split.component + split.repetition + split.escape + split.subcomponent
    fields = [
        header[5], header[6], header[3], header[4], f"{now:%Y%m%d%H%M%S}+0000", "",
        split.component.join(["ACK", trigger, "ACK"] if trigger else ["ACK"]),
        control_id, header[11] or "P", header[12] or "2.5.1", "", "", "", "", "", "UNICODE UTF-8",
    ]  # fmt: skip
    return "MSH" + split.field + encoding + split.field + split.field.join(fields)


def _error(heard: Message, severity: str, finding: Finding, explain: Explain) -> str:
    split = heard.delimiters
    message, hint = explain(finding)
    condition = _CONDITIONS.get(finding.code, _INTERNAL)
    place = _location(finding.field, split)
    coded = split.component.join([condition, "", "HL70357", finding.code, "", "KETQUA"])
    if _version(heard) < _ERR_IS_TYPED_FROM:
        location = split.component.join([place or split.component * 2, ""])
        inner = split.subcomponent.join([finding.code, _safe(message, split, 200)])
        return _join(split, "ERR", location + inner)
    advice = _safe(finding.detail, split, 100)
    sentence = _safe(f"{message} {hint}", split, 250)
    return _join(split, "ERR", "", place, coded, severity, "", "", advice, sentence)


def _location(field: str, split: Delimiters) -> str:
    """``PID-7`` as segment, sequence and field (ERL)."""
    found = _PLACE.fullmatch(field)
    if found is None:
        return ""
    segment, number = found.groups()
    return split.component.join([segment, "1", number] if number else [segment, "1"])


def _version(heard: Message) -> tuple[int, ...]:
    """(2, 5) of ``2.5.1^VNM``; a version that can't be read counts as the newest."""
    written = heard.header[12].partition(heard.delimiters.component)[0]
    numbers = [int(part) for part in written.split(".") if part.isdigit() and len(part) < _HEADERS]
    return tuple(numbers[:2]) if len(numbers) > 1 else _ERR_IS_TYPED_FROM


def _safe(text: str, split: Delimiters, longest: int) -> str:
    """``text`` on one line, escaped for this message."""
    text = " ".join(text.split())[:longest]
    escape = split.escape
    codes = ((escape, "E"), (split.field, "F"), (split.component, "S"), (split.subcomponent, "T"),
             (split.repetition, "R"))  # fmt: skip
    return "".join(
        next((f"{escape}{code}{escape}" for mark, code in codes if mark == letter), letter)
        for letter in text
    )


def _join(split: Delimiters, *fields: str) -> str:
    return split.field.join(fields).rstrip(split.field)
