"""Median and 95th percentile of how long results took."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.results.delays import Delay, delay_of, rounded


def seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


def test_of_a_hundred_results_the_middle_and_the_ninety_fifth_are_shown() -> None:
    assert delay_of(dict.fromkeys(range(1, 101), 1)) == Delay(seconds(50), seconds(95), 100)


def test_one_result_is_its_own_middle_and_end() -> None:
    assert delay_of({7: 1}) == Delay(seconds(7), seconds(7), 1)


def test_one_late_result_in_a_hundred_moves_neither() -> None:
    assert delay_of({60: 99, 86_400: 1}) == Delay(seconds(60), seconds(60), 100)


@given(st.lists(st.integers(0, 900_000), min_size=1))
def test_at_least_so_many_took_no_longer_and_fewer_took_less(spans: list[int]) -> None:
    delay = delay_of(Counter(spans))
    for part, shown in ((0.5, delay.median), (0.95, delay.late)):
        assert sum(seconds(span) <= shown for span in spans) >= part * len(spans)
        assert sum(seconds(span) < shown for span in spans) < part * len(spans)


@given(st.integers(0, 10_000_000))
def test_rounding_takes_less_than_a_hundredth_or_an_hour_of_days(span: int) -> None:
    lost = span - rounded(span)
    assert 0 <= lost < (1 if span < 120 else 60 if span < 172_800 else 3600)
