"""What was revoked: by certificate, signer and hash; who is told; and what is published."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, select

from core.certificates.revocations import (
    Entry,
    HashKind,
    Marks,
    country_uvci_hash,
    signature_hash,
    uvci_hash,
)
from core.certificates.revoking import Act, Target
from core.messages.delivery import DeliveryDraft, Priority
from core.messages.templates import Template
from core.ports import Origin
from core.results.versions import Change
from storage.revocations import RevocationStore
from storage.rows import DELIVERY
from tests.storage.conftest import Stores
from tests.storage.samples import KEYS, NOON, PHONE, certificate, item, result, version

ACT = Act(NOON, "van", "ống mẫu nhầm nhãn")
FAREWELL = DeliveryDraft(
    "result:one:1:revoked", Template.REVOKED, PHONE, "So Y te: …", Priority.RESULT, result_id="one"
)
ONE, TWO = certificate("one"), certificate("two")


@pytest.fixture
def store(engine: Engine, stores: Stores) -> RevocationStore:
    keep(stores, "one", "X-1")
    keep(stores, "two", "X-2")
    return RevocationStore(engine, KEYS)


def keep(stores: Stores, name: str, accession: str, *, told: bool = True) -> None:
    made = version(name, result(accession), told=told)
    origin, raw = Origin("file"), item(0, name.encode(), result_id=name)
    stores.intake.store("BVTHU", origin, [raw], [made], NOON)


def marks(name: str) -> Marks:
    row = certificate(name)
    hashes = {
        signature_hash(row.signature), uvci_hash(row.uvci), country_uvci_hash("VN", row.uvci),
    }  # fmt: skip
    return Marks(row.kid, frozenset(hashes))


def messages(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        rows = connection.execute(select(DELIVERY.c.dedupe_key, DELIVERY.c.state))
        return {row.dedupe_key: row.state for row in rows}


def test_a_revoked_certificate_counts_no_more_and_its_neighbour_does(
    store: RevocationStore, stores: Stores
) -> None:
    assert store.revoke_certificate(ONE.uvci, "one", ACT, None)
    assert stores.standings.standing(ONE.uvci) == "revoked"
    assert stores.standings.standing(TWO.uvci) == "good"
    assert store.is_listed(marks("one"))
    assert not store.is_listed(marks("two"))


def test_its_holder_is_told_once_and_not_told_that_it_is_ready(
    store: RevocationStore, engine: Engine
) -> None:
    assert store.revoke_certificate(ONE.uvci, "one", ACT, FAREWELL)
    assert not store.revoke_certificate(ONE.uvci, "one", ACT, FAREWELL)
    assert messages(engine) == {
        "result:one:1": "suppressed", "result:two:1": "pending", "result:one:1:revoked": "pending",
    }  # fmt: skip


def test_who_never_heard_of_a_result_is_not_told_that_it_is_revoked(
    store: RevocationStore, stores: Stores, engine: Engine
) -> None:
    keep(stores, "quiet", "X-3", told=False)
    assert store.revoke_certificate(certificate("quiet").uvci, "quiet", ACT, FAREWELL)
    assert "result:one:1:revoked" not in messages(engine)


def test_who_was_told_of_a_result_hears_that_its_owed_certificate_never_comes(
    store: RevocationStore, stores: Stores, engine: Engine
) -> None:
    owing = replace(version("owing", result("X-4"), certified=False), owes_certificate=True)
    stores.intake.store("BVTHU", Origin("file"), [], [owing], NOON)
    message = replace(FAREWELL, dedupe_key="result:owing:1:revoked", result_id="owing")
    assert store.revoke_owed("owing", ACT, message)
    sent = messages(engine)
    assert (sent["result:owing:1"], sent["result:owing:1:revoked"]) == ("suppressed", "pending")


def test_a_revoked_signer_takes_all_its_certificates_along(store: RevocationStore) -> None:
    assert store.revoke_kid(ONE.kid, ACT)
    assert not store.revoke_kid(ONE.kid, ACT)
    assert store.is_listed(marks("one"))
    assert store.is_listed(Marks(ONE.kid, frozenset()))
    assert not store.is_listed(Marks(b"another!", frozenset()))
    assert store.standings(NOON).kids == (ONE.kid,)
    store.revoke_hashes([Entry(HashKind.UVCI, bytes(16))], ACT)
    assert store.revoked_kids() == {ONE.kid}


@pytest.mark.parametrize("kind", HashKind)
def test_any_of_the_three_hashes_revokes(store: RevocationStore, kind: HashKind) -> None:
    row = certificate("two")
    entry = {
        HashKind.UVCI: uvci_hash(row.uvci),
        HashKind.COUNTRY_UVCI: country_uvci_hash("VN", row.uvci),
        HashKind.SIGNATURE: signature_hash(row.signature),
    }[kind]
    assert store.revoke_hashes([Entry(kind, entry)], ACT) == 1
    assert store.revoke_hashes([Entry(kind, entry)], ACT) == 0
    assert store.is_listed(marks("two"))
    assert not store.is_listed(marks("one"))
    assert Entry(kind, entry) in store.standings(NOON).revoked


def test_author_and_reason_are_kept_and_never_published(store: RevocationStore) -> None:
    store.revoke_certificate(ONE.uvci, "one", ACT, None)
    store.revoke_kid(b"k" * 8, ACT)
    signer, one = store.recent(10)
    assert (one.act, one.named, one.facility) == (ACT, ONE.uvci, "BVTHU")
    assert (signer.target, signer.named, signer.result_id) == (Target.KID, "6b" * 8, "")
    assert "nhầm" not in repr(store.standings(NOON).revoked)


def test_the_list_has_both_hashes_of_what_was_revoked_and_none_of_what_counts(
    store: RevocationStore,
) -> None:
    store.revoke_certificate(ONE.uvci, "one", ACT, None)
    found = store.standings(NOON)
    assert set(found.revoked) == {
        Entry(HashKind.SIGNATURE, signature_hash(ONE.signature), ONE.kid),
        Entry(HashKind.UVCI, uvci_hash(ONE.uvci), ONE.kid),
    }
    assert set(found.live) == marks("two").hashes


def test_an_expired_certificate_has_left_the_list(store: RevocationStore) -> None:
    store.revoke_certificate(ONE.uvci, "one", ACT, None)
    found = store.standings(ONE.expires_at)
    assert (found.revoked, list(found.live)) == ((), [])


def test_a_correction_reaches_the_list_like_a_revocation(
    store: RevocationStore, stores: Stores
) -> None:
    before = store.state()
    better = version("three", result("X-1"), number=2, supersedes="one", change=Change.CORRECTED)
    stores.intake.store("BVTHU", Origin("file"), [item(1, result_id="three")], [better], NOON)
    assert store.state() != before
    assert uvci_hash(ONE.uvci) in {entry.hash for entry in store.standings(NOON).revoked}
    assert stores.standings.standing(ONE.uvci) == "corrected"
    assert not store.revoke_certificate(ONE.uvci, "one", ACT, FAREWELL)


def test_every_act_changes_the_state_and_nothing_else_does(
    store: RevocationStore, stores: Stores
) -> None:
    states = [store.state()]
    keep(stores, "new", "X-9")
    assert store.state() == states[0]
    store.revoke_kid(b"k" * 8, ACT)
    states.append(store.state())
    store.revoke_hashes([Entry(HashKind.UVCI, bytes(16))], ACT)
    states.append(store.state())
    store.revoke_certificate(ONE.uvci, "one", ACT, None)
    states.append(store.state())
    assert len(set(states)) == 4
