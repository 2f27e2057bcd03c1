"""Revocation: the three hashes by which a certificate is named, and batches of them.

A hash is the first 16 bytes of SHA-256, over the UVCI, over country and UVCI, or over the
signature. Of an ECDSA signature only its first half (r) counts, because (r, n−s) verifies as
well as (r, s). No list says why: corrected and revoked look alike.
Source: EU DCC gateway, revocation (SHA256 "UCI", "COUNTRYCODEUCI", "SIGNATURE"); the test
vectors of Corona-Warn-App.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from core.certificates.cascade import Cascade
from core.certificates.decode import ISSUER, Unverified
from core.certificates.trust import ES256

HASH_BYTES: Final = 16
LARGEST_BATCH: Final = 1000  # hashes


class HashKind(StrEnum):
    """What a hash is made of; the value stands in the published list as ``type``."""

    UVCI = "uvci"
    COUNTRY_UVCI = "country_uvci"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Marks:
    """By what a certificate may be revoked.

    Args:
        kid: Of its signer, which may be revoked as a whole.
        hashes: The three of each entry.
    """

    kid: bytes
    hashes: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Entry:
    """One revoked hash.

    Args:
        kid: Of the signer, where it is known.
    """

    kind: HashKind
    hash: bytes
    kid: bytes | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to ``LARGEST_BATCH`` hashes of one kind and signer.

    Args:
        entries: The hashes, sorted and joined.
    """

    kind: HashKind
    kid: bytes | None
    entries: bytes

    @property
    def id(self) -> str:
        """Its address: made from what it holds, so that it never changes."""
        return sha256(self.entries).digest()[:HASH_BYTES].hex()

    def to_json(self) -> dict[str, object]:
        """How the revocations document announces it."""
        return {
            "id": self.id,
            "kid": b64encode(self.kid).decode() if self.kid is not None else None,
            "type": self.kind.value,
            "count": len(self.entries) // HASH_BYTES,
        }


def uvci_hash(uvci: str) -> bytes:
    """By the identifier alone."""
    return _half(uvci.encode())


def country_uvci_hash(country: str, uvci: str) -> bytes:
    """By the issuer's country (claim 1) and the identifier."""
    return _half((country + uvci).encode())


def signature_hash(signature: bytes, *, ecdsa: bool = True) -> bytes:
    """By the signature: r of ECDSA, else all of it."""
    return _half(signature[: len(signature) // 2] if ecdsa else signature)


def marks_of(contents: Unverified, uvcis: Sequence[str]) -> Marks:
    """The marks of a certificate whose signature has been verified."""
    country = contents.contents.get(ISSUER)
    country = country if isinstance(country, str) else ""
    hashes = {signature_hash(contents.signature, ecdsa=contents.algorithm == ES256)}
    for uvci in uvcis:
        hashes |= {uvci_hash(uvci), country_uvci_hash(country, uvci)}
    return Marks(contents.kid, frozenset(hashes))


def in_batches(entries: Iterable[Entry]) -> list[Batch]:
    """Entries in batches that stay the same where nothing was added."""
    groups: dict[tuple[HashKind, bytes | None], set[bytes]] = {}
    for entry in entries:
        groups.setdefault((entry.kind, entry.kid), set()).add(entry.hash)
    order = sorted(groups, key=lambda group: (group[0], group[1] or b""))
    return [
        Batch(*group, b"".join(part)) for group in order for part in _split(sorted(groups[group]))
    ]


def members(
    kids: Iterable[bytes], cascade: Cascade, batches: Iterable[Batch]
) -> Mapping[str, object]:
    """What the revocations document adds to its head."""
    return {
        "kids": [b64encode(kid).decode() for kid in sorted(kids)],
        "filter": cascade.to_json(),
        "batches": [batch.to_json() for batch in batches],
    }


def _split(hashes: list[bytes], bit: int = 0) -> Iterator[list[bytes]]:
    """Halve by the next bit until a part fits: an addition changes the part it falls into."""
    if len(hashes) <= LARGEST_BATCH or bit == HASH_BYTES * 8:
        yield hashes
        return
    halves: tuple[list[bytes], list[bytes]] = ([], [])
    for each in hashes:
        halves[each[bit >> 3] >> (7 - (bit & 7)) & 1].append(each)
    for half in filter(None, halves):
        yield from _split(half, bit + 1)


def _half(data: bytes) -> bytes:
    return sha256(data).digest()[:HASH_BYTES]
