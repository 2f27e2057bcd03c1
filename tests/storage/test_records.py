"""The small stores: facilities, audit, conversations, standings, the installation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from core.errors import SetupRefused
from core.ports import AuditEntry
from storage.audit import AuditStore
from storage.conversations import ConversationStore
from storage.encryption import Keyring
from storage.facilities import FacilityStore
from storage.installation import Installation, claim_installation
from storage.standings import StandingStore
from tests.storage.samples import KEYS, NOON, OTHER_UNIT, UNIT


def test_facilities_are_kept_changed_and_listed_by_code(engine: Engine) -> None:
    store = FacilityStore(engine)
    for unit in (OTHER_UNIT, UNIT):
        store.add(unit)
    renamed = replace(UNIT, name="Bệnh viện Thử nghiệm Hoàng Hôn")
    store.add(renamed)
    assert store.get(UNIT.code) == renamed
    assert store.get("NOBODY") is None
    assert store.all() == [renamed, OTHER_UNIT]


def test_the_audit_log_is_read_newest_first(engine: Engine) -> None:
    store = AuditStore(engine)
    entries = [
        AuditEntry(NOON + timedelta(seconds=n // 2), "officer-1", "look", f"r{n}", "ghi chú")
        for n in range(5)
    ]
    for entry in entries:
        store.record(entry)
    assert store.recent(9) == entries[::-1]
    assert store.recent(2) == entries[:-3:-1]


def test_a_conversation_is_kept_replaced_and_forgotten(engine: Engine) -> None:
    store = ConversationStore(engine, KEYS)
    assert store.load("telegram:7:7") is None
    store.keep("telegram:7:7", "Retrieve:code", b"{}", NOON)
    store.keep("telegram:7:7", None, b"\x00\xff", NOON)
    store.keep("telegram:8:8", "other", b"", NOON)
    assert store.load("telegram:7:7") == (None, b"\x00\xff")
    store.forget("telegram:7:7")
    assert store.load("telegram:7:7") is None
    assert store.load("telegram:8:8") == ("other", b"")


def test_a_certificate_of_others_is_not_ours_to_judge(engine: Engine) -> None:
    assert StandingStore(engine).standing("URN:UVCI:01:XX:NOBODY#1") == "good"


def test_whoever_starts_first_decides_whose_the_database_is(
    engine: Engine, pool: ThreadPoolExecutor
) -> None:
    def claim(n: int) -> Installation:
        return claim_installation(engine, KEYS, is_demo=True, now=NOON + timedelta(seconds=n))

    assert len(set(pool.map(claim, range(10)))) == 1
    with pytest.raises(SetupRefused, match="demo_database"):
        claim_installation(engine, KEYS, is_demo=False, now=NOON)


def test_wrong_secrets_are_noticed_at_the_start(engine: Engine) -> None:
    first, other = bytes(32), bytes([1]) * 32
    claim_installation(engine, Keyring({"k": first}, "k", first), is_demo=False, now=NOON)
    for keyring, code in (
        (Keyring({"k": other}, "k", first), "wrong_master_key"),
        (Keyring({"k": first}, "k", other), "wrong_index_key"),
    ):
        with pytest.raises(SetupRefused, match=code):
            claim_installation(engine, keyring, is_demo=False, now=NOON)
    rotated = Keyring({"new": other, "k": first}, "new", first)
    assert not claim_installation(engine, rotated, is_demo=False, now=NOON).is_demo
