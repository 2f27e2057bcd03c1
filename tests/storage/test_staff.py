"""Staff accounts and sessions in the database."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from core.policy.staff import Role, StaffAccount
from storage.staff import StaffStore
from tests.storage.samples import KEYS, NOON

OFFICER = StaffAccount(
    "officer-1", "Lê Văn Thử", Role.FACILITY_OFFICER, frozenset({"BVTHU", "AB"}), "$argon2$x", "ABC"
)
TOKEN = b"\x01" * 32


@pytest.fixture
def staff(engine: Engine) -> StaffStore:
    store = StaffStore(engine, KEYS)
    store.add(OFFICER)
    return store


def test_an_account_comes_back_as_it_was(staff: StaffStore) -> None:
    assert staff.get("officer-1") == OFFICER
    assert staff.get("nobody") is None
    assert staff.all() == [OFFICER]


def test_adding_a_login_again_replaces_its_account(staff: StaffStore) -> None:
    changed = replace(OFFICER, active=False, scopes=frozenset(), locked_until=NOON, failures=3)
    staff.add(changed)
    assert staff.all() == [changed]


def test_replacing_an_account_signs_out_its_browsers_and_no_others(staff: StaffStore) -> None:
    ends = NOON + timedelta(hours=8)
    staff.add(replace(OFFICER, login="officer-2"))
    staff.open_session(TOKEN, "officer-1", ends)
    staff.open_session(b"\x02" * 32, "officer-2", ends)
    staff.add(replace(OFFICER, password_hash="$argon2$y"))
    assert staff.session(TOKEN, NOON) is None
    assert staff.session(b"\x02" * 32, NOON) is not None


def test_parallel_failures_are_all_counted(staff: StaffStore, pool: ThreadPoolExecutor) -> None:
    def fail(account: StaffAccount) -> tuple[StaffAccount, int]:
        return replace(account, failures=account.failures + 1), account.failures

    seen = Counter(pool.map(lambda _: staff.update("officer-1", fail), range(20)))
    assert seen == dict.fromkeys(range(20), 1)


def test_changing_nobody_is_none(staff: StaffStore) -> None:
    assert staff.update("nobody", lambda account: (account, "changed")) is None


def test_a_session_lasts_until_it_ends_or_is_closed(staff: StaffStore) -> None:
    ends = NOON + timedelta(hours=8)
    staff.open_session(TOKEN, "officer-1", ends)
    assert staff.session(TOKEN, NOON) == OFFICER
    assert staff.session(TOKEN, ends) is None
    assert staff.session(b"other", NOON) is None
    staff.close_session(TOKEN)
    assert staff.session(TOKEN, NOON) is None


def test_a_deactivated_account_is_signed_out_everywhere(staff: StaffStore) -> None:
    staff.open_session(TOKEN, "officer-1", NOON + timedelta(hours=8))
    staff.update("officer-1", lambda account: (replace(account, active=False), None))
    assert staff.session(TOKEN, NOON) is None
