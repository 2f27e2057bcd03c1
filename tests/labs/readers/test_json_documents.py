"""Cutting bytes into JSON documents: whatever stands in a broken line, the others come out."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from core.results.reported import Finding
from labs.readers.json_documents import Document, documents

OBJECTS = st.lists(
    st.dictionaries(st.text(), st.text() | st.integers(), min_size=1), min_size=2, max_size=5
)


def _lines(data: bytes) -> list[Document]:
    return list(documents(data))


def test_one_document_may_span_lines() -> None:
    assert _lines(b'\xef\xbb\xbf {\n"a":\n1}\n') == [Document(b'{\n"a":\n1}')]


@given(OBJECTS, st.sampled_from(["\n", "\r\n", "\n\n"]), st.booleans())
def test_each_line_is_a_document(objects: list[object], end: str, plain: bool) -> None:
    written = [json.dumps(each, ensure_ascii=plain).encode() for each in objects]
    assert _lines(end.encode().join(written)) == [Document(raw) for raw in written]


def test_documents_that_span_lines_come_with_a_warning_and_their_line() -> None:
    warned = (Finding("pretty_printed_ndjson", "line 2"),)
    assert _lines(b'{"a":1}\n{\n"b":2\n}\n') == [
        Document(b'{"a":1}'),
        Document(b'{\n"b":2\n}', warned),
    ]


def test_documents_on_one_line_are_several() -> None:
    assert _lines(b'{"a":1} {"b":2}\n{"c":3}') == [
        Document(b'{"a":1}'),
        Document(b'{"b":2}'),
        Document(b'{"c":3}'),
    ]


def test_a_broken_line_says_where_and_costs_nobody_else() -> None:
    first, broken, last = _lines(b'{"a":1}\n{"b":}\n{"c":3}')
    assert (first.raw, last.raw) == (b'{"a":1}', b'{"c":3}')
    assert broken.raw == b'{"b":}'
    assert broken.broken == Finding("unreadable_json", "line 2", "line 2, column 6")


def test_a_letter_in_another_charset_breaks_its_own_line_only() -> None:
    raws = [document.raw for document in documents(b'{"a":1}\n{"b":\xe0}\n{"c":3}')]
    assert raws == [b'{"a":1}', b'{"b":\xe0}', b'{"c":3}']


def test_blank_lines_are_no_documents() -> None:
    assert _lines('\n{"a":1}\n\u00a0\n\n{"b":2}'.encode()) == [
        Document(b'{"a":1}'),
        Document(b'{"b":2}'),
    ]
