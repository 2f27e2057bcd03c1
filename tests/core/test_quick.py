"""A class with a quick ``__init__`` is the same frozen dataclass in every other way."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from inspect import signature

import pytest

from core.quick import quick_init


@dataclass(frozen=True, slots=True)
class Plain:
    """The oracle."""

    name: str
    size: int = 3
    secret: bytes = field(default=b"", repr=False)


@quick_init
@dataclass(frozen=True, slots=True)
class Quick:
    """The same fields."""

    name: str
    size: int = 3
    secret: bytes = field(default=b"", repr=False)


def values(made: object) -> list[object]:
    return [getattr(made, each.name) for each in fields(made)]  # type: ignore[arg-type]


def test_it_is_made_with_the_same_parameters() -> None:
    assert signature(Quick) == signature(Plain)
    assert values(Quick("a")) == values(Plain("a")) == ["a", 3, b""]
    assert values(Quick("a", secret=b"s")) == values(Plain("a", secret=b"s"))
    assert values(Quick("a", 4, b"s")) == ["a", 4, b"s"]
    with pytest.raises(TypeError, match=r"Quick\.__init__\(\) missing 1 required"):
        Quick()  # type: ignore[call-arg]


def test_it_stays_frozen() -> None:
    made = Quick("a")
    with pytest.raises(FrozenInstanceError):
        made.size = 5  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del made.size


def test_it_compares_shows_and_changes_like_a_dataclass() -> None:
    assert Quick("a", 1) == Quick("a", 1) != Quick("a", 2)
    assert hash(Quick("a", 1)) == hash(Quick("a", 1))
    assert repr(Quick("a", 1, b"s")).endswith("Quick(name='a', size=1)")
    assert replace(Quick("a"), size=9) == Quick("a", 9)


def test_what_needs_more_than_an_assignment_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Listed:
        names: list[str] = field(default_factory=list)

    @dataclass(frozen=True, slots=True)
    class Checked:
        name: str

        def __post_init__(self) -> None:
            """Check nothing."""

    for made in (Listed, Checked):
        with pytest.raises(TypeError, match=made.__name__):
            quick_init(made)
