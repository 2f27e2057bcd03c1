"""Cut bytes into JSON documents: one, one a line (NDJSON), or one after the other.

A document that can't be read is yielded with its line, and reading goes on at the next line
that opens one, so that a broken line costs nobody else's result. Documents that span lines
in a file of several are read with a warning: their sender meant NDJSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from core.results.reported import Finding

_BOM = b"\xef\xbb\xbf"
_LINE = "\n"
_BLANKS = re.compile(r"\s*")
# A line that begins with a brace opens a document; inside one, lines are indented.
_OPENING = re.compile(rb"\n(?=\{)")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of one document; ``broken`` says why they are none."""

    raw: bytes
    warnings: tuple[Finding, ...] = ()
    broken: Finding | None = None


def documents(data: bytes) -> Iterator[Document]:
    """Yield the documents of ``data`` in order."""
    data = data.removeprefix(_BOM).strip()
    if is_json(data):
        yield Document(data)
        return
    line = 1
    for chunk in _OPENING.split(data):
        raw = chunk.strip()
        if is_json(raw):
            yield Document(raw, _warning(raw, line))
        else:
            yield from _several(chunk.decode("utf-8", "surrogateescape"), line)
        line += chunk.count(b"\n") + 1


def is_json(data: bytes) -> bool:
    """Whether ``data`` is exactly one JSON document."""
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True


def _several(chunk: str, line: int) -> Iterator[Document]:
    """What stands between two lines that open a document, when it isn't just one."""
    position = 0
    while position < len(chunk) and not chunk.isspace():
        end = _document_end(chunk, position)
        if not end:
            place = f"line {line + chunk.count(_LINE, 0, position)}"
            broken = Finding("unreadable_json", place, _error_place(chunk, position, line))
            yield Document(_bytes(chunk[position:]), broken=broken)
            return
        yield Document(_bytes(chunk[position:end]), _warning(_bytes(chunk.strip()), line))
        position = _BLANKS.match(chunk, end).end()  # type: ignore[union-attr]  # never None


def _warning(raw: bytes, line: int) -> tuple[Finding, ...]:
    if b"\n" not in raw:
        return ()
    return (Finding("pretty_printed_ndjson", f"line {line}"),)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape").strip()


def _document_end(text: str, position: int) -> int:
    try:
        return _DECODER.raw_decode(text, position)[1]
    except (ValueError, RecursionError):
        return 0


def _error_place(text: str, position: int, line: int) -> str:
    try:
        _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        return f"line {line + error.lineno - 1}, column {error.colno}"
    except (ValueError, RecursionError):
        return "nesting"
    return f"line {line}"
