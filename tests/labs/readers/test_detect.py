"""The door: whatever comes in, items come out."""

from __future__ import annotations

import gzip
import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.results.reported import Finding, NotAResult, ReportedResult, Unreadable
from labs.readers.detect import FORMATS, read
from labs.readers.gzip_file import unpack
from tests.labs.readers.where import SOAK, VN, ZONE

SEEDS = [path.read_bytes() for path in sorted(VN.iterdir()) if path.suffix != ".md"]
FUZZ = settings(max_examples=20_000 if SOAK else 300, deadline=None)


def codes(data: bytes, **options: object) -> list[str]:
    found = []
    for item in read(data, zone=ZONE, **options):  # type: ignore[arg-type]
        assert isinstance(item.content, ReportedResult | Unreadable | NotAResult)
        if isinstance(item.content, Unreadable):
            found.append(item.content.findings[0].code)
    return found


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf\r\n", "empty_file"),
        (b"%PDF-1.7\n%\xe2", "unrecognised_format"),
        (b"\x89PNG\r\n\x1a\n\x00", "unrecognised_format"),
        (b"PK\x03\x04rest", "unreadable_table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "unsupported_format"),
        (b"a,b,c\n1,2,3\n", "missing_columns"),
        (gzip.compress(gzip.compress(b"MSH|")), "unsupported_format"),
        (gzip.compress(b"MSH|")[:-6], "truncated_file"),
        (b"\x1f\x8b\x08nothing", "truncated_file"),
        (b"just words", "unrecognised_format"),
        (b"{", "unreadable_json"),
        (b"[" * 100_000, "unreadable_json"),
    ],
)
def test_what_is_no_message_is_told_what_it_is(data: bytes, code: str) -> None:
    assert codes(data) == [code]


@pytest.mark.parametrize("wanted", FORMATS)
def test_gzip_within_gzip_is_not_opened_and_is_kept_as_it_came(wanted: str) -> None:
    data = gzip.compress(gzip.compress(b"MSH|"))
    (item,) = read(data, zone=ZONE, format=wanted)
    assert item.content == Unreadable((Finding("unsupported_format", "", "gzip"),))
    assert item.raw == data


def test_a_workbook_is_no_csv() -> None:
    assert codes(b"PK\x03\x04rest", format="csv") == ["unrecognised_format"]


@pytest.mark.parametrize("wanted", ["hl7v2", "fhir"])
def test_a_named_format_that_it_is_not_is_not_recognised(wanted: str) -> None:
    assert codes(b"just words", format=wanted) == ["unrecognised_format"]


def test_a_format_that_does_not_exist_is_not_supported() -> None:
    assert codes(b"a;b;c", format="nonsense") == ["unsupported_format"]


def test_what_is_compressed_is_opened() -> None:
    data = (VN / "pcr-negative-nfc.hl7").read_bytes()
    assert not codes(gzip.compress(data))
    assert not codes(gzip.compress(data[:100]) + gzip.compress(data[100:]))


def test_many_small_members_are_one_file_up_to_a_bound() -> None:
    message = (VN / "pcr-negative-nfc.hl7").read_bytes()
    nothing = gzip.compress(b"")
    assert not codes(nothing * 9_998 + gzip.compress(message) + b"\x00" * 512)
    assert codes(nothing * 10_001) == ["too_large"]


def test_a_member_longer_than_a_chunk_is_whole() -> None:
    data = random.Random(1).randbytes(200_000)  # hardly shrinks
    assert unpack(gzip.compress(data) + gzip.compress(b"end"), 300_000) == data + b"end"


def test_what_stands_behind_the_last_member_is_no_part_of_it() -> None:
    assert codes(gzip.compress(b"MSH|") + b"more") == ["truncated_file"]


def test_what_broke_in_the_middle_is_found_again_by_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(data: bytes, *_: object) -> Iterator[object]:
        yield NotAResult(Finding("not_a_result")), b"first", 2
        raise RuntimeError("a reader's bug")

    monkeypatch.setattr("labs.readers.detect.read_csv", breaks)
    data = b"a,b,c\n"
    kept = list(read(data, zone=ZONE))[1]
    assert (kept.raw, kept.part) == (data, 1)
    again = next(item for item in read(kept.raw, zone=ZONE) if item.part == kept.part)
    assert again.content == kept.content


@pytest.mark.parametrize("first", [b"{", b"[", b"<a>", b"MSH|"])
def test_binary_data_under_a_texts_beginning_is_not_recognised(first: bytes) -> None:
    assert codes(first + b",,,\x00\x01") == ["unrecognised_format"]


def test_a_compressed_bomb_costs_no_more_than_the_limit() -> None:
    bomb = gzip.compress(b"\x00" * 50_000_000)
    tracemalloc.start()
    assert codes(bomb, limit=100_000) == ["too_large"]
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_an_item_knows_its_place_among_those_of_its_bytes() -> None:
    one = (VN / "pcr-negative-nfc.hl7").read_bytes()
    two = one + one.replace(b"OBR|1", b"OBR|2")
    first, second = read(two, zone=ZONE)
    assert (first.part, second.part) == (0, 0)  # two messages: each has bytes of its own
    obr = one[one.index(b"OBR") :]
    both = list(read(one + obr, zone=ZONE))
    assert [item.part for item in both] == [0, 0]  # one message: each report has its own part
    assert both[0].raw == one


def test_a_file_over_the_limit_is_refused_unread() -> None:
    (item,) = read(b"MSH|" * 10, zone=ZONE, limit=39)
    assert item.content == Unreadable((Finding("too_large", "", "40 > 39"),))


def test_utf_16_text_is_read_like_utf_8() -> None:
    data = (VN / "pcr-negative-nfc.hl7").read_text("utf-8").encode("utf-16")
    assert not codes(data)


@FUZZ
@given(st.binary(max_size=400), st.sampled_from(FORMATS))
@example(b"MSH|", "hl7v2")
@example(b"MSH|^~\\&\rOBR\rPID", "auto")
@example(b'{"resourceType":"Bundle","entry":[{"resource":5}]}', "fhir")
def test_random_bytes_never_raise_and_never_vanish(data: bytes, wanted: str) -> None:
    assert list(read(data, format=wanted, zone=ZONE))


@FUZZ
@given(st.data())
def test_a_mutated_message_never_raises_and_never_vanishes(data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(SEEDS))
    start = data.draw(st.integers(0, len(seed)))
    end = data.draw(st.integers(start, min(len(seed), start + 40)))
    noise = data.draw(st.binary(max_size=20))
    assert list(read(seed[:start] + noise + seed[end:], zone=ZONE))


def test_a_mistake_of_our_own_is_one_unreadable_item(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("a reader's bug")

    monkeypatch.setattr("labs.readers.oru.codings", broken)
    assert codes((VN / "pcr-negative-nfc.hl7").read_bytes()) == ["unreadable_item"]


def test_every_finding_that_the_readers_make_has_a_text(tmp_path: Path) -> None:
    import re

    from tests.labs.readers.where import REPOSITORY

    made = set()
    for room in ("labs/readers", "core/results"):
        for path in (REPOSITORY / room).glob("*.py"):
            source = path.read_text("utf-8")
            made |= set(
                re.findall(r'(?:Finding|_unreadable|refuse|warn)\(\s*"([a-z0-9_]+)"', source)
            )
    for language in ("vi", "en"):
        catalogue = REPOSITORY / f"core/messages/catalogues/{language}.po"
        text = catalogue.read_text("utf-8")
        missing = {c for c in made if f'"findings.{c}.message"' not in text}
        missing |= {c for c in made if f'"findings.{c}.hint"' not in text}
        assert not missing, language
