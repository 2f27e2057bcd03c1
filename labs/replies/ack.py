"""HL7 v2 acknowledgements.

Rules: AA means that every item is stored, and none waits for people; AE that something was
kept back, with each reason as an ERR segment; AR that nothing of it could be taken. A sender
that asks for enhanced acknowledgement gets at most one answer, since storing and judging are
one step here: the commit code (CA, CE, CR) where MSH-15 wants it, else the application code
where MSH-16 does, else none. The answer uses the sender's delimiters, version and words; what
we say has no accents unless the sender reads UTF-8. A batch is answered by its own number.

Source: HL7 v2.5.1 chapter 2.9 (processing rules), 2.10.3 (batches), 2.15.1 (ACK), 2.15.5
(ERR), 2.15.8 (MSA); v2.3 chapter 2.24.3 (ERR); tables 0008, 0155, 0357, 0516.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from core.results.intake import IntakeReport
from core.results.reported import Finding
from core.results.versions import Change
from labs.readers.hl7v2 import Delimiters
from labs.replies import Explain

TAKEN, HELD_BACK, REFUSED = "AA", "AE", "AR"
_COMMIT = {TAKEN: "CA", HELD_BACK: "CE", REFUSED: "CR"}
_WANTED = {  # table 0155 → the codes that are answered at all; whatever else is sent wants all
    "": frozenset[str](),
    "AL": frozenset(_COMMIT),
    "NE": frozenset[str](),
    "ER": frozenset({HELD_BACK, REFUSED}),
    "SU": frozenset({TAKEN}),
}
_CONDITIONS = {  # table 0357; all else is 207, application internal error
    "100": ("no_patient", "no_report", "truncated_message"),
    "101": (
        "no_name", "no_accession", "no_value", "no_collection_time", "no_message_type",
        "no_birth_date", "no_phone",
    ),
    "102": (
        "unreadable_date", "birth_date_unreadable", "birth_date_implausible", "unreadable_item",
        "damaged_segment", "accession_unusable", "date_contradicts_order", "phone_unreadable",
        "national_id_not_12_digits", "collected_in_future", "reported_in_future",
    ),
    "103": ("unknown_test", "unknown_value", "unknown_status"),
    "200": ("not_a_result", "unrecognised_format", "unsupported_format"),
    "204": ("unknown_sender", "nothing_to_withdraw", "nothing_to_correct", "missing_reference"),
    "205": ("accession_reused", "two_reports_one_accession"),
}  # fmt: skip
_CONDITION_OF = {code: condition for condition, codes in _CONDITIONS.items() for code in codes}
_INTERNAL = "207"
_LINE = rb"(?:\A|(?<=[\r\n]))(?:\xef\xbb\xbf)?(%s[^A-Za-z0-9\s][^\r\n]*)"
_MESSAGE = re.compile(_LINE % rb"MSH")
_BATCHES = (re.compile(_LINE % rb"BHS"), re.compile(_LINE % rb"FHS"))
_UNFRAMED = bytes.maketrans(b"\x0b\x1c\x00", b"\r\r\r")  # echoed, they would end our own frame
_HEAD = 64 * 1024  # where headers are looked for
_UTF8 = re.compile(r"UNICODE|UTF-?8", re.IGNORECASE)
_AS_SENT = "surrogateescape"  # bytes of whatever character set go back as they came
_PLACE = re.compile(r"([A-Z][A-Z0-9]{2})(?:-(\d{1,3}))?")
_ERR_IS_TYPED_FROM = (2, 5)
_BATCH_NUMBER = 11
_MOST_ERRORS = 50
_MOST_ITEMS = 20
_FIELDS = 24


@dataclass(frozen=True, slots=True)
class _Header:
    """What an answer needs of a message's first line, as it was sent.

    Args:
        fields: ``fields[k]`` is MSH-k (``[0]`` is the name), padded with empty ones.
        reads_unicode: It declares UTF-8; else what we say is ASCII.
    """

    fields: list[str]
    split: Delimiters
    reads_unicode: bool

    @property
    def version(self) -> tuple[int, ...]:
        """(2, 5) of ``2.5.1^VNM``; a version that can't be read counts as the newest."""
        written = self.fields[12].partition(self.split.component)[0]
        found = re.match(r"(\d{1,2})\.(\d{1,2})(?!\d)", written, re.ASCII)
        return (int(found[1]), int(found[2])) if found else _ERR_IS_TYPED_FROM

    def join(self, *fields: str) -> str:
        """A segment."""
        return self.split.field.join(fields).rstrip(self.split.field)

    def say(self, text: str, longest: int) -> str:
        """``text`` on one line, in letters that the sender reads, escaped for its message."""
        text = " ".join(text.split())
        if not self.reads_unicode:
            text = _plain(text)
        split = self.split
        codes = {
            split.repetition: "R", split.subcomponent: "T", split.component: "S",
            split.field: "F", split.escape: "E",
        }  # fmt: skip
        marks = {ord(mark): f"{split.escape}{code}{split.escape}" for mark, code in codes.items()}
        return text[:longest].translate(marks)


@dataclass(frozen=True, slots=True)
class _Reason:
    """A finding with its severity (table 0516) and the items (from 1) that it is about."""

    severity: str
    finding: Finding
    items: tuple[int, ...] = ()

    @property
    def condition(self) -> str:
        """Table 0357."""
        return _CONDITION_OF.get(self.finding.code, _INTERNAL)

    @property
    def detail(self) -> str:
        """For the sender's engineer: what the finding tells, and which items it is about."""
        more = " …" if len(self.items) > _MOST_ITEMS else ""
        items = " ".join(f"#{item}" for item in self.items[:_MOST_ITEMS]) + more
        return f"{self.finding.detail} {items}".strip()


def reply_to(
    message: bytes, report: IntakeReport, explain: Explain, *, control_id: str, now: datetime
) -> bytes:
    """The acknowledgement of a message that was taken in; empty where none is wanted.

    Args:
        control_id: MSH-10 of the answer.
        now: Aware UTC.
    """
    held_back = any(item.change is Change.QUARANTINED for item in report.items)
    code = (HELD_BACK if held_back else TAKEN) if report.items else REFUSED
    return _answer(message, code, _reasons(report), explain, control_id, now)


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
    reasons = [_Reason(*found) for found in dict.fromkeys(findings)]
    return _answer(message, code, reasons, explain, control_id, now)


def _reasons(report: IntakeReport) -> list[_Reason]:
    """What is worth telling, errors first; the same about several items is said once."""
    found: dict[tuple[str, Finding], list[int]] = {}
    for number, told in _worth_telling(report):
        found.setdefault(told, []).append(number)
    several = len(report.items) > 1
    return [_Reason(*told, tuple(items) if several else ()) for told, items in found.items()]


def _worth_telling(report: IntakeReport) -> Iterator[tuple[int, tuple[str, Finding]]]:
    for item in report.items:
        yield from ((item.index + 1, ("E", error)) for error in item.errors)
    for item in report.items:
        severity = "I" if item.change is Change.IGNORED else "W"
        yield from ((item.index + 1, (severity, warning)) for warning in item.warnings)


def _answer(
    message: bytes,
    code: str,
    reasons: list[_Reason],
    explain: Explain,
    control_id: str,
    now: datetime,
) -> bytes:
    head = message[:_HEAD].translate(_UNFRAMED)
    heard = _header(_MESSAGE.search(head))
    said = _code(heard, code)
    if not said:
        return b""
    told = reasons[:_MOST_ERRORS]
    first = explain(told[0].finding)[0] if told and code != TAKEN else ""
    lines = [
        _first_line(heard, control_id, now),
        heard.join("MSA", said, _number(head) or heard.fields[10], heard.say(first, 80)),
        *_errors(heard, told, explain),
    ]
    return ("\r".join(lines) + "\r").encode(errors=_AS_SENT)


def _code(heard: _Header, code: str) -> str:
    """MSA-1, or empty where the sender wants no answer."""
    accept, application = heard.fields[15].strip(), heard.fields[16].strip()
    if not accept and not application:
        return code
    if code in _WANTED.get(accept, _WANTED["AL"]):
        return _COMMIT[code]
    return code if code in _WANTED.get(application, _WANTED["AL"]) else ""


def _header(line: re.Match[bytes] | None) -> _Header:
    """A header cut into fields; a plain one where there is none."""
    sent = line[1] if line else b"MSH|^~\\&"
    text = sent.decode(errors=_AS_SENT)
    name, *rest = text.split(text[3])
    fields = [name, text[3], *rest, *[""] * _FIELDS]
    standard = "^~\\&"
    fields[2] = fields[2] or standard
    split = Delimiters(text[3], *(fields[2] + standard[len(fields[2]) :])[:4])
    declared = fields[18].partition(split.repetition)[0].partition(split.component)[0]
    return _Header(fields, split, _UTF8.search(declared) is not None)


def _number(head: bytes) -> str:
    """The number of the batch, or of the file, that the message is."""
    for pattern in _BATCHES:
        if (line := pattern.search(head)) and (number := _header(line).fields[_BATCH_NUMBER]):
            return number
    return ""


def _first_line(heard: _Header, control_id: str, now: datetime) -> str:
    split, sent = heard.split, heard.fields
    kind = sent[9].split(split.component)
    trigger = kind[1] if len(kind) > 1 else ""
    return heard.join(
        "MSH", sent[2], sent[5], sent[6], sent[3], sent[4], f"{now:%Y%m%d%H%M%S}+0000", "",
        split.component.join(["ACK", trigger, "ACK"] if trigger else ["ACK"]),
        control_id, sent[11] or "P", sent[12] or "2.5.1", "", "", "", "", "",
        "UNICODE UTF-8" if heard.reads_unicode else sent[18].partition(split.repetition)[0],
    )  # fmt: skip


def _errors(heard: _Header, reasons: list[_Reason], explain: Explain) -> Iterator[str]:
    """An ERR segment for each reason; before 2.5 one, in which ERR-1 repeats."""
    if heard.version >= _ERR_IS_TYPED_FROM:
        yield from (_error(heard, reason, explain) for reason in reasons)
    elif reasons:
        told = (_old_error(heard, reason, explain) for reason in reasons)
        yield heard.join("ERR", heard.split.repetition.join(told))


def _error(heard: _Header, reason: _Reason, explain: Explain) -> str:
    component = heard.split.component
    finding = reason.finding
    place = component.join(filter(None, _place(finding)))
    coded = component.join([reason.condition, "", "HL70357", finding.code, "", "KETQUA"])
    diagnosis = heard.say(reason.detail, 120)
    sentence = heard.say(" ".join(explain(finding)), 250)
    return heard.join("ERR", "", place, coded, reason.severity, "", "", diagnosis, sentence)


def _old_error(heard: _Header, reason: _Reason, explain: Explain) -> str:
    """Segment, sequence, field, and the code with its text as sub-components."""
    message = heard.say(f"{explain(reason.finding)[0]} {reason.detail}", 60)
    coded = heard.split.subcomponent.join([reason.finding.code, message])
    return heard.split.component.join([*_place(reason.finding), coded])


def _place(finding: Finding) -> tuple[str, str, str]:
    """``PID-7`` as segment, sequence and field (ERL); blanks where it is no place."""
    found = _PLACE.fullmatch(finding.field)
    return (found[1], "1", found[2] or "") if found else ("", "", "")


def _plain(text: str) -> str:
    """``text`` in ASCII: letters without their accents, whatever else isn't ASCII as ``?``."""
    text = text.translate({ord("đ"): "d", ord("Đ"): "D", ord("–"): "-", ord("…"): "..."})
    letters = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(letters).encode("ascii", "replace").decode()
