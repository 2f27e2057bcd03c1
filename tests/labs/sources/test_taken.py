"""What a watermark remembers of a distant folder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.sources.taken import Listed, Taken

FILES = st.builds(
    Listed,
    st.binary(min_size=1, max_size=3),
    st.integers(0, 3),
    st.integers(0, 3) | st.integers(0, 2**32 - 1),
)
LISTINGS = st.lists(st.frozensets(FILES, max_size=6), max_size=8)


def poll(watermark: str, present: frozenset[Listed], at_most: int) -> tuple[list[Listed], str]:
    """Take up to so many of what wasn't taken, as a poll does."""
    taken, yielded = Taken(watermark, present), list[Listed]()
    for file in sorted(present, key=lambda file: (file.changed, file.name, file.size)):
        if file not in taken and len(yielded) < at_most:
            taken.add(file)
            yielded.append(file)
            watermark = taken.watermark()
    return yielded, watermark


@given(LISTINGS)
def test_every_file_is_taken_once_for_as_long_as_it_lies_there(
    listings: list[frozenset[Listed]],
) -> None:
    watermark, known = "", frozenset[Listed]()
    for present in listings:
        yielded, watermark = poll(watermark, present, at_most=100)
        assert sorted(yielded, key=repr) == sorted(present - known, key=repr)
        if yielded:  # what went away before is forgotten with the next piece
            known = present


@given(st.frozensets(FILES, max_size=12), st.integers(1, 3))
def test_a_poll_that_ends_early_goes_on_where_it_ended(
    present: frozenset[Listed], at_most: int
) -> None:
    watermark, all_yielded = "", list[Listed]()
    for _ in range(len(present) + 1):
        yielded, watermark = poll(watermark, present, at_most)
        all_yielded += yielded
    assert sorted(all_yielded, key=repr) == sorted(present, key=repr)


@given(FILES, FILES)
def test_files_that_differ_in_anything_have_different_marks(one: Listed, other: Listed) -> None:
    assert (one == other) == (one.mark == other.mark)


def test_what_went_away_is_forgotten() -> None:
    stays, goes = Listed(b"a", 1, 1), Listed(b"b", 1, 1)
    taken = Taken("", ())
    taken.add(stays)
    taken.add(goes)
    after = Taken(taken.watermark(), [stays])
    assert stays in after
    assert goes not in after
    assert len(after.watermark()) < len(taken.watermark())


@pytest.mark.parametrize("text", ["{", "2021-07-15", '{"taken":1}', '{"taken":"*"}', "\ud800"])
def test_a_watermark_of_another_source_begins_anew(text: str) -> None:
    assert Listed(b"a", 1, 1) not in Taken(text, [Listed(b"a", 1, 1)])


@given(st.text())
def test_no_watermark_is_an_error(text: str) -> None:
    Taken(text, ())


def test_the_memory_of_a_full_folder_is_bounded() -> None:
    taken = Taken("", ())
    for number in range(50_000):
        taken.add(Listed(b"%d" % number, 1, 1))
    assert len(taken.watermark()) < 600_000
