"""When documents are made anew."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.certificates.anchor import Anchor
from core.certificates.authority import CertifiedKey, create_list_signer
from core.certificates.documents import LEEWAY, Document, DocumentType, read
from core.certificates.publishing import (
    Content,
    ListSigner,
    Published,
    Publishing,
    Source,
    fixed,
)
from core.certificates.revocations import Batch, HashKind
from tests.core.certificates.conftest import NOON
from tests.core.certificates.fakes import MemoryPublications

RULES, REVOCATIONS = DocumentType.RULES, DocumentType.REVOCATIONS
LIFE = timedelta(hours=12)
BATCH = Batch(HashKind.UVCI, None, bytes(16))


class Office:
    """A publishing with a clock and a state that tests move."""

    def __init__(self, csca: CertifiedKey) -> None:
        self.now, self.state = NOON, "a"
        self.gathered = 0
        self.signers = [self.signer_of(csca), self.signer_of(csca)]
        self.shelf = MemoryPublications()
        self.publishing = Publishing(
            self.shelf,
            {RULES: fixed(lambda: {"rule_sets": [self.state]}, LIFE),
             REVOCATIONS: Source(lambda: self.state, self.gather, LIFE)},
            lambda: self.signers[0] if self.signers else None,
            "Sở Y tế",
            lambda: self.now,
        )  # fmt: skip

    @staticmethod
    def signer_of(csca: CertifiedKey) -> ListSigner:
        made = create_list_signer(csca, "Cơ quan Mẫu", not_before=NOON - timedelta(days=1))
        return ListSigner(made.signer(), made.der)

    def gather(self) -> Content:
        self.gathered += 1
        return Content({"kids": []}, (BATCH,))


@pytest.fixture
def office(csca: CertifiedKey) -> Office:
    return Office(csca)


def test_the_first_round_publishes_and_the_second_has_nothing_to_do(office: Office) -> None:
    assert office.publishing.round() == [RULES, REVOCATIONS]
    assert office.publishing.round() == []
    assert office.shelf.batches == [BATCH]


def test_what_is_published_is_what_a_reader_accepts(office: Office, csca: CertifiedKey) -> None:
    office.publishing.round()
    published = office.shelf.kept[RULES]
    found = read(published.text.encode(), RULES, Anchor.read(csca.der), at=NOON)
    assert isinstance(found, Document)
    assert (found.content["rule_sets"], found.issuer) == (["a"], "Sở Y tế")
    assert (found.version, found.expires_at) == (published.version, NOON + LIFE)


def test_a_change_is_published_at_once_with_a_greater_version(office: Office) -> None:
    office.publishing.round()
    before = office.shelf.kept[RULES]
    office.state = "b"
    assert office.publishing.round() == [RULES, REVOCATIONS]
    after = office.shelf.kept[RULES]
    assert after.version == before.version + 1
    assert after.etag != before.etag


def test_without_a_change_a_third_of_the_life_passes(office: Office) -> None:
    office.publishing.round()
    office.now = NOON + LIFE / 3 - timedelta(seconds=1)
    assert office.publishing.round() == []
    assert office.gathered == 1
    office.now = NOON + LIFE / 3
    assert office.publishing.round() == [RULES, REVOCATIONS]


def test_after_a_clock_that_ran_ahead_publishing_goes_on_at_once(
    office: Office, csca: CertifiedKey
) -> None:
    office.now = NOON + timedelta(days=365)
    office.publishing.round()
    ahead = office.shelf.kept[RULES]
    office.now = NOON
    assert office.publishing.round() == [RULES, REVOCATIONS]
    assert office.publishing.round() == []
    published, anchor = office.shelf.kept[RULES], Anchor.read(csca.der)
    assert published.version == ahead.version + 1
    found = read(published.text.encode(), RULES, anchor, at=NOON, seen=ahead.version)
    assert isinstance(found, Document)


def test_a_clock_within_the_leeway_of_readers_publishes_nothing_anew(office: Office) -> None:
    office.publishing.round()
    office.now = NOON - LEEWAY
    assert office.publishing.round() == []


def test_another_signer_signs_everything_anew(office: Office) -> None:
    office.publishing.round()
    office.signers.pop(0)
    assert office.publishing.round() == [RULES, REVOCATIONS]


def test_without_a_signer_the_old_documents_stay(office: Office) -> None:
    office.publishing.round()
    kept = dict(office.shelf.kept)
    office.signers.clear()
    office.state = "b"
    assert office.publishing.round() == []
    assert office.shelf.kept == kept


def test_after_a_restore_versions_go_on_above_what_readers_saw(office: Office) -> None:
    office.publishing.round()
    seen = office.shelf.kept[RULES].version
    office.shelf.kept.clear()
    office.now = NOON + timedelta(minutes=1)
    office.publishing.round()
    assert office.shelf.kept[RULES].version > seen


def test_who_comes_second_with_a_version_gives_way(office: Office) -> None:
    office.publishing.round()
    latest = office.shelf.kept[REVOCATIONS]

    def slow_gathering() -> Content:
        office.shelf.kept[REVOCATIONS] = other
        return Content({})

    other = Published(REVOCATIONS, latest.version + 1, NOON, NOON + LIFE, "x", "theirs")
    late = Publishing(
        office.shelf, {REVOCATIONS: Source(lambda: "new", slow_gathering, LIFE)},
        office.publishing.signer, "", lambda: NOON,
    )  # fmt: skip
    assert late.round() == []
    assert office.shelf.kept[REVOCATIONS] is other
