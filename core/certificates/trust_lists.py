"""Trust lists: ours as it is published, and lists of others as they publish theirs.

Read are: documents of this product; EU-style JSON behind a line with a signature over it, as
national verifier back ends serve it (``{"certificates": […]}``); and EU-style JSON without a
signature (the gateway's array, or the same object), of which only the document signers count
that the anchor certified. Such JSON has no version and no end, so an old copy can't be told.
Source: EU DCC gateway 1.x, ``/trustList`` (``kid``, ``country``, ``certificateType``,
``rawData``); the "DSC list" of the German back end (P-256, r and s joined, base64).
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from core.certificates.anchor import Anchor, open_strictly
from core.certificates.documents import MAX_BYTES, DocumentType, Refusal, read, type_of
from core.certificates.signing import kid_of

_SIGNATURE_LINE: Final = 1024  # characters; a raw ES256 signature has 88
_ES256 = ec.ECDSA(SHA256())


@dataclass(frozen=True, slots=True)
class ForeignList:
    """The certificates of a list that its anchor vouches for.

    Args:
        version: Of a document of this product; None for EU-style JSON.
        certificates: DER.
        left_out: Entries that are no certificate, or that nobody vouches for.
    """

    version: int | None
    certificates: tuple[bytes, ...]
    left_out: int = 0


def members(own: Iterable[bytes], imported: Iterable[bytes]) -> Mapping[str, object]:
    """What our trust list adds to its head: our document signers, then those of others."""
    ours = list(own)
    entries = [_entry(der) | {"own": True} for der in ours]
    entries += [_entry(der) for der in imported if der not in ours]
    return {"certificates": entries}


def read_list(data: bytes, anchor: Anchor, *, at: datetime, seen: int = 0) -> ForeignList | Refusal:
    """Read a trust list of either kind.

    Args:
        at: Aware time of the check.
        seen: The highest version that was accepted under this anchor.
    """
    if type_of(data) is None:
        return _eu_style(data, anchor)
    document = read(data, DocumentType.TRUST_LIST, anchor, at=at, seen=seen)
    if isinstance(document, Refusal):
        return document
    entries = document.content.get("certificates")
    found = [_decoded(each, "der") for each in _maps(entries)]
    return _list(document.version, found)


def _eu_style(data: bytes, anchor: Anchor) -> ForeignList | Refusal:
    first, newline, rest = data.partition(b"\n")
    if len(data) > MAX_BYTES:
        return Refusal.UNREADABLE
    if newline and not first.lstrip().startswith((b"{", b"[")):
        signed = _line_verifies(first, rest, anchor)
        return _entries_of(rest, None) if signed else Refusal.BAD_SIGNATURE
    return _entries_of(data, anchor)


def _entries_of(text: bytes, anchor: Anchor | None) -> ForeignList | Refusal:
    """The document signers of a JSON list; those of ``anchor`` only, where it is given."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return Refusal.UNREADABLE
    entries = document.get("certificates") if isinstance(document, Mapping) else document
    if not isinstance(entries, list):
        return Refusal.UNREADABLE
    signers = [each for each in _maps(entries) if each.get("certificateType", "DSC") == "DSC"]
    found = [_vouched(_decoded(each, "rawData"), anchor) for each in signers]
    if anchor is not None and not any(found):
        return Refusal.UNKNOWN_SIGNER
    return _list(None, found)


def _vouched(der: bytes | None, anchor: Anchor | None) -> bytes | None:
    if der is None or anchor is None:
        return der
    certificate = open_strictly(der)
    return der if certificate is not None and anchor.certified(certificate) else None


def _line_verifies(line: bytes, text: bytes, anchor: Anchor) -> bool:
    """Whether the first line is the anchor's ES256 signature over the rest, raw or DER."""
    if not isinstance(anchor.key, ec.EllipticCurvePublicKey) or len(line) > _SIGNATURE_LINE:
        return False
    try:
        signature = b64decode(line.strip(), validate=True)
        if len(signature) == 64:  # noqa: PLR2004  (r and s, of 32 bytes each)
            numbers = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
            signature = encode_dss_signature(*numbers)
        anchor.key.verify(signature, text, _ES256)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _list(version: int | None, found: list[bytes | None]) -> ForeignList:
    good = tuple(dict.fromkeys(der for der in found if der is not None))
    return ForeignList(version, good, found.count(None))


def _maps(entries: object) -> Iterator[Mapping[str, object]]:
    if isinstance(entries, list):
        yield from (each for each in entries if isinstance(each, Mapping))


def _decoded(entry: Mapping[str, object], name: str) -> bytes | None:
    try:
        return b64decode(str(entry.get(name)), validate=True) or None
    except ValueError:
        return None


def _entry(der: bytes) -> dict[str, object]:
    return {"kid": b64encode(kid_of(der)).decode(), "der": b64encode(der).decode()}
