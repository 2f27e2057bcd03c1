"""HL7 v2 ORU^R01 to results: one for each OBR with the lines that follow it.

Rules: every OBR belongs to the PID above it (a message may hold several people); the
filler's number identifies a report, else the placer's; OBX after an SPM describe the
specimen when lines came before it; questions asked at order entry are no lines. A time
that can't be read stops the item: no other time is put in its place. Statuses: see
``statuses``. Nothing of a message with a damaged segment is read: it may have been the PID
that the next OBR belongs to. Other messages are one ``NotAResult`` each.

Source: HL7 v2.5.1 chapter 7 (OBR, OBX, SPM, ORU_R01), chapter 3 (PID), chapter 9 (CON).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.results.reported import (
    Coding,
    Finding,
    Member,
    NotAResult,
    ReportedPatient,
    ReportedResult,
    ReportStatus,
    Unreadable,
)
from labs.readers.hl7v2 import Delimiters, Message, unescape
from labs.readers.pid import patient_of
from labs.readers.statuses import GONE, OBR_25, OBX_11, LineStatus, overall
from labs.readers.text import seen
from labs.readers.times import hl7_time
from labs.readers.vocabulary import QUESTIONNAIRE, QUESTIONS, says_pooled, shape, system_name

Content = ReportedResult | Unreadable | NotAResult

_CODED = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID"})
_ATTACHED = frozenset({"ED", "RP"})
_TEXTS = frozenset({"TX", "FT"})
_NO_SEGMENT = [""] * 64
_POOL_ROLE = "L"


@dataclass(slots=True)
class Subject:
    """The person that the OBRs below a PID are about, and the consents that came with it."""

    pid: list[str]
    consented: bool = False
    patient: ReportedPatient | None = None


@dataclass(slots=True)
class Group:
    """An OBR and the segments that belong to it."""

    obr: list[str]
    orc: list[str]
    subject: Subject | None
    lines: list[list[str]] = field(default_factory=list)
    specimen: list[str] = field(default_factory=lambda: _NO_SEGMENT)

    def add_line(self, obx: list[str]) -> None:
        """Take an OBX, unless it describes the specimen."""
        if self.specimen is _NO_SEGMENT or not self.lines:
            self.lines.append(obx)


class UnreadableFieldError(ValueError):
    """A field that stops its item, with the finding that says so."""

    def __init__(self, finding: Finding) -> None:
        """Keep ``finding``."""
        super().__init__(finding.code)
        self.finding = finding


def read_message(message: Message, zone: ZoneInfo) -> Iterator[Content]:
    """Yield what ``message`` holds, in its order; never raises.

    Args:
        zone: The facility's zone, for times without an offset.
    """
    if not _is_result_message(message):
        yield _other_message(message)
        return
    groups = _groups(message)
    if message.damaged:
        yield from [Unreadable((message.damaged,))] * max(1, len(groups))
        return
    if not groups:
        yield Unreadable((_truncated(message) or Finding("no_report", "OBR"),))
    for group in groups:
        stop = _truncated(message) if group is groups[-1] else None
        yield Unreadable((stop,)) if stop else _guarded(message, group, zone)


def _is_result_message(message: Message) -> bool:
    kind = message.header[9].split(message.delimiters.component)
    return kind[0] == "ORU" and kind[1:2] in ([], [""], ["R01"])


def _other_message(message: Message) -> NotAResult | Unreadable:
    kind = message.header[9].split(message.delimiters.component)
    written = "^".join(part for part in kind[:2] if part)
    if written:
        return NotAResult(Finding("not_a_result", "MSH-9", written[:16]))
    return Unreadable((_truncated(message) or Finding("no_message_type", "MSH-9"),))


def _truncated(message: Message) -> Finding | None:
    if message.whole:
        return None
    last = message.segments[-1][0]
    return Finding("truncated_message", last[:3], f"segment {len(message.segments)}")


def _groups(message: Message) -> list[Group]:
    groups: list[Group] = []
    subject: Subject | None = None
    orc = _NO_SEGMENT
    for segment in message.segments:
        name = segment[0]
        if name == "OBX" and groups:
            groups[-1].add_line(segment)
        elif name == "OBR":
            groups.append(Group(segment, orc, subject))
            orc = _NO_SEGMENT
        elif name == "SPM" and groups:
            groups[-1].specimen = segment
        elif name == "ORC":
            orc = segment
        elif name == "PID":
            subject = Subject(segment)
        elif name == "CON" and subject is not None:
            subject.consented = subject.consented or message.text(segment[11]) == "A"
    return groups


def _guarded(message: Message, group: Group, zone: ZoneInfo) -> Content:
    """Read one group; whatever goes wrong stops this item only."""
    try:
        return _Reading(message, group, zone).result()
    except UnreadableFieldError as error:
        return Unreadable((error.finding,))
    except Exception as error:  # noqa: BLE001 - a stranger's bytes must not stop the file
        return Unreadable((Finding("unreadable_item", "OBR", type(error).__name__),))


class _Reading:
    """One group being read: the message's delimiters and the zone at hand."""

    __slots__ = ("component", "group", "message", "zone")

    def __init__(self, message: Message, group: Group, zone: ZoneInfo) -> None:
        self.message = message
        self.group = group
        self.zone = zone
        self.component = message.delimiters.component

    def result(self) -> ReportedResult | NotAResult:
        obr = self.group.obr
        codes = self.codes(obr[4])
        if any(coding.code == QUESTIONNAIRE for coding in codes):
            return NotAResult(Finding("not_a_result", "OBR-4", QUESTIONNAIRE))
        lines = [line for line in self.group.lines if not self.is_question(line)]
        subject = self.group.subject
        return ReportedResult(
            self.accession(),
            self.status(lines),
            codes,
            tuple([self.member(line) for line in lines if _carries_value(line)]),
            self.patient(subject) if subject else None,
            self.collected_at(lines),
            self.reported_at(lines),
            self.pooled(codes),
            subject.consented if subject else False,
            self.device(lines),
            self.message.findings,
        )

    def accession(self) -> str:
        obr, orc = self.group.obr, self.group.orc
        for written in (obr[3], obr[2], orc[3], orc[2]):
            if written:
                number = self.message.text(written.partition(self.component)[0])
                if number:
                    return number
        return ""

    def codes(self, written: str) -> tuple[Coding, ...]:
        return codings(written, self.message.delimiters)

    def is_question(self, line: list[str]) -> bool:
        if line[29] == "QST":
            return True
        return line[3].partition(self.component)[0] in QUESTIONS

    def status(self, lines: list[list[str]]) -> ReportStatus:
        written = self.group.obr[25].strip()
        own = OBR_25.get(written, ReportStatus.PRELIMINARY) if written else None
        return overall(own, [s for s in map(_line_status, lines) if s is not None])

    def patient(self, subject: Subject) -> ReportedPatient:
        if subject.patient is None:
            try:
                subject.patient = patient_of(self.message, subject.pid)
            except ValueError as error:
                raise _bad_time("PID-7", subject.pid[7]) from error
        return subject.patient

    def member(self, line: list[str]) -> Member:
        value, value_codes = self.value(line)
        text = self.message.text
        return Member(
            self.codes(line[3]),
            value,
            value_codes,
            seen(self.first_text(line[6])) if line[6] else "",
            seen(text(line[7])) if line[7] else "",
            text(line[8].partition(self.component)[0]) if line[8] else "",
        )

    def value(self, line: list[str]) -> tuple[str, tuple[Coding, ...]]:
        kind, written = line[2], line[5]
        if kind in _CODED or (not kind and written.count(self.component) > 1):
            return self.coded(written)
        if kind in _ATTACHED:
            return "", ()
        if kind == "SN":
            written = written.replace(self.component, "")
        if kind in _TEXTS:
            written = written.replace(self.message.delimiters.repetition, "\n")
        return seen(self.message.text(written)), ()

    def coded(self, written: str) -> tuple[str, tuple[Coding, ...]]:
        """The codes; the text only when there is none, or a lone word (``POS``) as both."""
        codes = tuple(code for code in self.codes(written) if code.code)
        if codes:
            return "", codes
        return seen(self.first_text(written)), ()

    def first_text(self, written: str) -> str:
        """The first component that says something."""
        parts = written.split(self.component)
        return next((text for part in parts if (text := self.message.text(part))), "")

    def collected_at(self, lines: list[list[str]]) -> datetime | None:
        """SPM-17 (a range: its beginning), else OBR-7, else the first line's OBX-14."""
        spm, obr = self.group.specimen, self.group.obr
        first = next((line[14] for line in lines if line[14]), "")
        return self.first_time((spm[17], "SPM-17"), (obr[7], "OBR-7"), (first, "OBX-14"))

    def reported_at(self, lines: list[list[str]]) -> datetime | None:
        first = next((line[19] for line in lines if line[19]), "")
        sent = self.message.header[7]
        return self.first_time((self.group.obr[22], "OBR-22"), (first, "OBX-19"), (sent, "MSH-7"))

    def first_time(self, *candidates: tuple[str, str]) -> datetime | None:
        for written, where in candidates:
            text = self.message.text(written.partition(self.component)[0]) if written else ""
            if text:
                return self.time(text, where)
        return None

    def time(self, text: str, where: str) -> datetime:
        try:
            return hl7_time(text, self.zone)
        except ValueError as error:
            raise _bad_time(where, text) from error

    def pooled(self, codes: tuple[Coding, ...]) -> bool:
        spm = self.group.specimen
        if spm[11] and spm[11].partition(self.component)[0] == _POOL_ROLE:
            return True
        return _named_a_pool(spm[4], self.group.obr[15], codes)

    def device(self, lines: list[list[str]]) -> str:
        """Test kit (OBX-17: its text, else its code), else instrument (OBX-18)."""
        for line in lines:
            if line[17] or line[18]:
                code, _, rest = line[17].partition(self.component)
                text = self.message.text(rest.partition(self.component)[0] or code)
                return text or self.first_text(line[18])
        return ""


def _line_status(line: list[str]) -> LineStatus | None:
    written = line[11].strip()
    status = OBX_11.get(written, LineStatus.PENDING) if written else None
    return None if status is LineStatus.NOT_A_LINE else status


def _carries_value(line: list[str]) -> bool:
    status = OBX_11.get(line[11].strip())
    return status is not LineStatus.NOT_A_LINE and status not in GONE


@lru_cache(maxsize=1024)
def _named_a_pool(specimen: str, source: str, codes: tuple[Coding, ...]) -> bool:
    return any(says_pooled(name) for name in (specimen, source, *(c.display for c in codes)))


def _bad_time(where: str, text: str) -> UnreadableFieldError:
    return UnreadableFieldError(Finding("unreadable_date", where, shape(text)))


@lru_cache(maxsize=8192)
def codings(written: str, delimiters: Delimiters) -> tuple[Coding, ...]:
    """The codes of a CE or CWE field: components 1-3, 4-6 and 10-12, the sender's order.

    Cached: a laboratory has a few hundred codes and repeats them in every message.
    """
    parts = written.partition(delimiters.repetition)[0].split(delimiters.component)
    if delimiters.escape in written:
        parts = [unescape(part, delimiters) for part in parts]
    found = []
    for at in (0, 3, 9):
        code, display, system = (*parts[at : at + 3], "", "", "")[:3]
        if code.strip() not in ("", '""'):
            found.append(Coding(system_name(system), code.strip(), seen(display)))
    return tuple(found)
