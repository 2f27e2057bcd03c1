"""Tokens are kept until shortly before they end, and each for its own secret."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labs.sources.tokens import Tokens


class Watch:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_token_is_given_until_half_a_minute_before_it_ends() -> None:
    watch = Watch()
    tokens = Tokens(watch)
    tokens.keep("secret", "t", 300)
    watch.now += 269
    assert tokens.find("secret") == "t"
    watch.now += 1
    assert tokens.find("secret") == ""


def test_a_short_lived_token_is_used_for_half_its_life() -> None:
    watch = Watch()
    tokens = Tokens(watch)
    tokens.keep("secret", "t", 20)
    watch.now += 9
    assert tokens.find("secret") == "t"
    watch.now += 1
    assert tokens.find("secret") == ""


def test_another_secret_has_another_token() -> None:
    tokens = Tokens()
    tokens.keep("one", "t", 300)
    assert tokens.find("other") == ""


def test_a_refused_token_is_forgotten_but_not_the_one_that_took_its_place() -> None:
    tokens = Tokens()
    tokens.keep("secret", "new", 300)
    tokens.drop("secret", "old")
    tokens.drop("nobody", "")
    assert tokens.find("secret") == "new"
    tokens.drop("secret", "new")
    assert tokens.find("secret") == ""


@given(st.floats(min_value=0.001, max_value=1e300))
def test_no_token_outlives_what_its_server_said_or_a_day(seconds: float) -> None:
    watch = Watch()
    tokens = Tokens(watch)
    tokens.keep("secret", "t", seconds)
    watch.now += min(seconds, 86_400)
    assert tokens.find("secret") == ""
