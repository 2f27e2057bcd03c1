"""Pictures behind unguessable addresses."""

from __future__ import annotations

import os

from sms.sim import pictures
from sms.sim.pictures import PictureShelf
from tests.sms.fakes import Watch


def test_a_picture_can_be_fetched_three_times() -> None:
    shelf = PictureShelf(Watch(), os.urandom)
    token = shelf.put(b"png")
    assert [shelf.get(token) for _ in range(4)] == [b"png", b"png", b"png", None]


def test_a_picture_is_gone_after_five_minutes() -> None:
    clock = Watch()
    shelf = PictureShelf(clock, os.urandom)
    token = shelf.put(b"png")
    clock.wait(minutes=5)
    assert shelf.get(token) is None


def test_a_token_has_128_bits_and_is_never_the_same() -> None:
    shelf = PictureShelf(Watch(), os.urandom)
    assert len({shelf.put(b"x") for _ in range(100)}) == 100
    assert len(shelf.put(b"x")) == 22


def test_what_ran_out_is_forgotten() -> None:
    clock = Watch()
    shelf = PictureShelf(clock, os.urandom)
    shelf.put(b"old")
    clock.wait(minutes=6)
    shelf.put(b"new")
    assert [picture.png for picture in shelf._pictures.values()] == [b"new"]


def test_a_bounded_number_is_kept() -> None:
    shelf = PictureShelf(Watch(), os.urandom)
    first = shelf.put(b"first")
    for _ in range(pictures.LIMIT):
        shelf.put(b"x")
    assert shelf.get(first) is None
    assert len(shelf._pictures) == pictures.LIMIT
