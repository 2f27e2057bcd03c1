"""The desk where staff revoke: what is kept, audited and told."""

from __future__ import annotations

from dataclasses import replace

from core.certificates.revocations import Entry, HashKind
from core.certificates.revoking import LONGEST_REASON, Outcome, RevocationDesk
from core.messages.templates import Template
from core.ports import ShelfItem
from tests.core.certificates.fakes import MemoryRevocations
from tests.core.onboarding.fakes import MemoryAudit
from tests.sms.fakes import World, make_keys

WORLD = World(make_keys())


class Counter:
    """A desk over memory, with one result of a person with a phone."""

    def __init__(self) -> None:
        self.revocations, self.audit = MemoryRevocations(), MemoryAudit()
        self.desk = RevocationDesk(self.revocations, self.audit, WORLD.clock, WORLD.random)
        self.item = WORLD.release()

    def revoke(self, item: ShelfItem | None = None, reason: str = "mixed up") -> Outcome:
        return self.desk.revoke(item or self.item, actor="van", reason=reason)


def test_a_revocation_is_kept_audited_and_told_once() -> None:
    counter = Counter()
    assert [counter.revoke(), counter.revoke()] == [Outcome.REVOKED, Outcome.ALREADY]
    (entry,) = counter.audit.entries
    assert (entry.actor, entry.action, entry.detail) == ("van", "certificate_revoked", "mixed up")
    assert entry.subject == counter.item.result_id
    (message,) = counter.revocations.messages
    assert message.template is Template.REVOKED
    assert message.dedupe_key == f"result:{counter.item.result_id}:1:revoked"
    assert counter.item.short_code in message.text
    assert "mixed up" not in message.text


def test_without_a_certificate_there_is_nothing_to_revoke() -> None:
    counter = Counter()
    bare = replace(counter.item, uvci=None, certificate=None)
    assert counter.revoke(bare) is Outcome.NO_CERTIFICATE
    assert counter.audit.entries == []


def test_what_is_still_owed_is_revoked_told_and_audited_like_any_other() -> None:
    counter = Counter()
    owed = replace(counter.item, uvci=None, certificate=None)
    counter.revocations.owing = {owed.result_id}
    sensitive = replace(owed, result_id="another")
    assert counter.desk.revocable([owed, sensitive, counter.item]) == [owed, counter.item]
    assert counter.revoke(owed) is Outcome.REVOKED
    assert counter.revoke(owed) is Outcome.NO_CERTIFICATE
    (entry,) = counter.audit.entries
    assert (entry.action, entry.subject) == ("certificate_revoked", owed.result_id)
    (message,) = counter.revocations.messages
    assert message.template is Template.REVOKED
    assert counter.desk.revocable([owed]) == []


def test_without_a_phone_nobody_is_told() -> None:
    counter = Counter()
    person = replace(counter.item.result.person, phone="")
    alone = replace(counter.item, result=replace(counter.item.result, person=person))
    assert counter.revoke(alone) is Outcome.REVOKED
    assert counter.revocations.messages == []


def test_a_reason_is_short_and_steers_no_terminal() -> None:
    counter = Counter()
    counter.revoke(reason="  \x1b[2Jnul\x00 " + "x" * 500)
    (kept,) = counter.revocations.recent(1)
    assert kept.act.reason.startswith("\N{REPLACEMENT CHARACTER}[2Jnul")
    assert kept.act.reason.isprintable()
    assert len(kept.act.reason) == LONGEST_REASON


def test_signers_and_hashes_are_audited_when_they_are_new() -> None:
    counter = Counter()
    entry = Entry(HashKind.UVCI, bytes(16))
    for _ in range(2):
        counter.desk.revoke_kid(b"k" * 8, actor="son", reason="copied")
        counter.desk.revoke_hashes([entry], actor="son", reason="list")
    noted = [(each.action, each.subject) for each in counter.audit.entries]
    assert noted == [("signer_revoked", "6b" * 8), ("hashes_revoked", "1")]
