"""Result ids: their form, their order, and that they can't be guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.results.result_id import RANDOM_BYTES, new_result_id

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
RANDOM = st.binary(min_size=RANDOM_BYTES, max_size=16)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(RANDOM, TIMES)
def test_an_id_is_a_uuid_of_version_7(random_bytes: bytes, now: datetime) -> None:
    read = UUID(new_result_id(random_bytes, now))
    assert (read.version, read.variant) == (7, RFC_4122)
    assert str(read) == new_result_id(random_bytes, now)


def test_an_id_begins_with_the_milliseconds_since_1970() -> None:
    # The example of RFC 9562, appendix A.6.
    then = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    assert new_result_id(bytes(RANDOM_BYTES), then).startswith("017f22e2-79b0-7000-8000-")


@given(RANDOM, RANDOM, TIMES, st.integers(1, 10**9))
def test_a_later_id_sorts_behind(one: bytes, other: bytes, now: datetime, later: int) -> None:
    after = now + timedelta(milliseconds=later + 1)
    assert new_result_id(one, now) < new_result_id(other, after)


@given(RANDOM, st.integers(0, 73))
def test_all_other_bits_are_random(random_bytes: bytes, bit: int) -> None:
    place = bit if bit < 62 else bit + 2  # the two bits of the variant between them
    flipped = int.from_bytes(random_bytes[:RANDOM_BYTES]) ^ 1 << place
    other = flipped.to_bytes(RANDOM_BYTES)
    assert new_result_id(random_bytes, NOON) != new_result_id(other, NOON)


def test_fewer_random_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="random"):
        new_result_id(bytes(RANDOM_BYTES - 1), NOON)
