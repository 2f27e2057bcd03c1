"""Cut HL7 v2 bytes into messages, segments and fields.

Rules: whatever ends a line ends a segment (CR, LF, CRLF, mixed); a line that is no segment
belongs to the field that was open (``line_break_in_field``), unless it may be a segment that
was damaged on its way (``damaged_segment``); delimiters come from the
message; UTF-8 is tried before what MSH-18 declares, because senders declare what their
engine was installed with. Nothing here knows what a result is: see ``oru``.

Source: HL7 v2.5.1 chapter 2 (2.5 segments, 2.7 escapes, 2.10 batches).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from core.quick import quick_init
from core.results.reported import Finding

# Fields are addressed up to OBX-29; padding saves a length check at every access.
_PADDING = ("",) * 42
_MESSAGE_START = re.compile(rb"(?:(?<=[\r\n\x0b\x1c])|\A)MSH[^A-Za-z0-9\s]|MSH\|\^~\\&")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
_NAME_BEGUN = re.compile(r"[A-Z][A-Z0-9]?")
# A PID that isn't taken for one leaves the next OBR with the person above, so every doubt
# counts: a name behind junk or in small letters, a leading segment without its separator, ...
_DAMAGED = r"[\W_]*(?:[^\W_]{3}{separator}|(?i:MSH|PID|OBR|OBX|SPM)(?:[\W_]|\Z))"
# ... more fields after a segment that had all of its own (other segments: any) ...
_TEXT_UNTIL = {"PID": 39, "OBR": 50, "OBX": 11, "NTE": 3, "MSH": 30}
# ... a name one letter, or two swapped letters, away from one that decides ...
_DECISIVE = ("PID", "OBR", "OBX", "SPM")
_LIKE_THEM = frozenset({*_DECISIVE, "SPR"})
# ... and one in the middle of a line whose end before it was lost.
_GLUEABLE = ("PID", "OBR", "SPM")
_GLUED = r"(?:[^\s^~&\\]{decisive}\d*|[^\r]{decisive}\d+){separator}".replace(
    "{decisive}", f"(?:{'|'.join(_GLUEABLE)}){{separator}}"
)
_BATCH = ("FHS", "BHS", "BTS", "FTS")
_BATCH_HEADER = re.compile(rb"\s*(?:[FB][HT]S[^\r\n]*[\r\n]*\s*)*\Z")
_LINE_ENDS = (b"\r", b"\n")
_BOM = b"\xef\xbb\xbf"
_CHARSETS = {
    "ASCII": "ascii",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "WINDOWS-1258": "cp1258",
    "CP1258": "cp1258",
    "WINDOWS-1252": "cp1252",
    **{f"8859/{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
}
_GUESSES = ("cp1258", "latin-1")


class Delimiters(NamedTuple):
    """The five characters that a message chose (MSH-1 and MSH-2).

    A tuple, because it is part of a cache's key for every coded field: it hashes three times
    as fast as a dataclass.
    """

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


@quick_init
@dataclass(frozen=True, slots=True)
class Message:
    """One message, cut into fields; nothing is unescaped yet.

    Args:
        segments: ``segments[n][k]`` is field k of segment n (``[0]`` is its name), with
            MSH counted as the standard does (MSH-1 is the field separator).
        escaped: Whether the escape character occurs after MSH at all.
        whole: False when the bytes end inside the last segment.
        damaged: Says which line may be a segment that lost its name; then no group is safe.
    """

    segments: list[list[str]]
    delimiters: Delimiters
    escaped: bool
    whole: bool
    findings: tuple[Finding, ...] = ()
    damaged: Finding | None = None

    @property
    def header(self) -> list[str]:
        """The MSH segment."""
        return self.segments[0]

    def text(self, raw: str) -> str:
        """``raw`` unescaped and stripped; the explicit null ``""`` is empty."""
        if self.escaped and self.delimiters.escape in raw:
            raw = unescape(raw, self.delimiters)
        raw = raw.strip()
        return "" if raw == '""' else raw


def looks_like_hl7(data: bytes) -> bool:
    """Whether a message header starts a line somewhere in ``data``."""
    return _MESSAGE_START.search(data) is not None


def sender(data: bytes) -> tuple[str, str]:
    """Application and facility (MSH-3, MSH-4: first components) of the first message, or blanks."""
    start = _MESSAGE_START.search(data)
    line = re.split(rb"[\r\n]", data[start.start() :], maxsplit=1)[0] if start else b""
    if len(line) < len("MSH|^~\\&"):
        return "", ""
    message = parse(line)
    split = message.delimiters.component
    first, second = (message.header[n].partition(split)[0] for n in (3, 4))
    return message.text(first), message.text(second)


def split_stream(data: bytes) -> Iterator[bytes]:
    """Yield each message's bytes; what precedes the first and isn't a batch header, too."""
    data = data.removeprefix(_BOM)
    starts = list(_message_starts(data))
    head = data[: starts[0]] if starts else data
    if not _BATCH_HEADER.match(head.strip(b"\x0b\x1c\r\n \t")):
        yield head
    for start, end in pairwise([*starts, len(data)]):
        yield data[start:end]


def _message_starts(data: bytes) -> Iterator[int]:
    """Where messages begin: a search for three letters is ten times faster than the pattern."""
    at = data.find(b"MSH")
    while at >= 0:
        if _MESSAGE_START.match(data, at):
            yield at
        at = data.find(b"MSH", at + 3)


def body_of(raw: bytes) -> bytes:
    """A message's bytes without the frame of its transport."""
    return raw.strip(b"\x0b\x1c ").rstrip(b"\x1c\x0b")


def parse(raw: bytes) -> Message:
    """Cut one message.

    Raises:
        ValueError: ``raw`` doesn't start with a message header.
    """
    if not raw.startswith(b"MSH") or len(raw) < len("MSH|^~\\&"):
        raise ValueError("no message header")
    body = body_of(raw)
    text, guessed = _decoded(body)
    separator = text[3]
    lines, broken, damaged = _lines(text, separator)
    segments = [line.split(separator) for line in lines]
    delimiters = _delimiters(separator, segments[0][1])
    segments[0].insert(1, separator)
    for segment in segments:
        segment.extend(_PADDING)
    escaped = delimiters.escape in text[len(lines[0]) :]
    ended = body.endswith(_LINE_ENDS) or raw.rstrip(b"\r\n").endswith(b"\x1c")
    whole = ended or not _cut_off(lines[-1], segments[-1])
    findings = _mismatch(text, segments[0][18]) if guessed is None else guessed
    return Message(segments, delimiters, escaped, whole, findings + broken, damaged)


def _decoded(body: bytes) -> tuple[str, tuple[Finding, ...] | None]:
    """The text, and what is to be said about another character set; None for UTF-8."""
    try:
        return body.decode(), None
    except UnicodeDecodeError:
        return _decoded_otherwise(body)


def _mismatch(text: str, declared: str) -> tuple[Finding, ...]:
    """A warning when UTF-8 was read although something else was declared."""
    if text.isascii() or _charset(declared) in ("", "utf-8"):
        return ()
    return (Finding("charset_guessed", "MSH-18", "utf-8"),)


def _decoded_otherwise(body: bytes) -> tuple[str, tuple[Finding, ...]]:
    """The declared character set, else a guess; composed, since cp1258 has loose accents."""
    declared = _declared_charset(body)
    for charset in (declared, *_GUESSES):
        try:
            text = unicodedata.normalize("NFC", body.decode(charset or "ascii"))
        except UnicodeDecodeError:
            continue
        finding = Finding("charset_guessed", "MSH-18", charset)
        return text, () if charset == declared else (finding,)
    raise ValueError("latin-1 reads everything")


def _declared_charset(body: bytes) -> str:
    first_line = re.split(rb"[\r\n]", body, maxsplit=1)[0].decode("latin-1")
    fields = [*first_line.split(first_line[3:4]), *_PADDING]
    return _charset(fields[17])


@lru_cache(maxsize=64)
def _charset(written: str) -> str:
    """The codec of an MSH-18; the first of several, its first component."""
    return _CHARSETS.get(re.split(r"[~^]", written)[0].strip().upper(), "")


def _lines(text: str, separator: str) -> tuple[list[str], tuple[Finding, ...], Finding | None]:
    """Segments as text, batch trailers left out, stray lines joined to what they continue.

    Returns:
        The segments, which of them were joined, and the first line that may be a segment
        that was damaged (its number counts lines that aren't empty, from 1).
    """
    if "\n" in text:
        text = text.replace("\r\n", "\r").replace("\n", "\r")
    lines: list[str] = []
    strays: dict[int, list[str]] = {}
    damaged: list[int] = []
    glueable = 0
    for number, line in enumerate(text.split("\r")):
        name = line[:3]
        if line[3:4] == separator and name.isalnum() and name.isupper():
            if name not in _BATCH:
                lines.append(line)
                glueable += name in _GLUEABLE
            if name not in _LIKE_THEM and _is_misspelt(name):
                damaged.append(number)
        elif _SEGMENT.fullmatch(line):
            lines.append(line)  # an empty segment, or one that was cut after its name
        elif line.strip():
            joined = strays.setdefault(len(lines) - 1, [])
            if _is_damaged(line, lines[-1], joined, separator):
                damaged.append(number)
            joined.append(line)
    damaged += _glued(text, glueable, separator)
    broken = _joined(lines, strays) if strays else ()
    return lines, broken, _damage(text, min(damaged)) if damaged else None


def _damage(text: str, number: int) -> Finding:
    counted = [line for line in text.split("\r")[: number + 1] if line.strip()]
    return Finding("damaged_segment", "", str(len(counted)))


def _is_damaged(line: str, segment: str, joined: list[str], separator: str) -> bool:
    """Whether a line that is no segment may have been one.

    Args:
        segment: The segment above it.
        joined: The lines that continue that segment already.
    """
    own = segment.count(separator)
    if own == 0 or _begins_damaged(line, separator):
        return True
    # The last of the lines above is enough: one with separators may have ended the text.
    given = own + sum(part.count(separator) for part in joined[-1:])
    return separator in line and given >= _TEXT_UNTIL.get(segment[:3], 0)


@lru_cache(maxsize=1024)
def _is_misspelt(name: str) -> bool:
    """Whether a name is one letter, or one swap, away from a segment that decides."""
    return name not in _LIKE_THEM and any(_one_edit(name, right) for right in _DECISIVE)


def _one_edit(name: str, right: str) -> bool:
    if len(name) == len(right):
        swapped = (right[1] + right[0] + right[2], right[0] + right[2] + right[1])
        return name in swapped or sum(a != b for a, b in zip(name, right, strict=True)) == 1
    short, long = sorted((name, right), key=len)
    return short in {long[:at] + long[at + 1 :] for at in range(len(long))}


def _begins_damaged(line: str, separator: str) -> bool:
    """Whether a line that is no segment begins like one."""
    if _pattern(_DAMAGED, separator).match(line):
        return True
    token, found, _ = line[:16].partition(separator)
    return bool(found) and _is_misspelt(re.sub(r"[\W_]", "", token).upper())


def _glued(text: str, at_a_start: int, separator: str) -> list[int]:
    """The line (from 0) that holds the start of another one, if there is one.

    Args:
        at_a_start: How many lines begin with a name of ``_GLUEABLE``.
    """
    anywhere = sum([text.count(name + separator) for name in _GLUEABLE])
    if anywhere == at_a_start:  # every line start counts in both; far faster than to search
        return []
    found = _pattern(_GLUED, separator).search(text)
    return [text.count("\r", 0, found.end())] if found else []


@lru_cache(maxsize=64)
def _pattern(form: str, separator: str) -> re.Pattern[str]:
    return re.compile(form.replace("{separator}", re.escape(separator)))


def _joined(lines: list[str], strays: dict[int, list[str]]) -> tuple[Finding, ...]:
    """Put each stray line where it belongs, and say in which segments."""
    for at, parts in strays.items():
        lines[at] = "\n".join([lines[at], *parts])
    return tuple(dict.fromkeys(Finding("line_break_in_field", lines[at][:3]) for at in strays))


def _cut_off(line: str, fields: list[str]) -> bool:
    """Whether the last segment, which no line end closes, lacks what must be there.

    Many good senders leave the last line end out, so only a gap proves a cut: a header
    without its message type, an OBR or OBX without its status, a specimen before it says whether
    it is a pool, or the beginning of a segment's name.
    """
    if "\n" in line and _NAME_BEGUN.fullmatch(line.rpartition("\n")[2]):
        return True
    given = len(fields) - len(_PADDING)
    required = {"MSH": 9, "PID": 5, "OBR": 25, "OBX": 11, "SPM": 11}.get(line[:3])
    if required is None:
        return given == 1
    if given <= required:
        return True
    return line[:3] in ("OBR", "OBX") and not fields[required]


@lru_cache(maxsize=64)
def _delimiters(separator: str, encoding: str) -> Delimiters:
    """A sender may declare fewer than four (the rest are standard) or five (a truncation)."""
    standard = "^~\\&"
    chosen = (encoding + standard[len(encoding) :])[:4]
    return Delimiters(separator, *chosen)


def unescape(text: str, delimiters: Delimiters) -> str:
    r"""Replace ``\F\ \S\ \T\ \R\ \E\ \.br\ \Xhh\``; highlighting goes, the unknown stays."""
    meanings = _meanings(delimiters)

    def meaning(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] == "X":
            return _bytes_of(code[1:], match[0])
        return meanings.get(code, match[0])

    return _escape_pattern(delimiters.escape).sub(meaning, text)


@lru_cache(maxsize=64)
def _meanings(delimiters: Delimiters) -> dict[str, str]:
    return {
        "F": delimiters.field,
        "S": delimiters.component,
        "T": delimiters.subcomponent,
        "R": delimiters.repetition,
        "E": delimiters.escape,
        ".br": "\n",
        ".sp": "\n",
        "H": "",
        "N": "",
    }


@lru_cache(maxsize=64)
def _escape_pattern(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(f"{mark}([A-Z.][A-Za-z0-9+-]*){mark}")


def _bytes_of(digits: str, original: str) -> str:
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        return original
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
