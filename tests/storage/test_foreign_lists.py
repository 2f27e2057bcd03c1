"""Lists of others: one an anchor, never an older one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from storage.foreign_lists import ForeignListStore, ImportedList
from tests.storage.samples import NOON

LIST = ImportedList("ab" * 32, "https://list.example", 7, NOON, (b"\x30one", b"\x30two"))


@pytest.fixture
def store(engine: Engine) -> ForeignListStore:
    return ForeignListStore(engine)


def test_a_list_is_kept_as_it_came(store: ForeignListStore) -> None:
    assert store.version(LIST.anchor) == 0
    assert store.put(LIST)
    assert store.all() == [LIST]
    assert store.version(LIST.anchor) == 7
    assert store.certificates() == [b"\x30one", b"\x30two"]


def test_a_newer_one_takes_its_place_and_an_older_one_does_not(store: ForeignListStore) -> None:
    store.put(LIST)
    newer = replace(LIST, version=8, certificates=(b"\x30new",))
    assert store.put(newer)
    assert not store.put(LIST)
    assert store.all() == [newer]


def test_a_list_without_versions_is_replaced_by_whatever_comes(store: ForeignListStore) -> None:
    store.put(replace(LIST, version=None))
    assert store.put(replace(LIST, version=None, certificates=()))
    assert store.certificates() == []


def test_a_removed_list_is_trusted_no_more(store: ForeignListStore) -> None:
    store.put(LIST)
    store.put(replace(LIST, anchor="cd" * 32, certificates=(b"\x30other",)))
    assert store.remove(LIST.anchor)
    assert not store.remove(LIST.anchor)
    assert store.certificates() == [b"\x30other"]
