"""Nothing about a person lies in plain, in no column and not in the database file.

Everything that can be stored of one person is stored, then searched for byte by byte.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

from core.citizens.challenge import open_challenge
from core.citizens.names import normalise
from core.citizens.visit import Visit
from core.messages.delivery import DeliveryDraft, Priority
from core.messages.templates import Template
from core.policy.staff import Role, StaffAccount
from core.ports import Origin
from core.results.reported import Finding
from core.results.result import Outcome
from core.results.versions import Change
from storage.conversations import ConversationStore
from storage.staff import StaffStore
from tests.storage.conftest import Stores
from tests.storage.samples import BINH, HIV, KEYS, NOON, PHONE, UNIT, item, result, token, version

FILE = "ket-qua-cua-Anh.hl7"
SECRETS = {
    "name": BINH.full_name,
    "given name": "Ánh",
    "name without accents": normalise(BINH.full_name),
    "phone": PHONE,
    "national number": PHONE.removeprefix("+84"),
    "birth date": BINH.birth_date,
    "document": BINH.documents[0].number,
    "device": "Bộ kit",
    "value": "38.2",
    "outcome": "negative",
    "raw item": "OBX|1|",
    "source": FILE,
    "otp": "424242",
    "token": token("r1"),
    "chat": "chat-4711",
    "chat data": "awaiting_code",
    "staff name": "Lê Văn Thử",
    "password hash": "$argon2id$",
    "totp secret": "JBSWY3DP",
}


@pytest.fixture
def filled(stores: Stores) -> Engine:
    hiv = result("X-2", test=HIV, outcome=Outcome.POSITIVE)
    raw = f"PID|1|{BINH.full_name}|{BINH.birth_date}|{PHONE}\rOBX|1|ST".encode()
    stores.intake.store(
        UNIT.code,
        Origin(FILE),
        [item(0, raw, result_id="r1"),
         item(1, raw, change=Change.QUARANTINED, errors=(Finding("no_name"),))],
        [version("r1"), version("r2", hiv, certified=False)],
        NOON,
    )  # fmt: skip
    challenge = open_challenge("c1", PHONE, "web", "424242", key=KEYS.derive("otp"), now=NOON)
    sms = DeliveryDraft("otp:c1", Template.OTP, PHONE, "Ma OTP: 424242", Priority.OTP)
    assert stores.challenges.add(challenge, sms, not_before=None, since=NOON, most=1)
    stores.visits.add(Visit("v1", 0, PHONE, "c1", NOON + timedelta(minutes=9)))
    key = KEYS.person(BINH.full_name, BINH.birth_date).hex()
    stores.shelf.update_proof(PHONE, key, lambda proof: (replace(proof, failures=1), None))
    ConversationStore(stores.engine, KEYS).keep(
        "chat-4711", "Retrieve:awaiting_code", PHONE.encode(), NOON
    )
    StaffStore(stores.engine, KEYS).add(
        StaffAccount("s1", "Lê Văn Thử", Role.AUDITOR, frozenset(), "$argon2id$x", "JBSWY3DP")
    )
    return stores.engine


def test_no_column_of_any_table_holds_it_in_plain(filled: Engine) -> None:
    held: dict[str, bytes] = {}
    with filled.connect() as connection:
        for table in inspect(filled).get_table_names():
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608
            held[table] = b"\n".join(_bytes(value) for row in rows for value in row)
    filled_tables = {table for table, content in held.items() if content}
    assert {"result", "certificate", "delivery", "inbox_item", "challenge"} <= filled_tables
    found = [
        (name, table)
        for name, secret in SECRETS.items()
        for table, content in held.items()
        if secret.encode() in content
    ]
    assert found == []


def test_the_search_would_find_what_is_stored_in_plain(filled: Engine) -> None:
    with filled.connect() as connection:
        (row,) = connection.exec_driver_sql("SELECT * FROM result WHERE id = 'r1'")
    content = b"\n".join(_bytes(value) for value in row)
    assert b"X-1" in content
    assert b"SARSCOV2-PCR" in content


def test_the_database_file_and_its_log_hold_none_of_it(filled: Engine) -> None:
    if filled.dialect.name != "sqlite":
        return  # PostgreSQL's files are the server's
    file = Path(filled.url.database or "")
    filled.dispose()
    content = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
    assert UNIT.name.encode() in content
    assert [name for name, secret in SECRETS.items() if secret.encode() in content] == []


def _bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
