"""The filter: every revoked one hits, none of the live does, strangers hardly ever."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.certificates.cascade import RATE, Cascade, Level, build

HASHES = st.sets(st.binary(min_size=16, max_size=16), max_size=200)


def hashes(name: str, count: int) -> list[bytes]:
    return [sha256(f"{name}{number}".encode()).digest()[:16] for number in range(count)]


@given(HASHES, HASHES)
def test_every_revoked_one_hits_and_none_of_the_live_does(
    revoked: set[bytes], live: set[bytes]
) -> None:
    cascade = build(revoked, live)
    assert all(entry in cascade for entry in revoked)
    assert not any(entry in cascade for entry in live - revoked)


@given(HASHES, HASHES)
def test_what_is_written_is_read_again(revoked: set[bytes], live: set[bytes]) -> None:
    cascade = build(revoked, live)
    assert Cascade.from_json(cascade.to_json()) == cascade


def test_a_rough_filter_needs_many_levels_and_stays_exact() -> None:
    revoked, live = set(hashes("revoked", 3000)), hashes("live", 9000)
    cascade = build(revoked, live, rate=0.4)
    assert len(cascade.levels) > 4
    assert all(entry in cascade for entry in revoked)
    assert not any(entry in cascade for entry in live)


def test_strangers_hit_at_the_stated_rate() -> None:
    cascade = build(set(hashes("revoked", 20_000)), hashes("live", 20_000))
    strangers = hashes("stranger", 100_000)
    assert sum(entry in cascade for entry in strangers) < 1.5 * RATE * len(strangers)


def test_a_filter_of_nothing_has_no_levels_and_nothing_hits() -> None:
    cascade = build(set(), hashes("live", 10))
    assert cascade.to_json() == {"levels": []}
    assert hashes("live", 1)[0] not in cascade


def test_an_entry_on_both_sides_is_revoked() -> None:
    both = hashes("both", 5)
    assert all(entry in build(set(both), both) for entry in both)


def test_the_positions_are_those_of_the_documentation() -> None:
    """Worked by hand from docs/verifying.md, without the code under test."""
    entry = bytes(range(16))
    digest = sha256(b"\x01" + entry).digest()
    first, step = int.from_bytes(digest[:8]), int.from_bytes(digest[8:16]) | 1
    level = build({entry}, []).levels[0]
    expected = bytearray(len(level.data))
    for i in range(level.hashes):
        bit = (first + i * step) % 2**64 % level.bits
        expected[bit >> 3] |= 0x80 >> (bit & 7)
    assert level.data == bytes(expected)


def test_missing_level_two_means_revoked_and_hitting_it_means_live() -> None:
    full, empty = b"\xff", b"\x00"
    entry = bytes(16)
    one, two = Level(1, 8, 1, full), Level(2, 8, 1, empty)
    assert entry in Cascade((one,))
    assert entry in Cascade((one, two))
    assert entry not in Cascade((one, Level(2, 8, 1, full)))
    assert entry not in Cascade((Level(1, 8, 1, empty), two))


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"levels": {}}, {"levels": [{}]}, {"levels": [{"bits": 8, "hashes": 1}]},
     {"levels": [{"bits": 16, "hashes": 1, "data": "AA"}]},
     {"levels": [{"bits": 0, "hashes": 1, "data": ""}]},
     {"levels": [{"bits": 8, "hashes": 65, "data": "AA"}]},
     {"levels": [{"bits": 8, "hashes": 0, "data": "AA"}]},
     {"levels": [{"bits": 8, "hashes": 1, "data": "ä"}]},
     {"levels": [{"bits": 8, "hashes": 1, "data": urlsafe_b64encode(b"x").decode()}] * 65}],
)  # fmt: skip
def test_a_broken_filter_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Cascade.from_json(document)
