"""Hashes by which certificates are revoked, and the batches that carry them."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.certificates.cascade import build
from core.certificates.claims import Claims, read_claims
from core.certificates.decode import Unverified, decode
from core.certificates.revocations import (
    LARGEST_BATCH,
    Batch,
    Entry,
    HashKind,
    country_uvci_hash,
    in_batches,
    marks_of,
    members,
    signature_hash,
    uvci_hash,
)

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256


def opened(text: str) -> tuple[Unverified, Claims]:
    contents = decode(text)
    assert isinstance(contents, Unverified)
    claims = read_claims(contents)
    assert isinstance(claims, Claims)
    return contents, claims


def test_the_three_hashes_are_those_that_others_published(vectors: Path) -> None:
    (file,) = (vectors / "revocation").glob("*.json")
    published = json.loads(file.read_text("utf-8"))
    assert len(published) >= 3
    for vector in published:
        contents, claims = opened(vector["barcodeData"])
        expected = {
            bytes.fromhex(vector[name]) for name in ("expUCI", "expCOUNTRYCODEUCI", "expSIGNATURE")
        }
        assert marks_of(contents, claims.uvcis).hashes == expected, vector["description"]


def test_the_other_signature_of_the_same_key_has_the_same_hash(text: str) -> None:
    contents, _ = opened(text)
    r, s = contents.signature[:32], int.from_bytes(contents.signature[32:])
    other = r + (ORDER - s).to_bytes(32)
    assert other != contents.signature
    assert signature_hash(other) == signature_hash(contents.signature)


def test_of_an_rsa_signature_all_of_it_counts() -> None:
    one, other = b"a" * 128 + b"b" * 128, b"a" * 256
    assert signature_hash(one, ecdsa=False) != signature_hash(other, ecdsa=False)


def test_country_and_identifier_are_joined_as_they_stand() -> None:
    assert country_uvci_hash("VN", "URN:X") == sha256(b"VNURN:X").digest()[:16]
    assert uvci_hash("URN:ệ") == sha256("URN:ệ".encode()).digest()[:16]


def entries(count: int, name: str = "x", kid: bytes | None = b"k" * 8) -> list[Entry]:
    return [Entry(HashKind.UVCI, uvci_hash(f"{name}{number}"), kid) for number in range(count)]


@given(st.integers(0, 5000))
def test_batches_hold_every_entry_once_sorted_and_never_too_many(count: int) -> None:
    every = entries(count)
    batches = in_batches(every * 2)
    found = [b.entries[i : i + 16] for b in batches for i in range(0, len(b.entries), 16)]
    assert sorted(found) == sorted({entry.hash for entry in every})
    for batch in batches:
        held = [batch.entries[i : i + 16] for i in range(0, len(batch.entries), 16)]
        assert held == sorted(held)
        assert len(held) <= LARGEST_BATCH
    assert len({batch.id for batch in batches}) == len(batches)


def test_an_addition_changes_only_the_batch_it_falls_into() -> None:
    before = {batch.id for batch in in_batches(entries(5000))}
    after = {batch.id for batch in in_batches([*entries(5000), *entries(1, "new")])}
    assert len(before - after) <= 1
    assert len(before) >= 5


def test_batches_are_apart_by_signer_and_kind() -> None:
    mixed = [*entries(2), *entries(2, kid=None), Entry(HashKind.SIGNATURE, bytes(16), b"k" * 8)]
    found = {(batch.kind, batch.kid) for batch in in_batches(mixed)}
    assert found == {
        (HashKind.UVCI, b"k" * 8), (HashKind.UVCI, None), (HashKind.SIGNATURE, b"k" * 8),
    }  # fmt: skip


def test_a_batch_is_named_after_what_it_holds() -> None:
    batch = Batch(HashKind.UVCI, None, bytes(32))
    assert batch.id == sha256(bytes(32)).hexdigest()[:32]
    assert batch.to_json() == {"id": batch.id, "kid": None, "type": "uvci", "count": 2}


def test_no_reason_is_published() -> None:
    published = members([b"k" * 8], build({bytes(16)}, []), in_batches(entries(1)))
    assert set(published) == {"kids", "filter", "batches"}
    assert published["kids"] == ["a2tra2tra2s="]


@pytest.mark.parametrize("kind", HashKind)
def test_the_kinds_are_the_words_of_the_published_list(kind: HashKind) -> None:
    assert kind.value in ("uvci", "country_uvci", "signature")
