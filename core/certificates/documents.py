"""Signed static documents: trust list, revocations and rules, each one compact JWS.

A reader pins an anchor and refuses whatever it can't vouch for: another signer, another type,
another algorithm, an older version than it has seen, a document from the future or one that
has ended. The time is taken once by the caller; nothing here asks a server.
Source: RFC 7515 (JWS), RFC 7518 section 3.4 (ES256), RFC 8725 (algorithm and type are fixed by
the reader, never chosen by the document).
"""

from __future__ import annotations

import binascii
import json
import math
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

import jwt
from cryptography import x509

from core.certificates.anchor import Anchor, in_force, may_sign_data, open_strictly, usages
from core.certificates.authority import LIST_USAGE
from core.certificates.signing import Signer

MAX_BYTES: Final = 32 * 1024 * 1024
"""A document with a million revocations has about 5 MB."""
LEEWAY: Final = timedelta(minutes=5)
MEDIA_TYPE: Final = "application/jose"
_ALGORITHM: Final = "ES256"
_MAX_HEADER: Final = 16 * 1024
_LATEST_SECOND: Final = 253_402_300_799  # the end of the year 9999
_BROKEN = (ValueError, RecursionError, jwt.InvalidTokenError, binascii.Error)


class DocumentType(StrEnum):
    """What a document is; the value stands in the protected header as ``typ``."""

    TRUST_LIST = "ketqua-trust-list"
    REVOCATIONS = "ketqua-revocations"
    RULES = "ketqua-rules"


class Refusal(StrEnum):
    """Why a document is refused, in the order of the checks."""

    UNREADABLE = "unreadable"
    WRONG_ALGORITHM = "wrong_algorithm"
    WRONG_TYPE = "wrong_type"
    UNKNOWN_SIGNER = "unknown_signer"
    WRONG_KEY_USAGE = "wrong_key_usage"
    BAD_SIGNATURE = "bad_signature"
    SIGNER_NOT_IN_FORCE = "signer_not_in_force"
    VERSION_ROLLBACK = "version_rollback"
    ISSUED_LATER = "issued_later"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Document:
    """A document whose signer is known and that is in force.

    Args:
        issued_at: Aware UTC, as ``expires_at``.
        content: Every member of the payload.
    """

    kind: DocumentType
    version: int
    issued_at: datetime
    expires_at: datetime
    issuer: str
    content: Mapping[str, object]


def write(kind: DocumentType, payload: Mapping[str, object], signer: Signer, der: bytes) -> str:
    """Sign a document.

    Args:
        payload: With ``version``, ``iat``, ``exp`` and ``iss``.
        der: The signer's certificate.
    """
    header = {"alg": _ALGORITHM, "typ": kind.value, "x5c": [b64encode(der).decode()]}
    signed = f"{_part(_compact(header))}.{_part(_compact(payload))}"
    return f"{signed}.{_part(signer.sign(signed.encode()))}"


def read(
    data: bytes, kind: DocumentType, anchor: Anchor, *, at: datetime, seen: int = 0
) -> Document | Refusal:
    """Read a document.

    Args:
        at: Aware time of the check.
        seen: The highest version of this type that this reader has accepted under this anchor.
    """
    header = _header(data)
    if isinstance(header, Refusal):
        return header
    refused = _wrong_kind(header, kind)
    if refused:
        return refused
    signer = _signer(header, anchor)
    if isinstance(signer, Refusal):
        return signer
    payload = _payload(data, signer)
    if isinstance(payload, Refusal):
        return payload
    document = _document(kind, payload)
    if document is None:
        return Refusal.UNREADABLE
    return _untimely(document, signer, anchor, at, seen) or document


def type_of(data: bytes) -> DocumentType | None:
    """What a document says it is, before anything is checked; None where it is no JWS."""
    header = _header(data)
    try:
        return DocumentType(str(header.get("typ"))) if isinstance(header, Mapping) else None
    except ValueError:
        return None


def _header(data: bytes) -> Mapping[str, object] | Refusal:
    encoded, dot, _ = data[: _MAX_HEADER + 1].partition(b".")
    if len(data) > MAX_BYTES or not dot or data.count(b".") != 2:  # noqa: PLR2004
        return Refusal.UNREADABLE
    try:
        header = json.loads(b64decode(encoded + b"=" * (-len(encoded) % 4), altchars=b"-_"))
    except _BROKEN:
        return Refusal.UNREADABLE
    return header if isinstance(header, Mapping) else Refusal.UNREADABLE


def _wrong_kind(header: Mapping[str, object], kind: DocumentType) -> Refusal | None:
    if header.get("alg") != _ALGORITHM:
        return Refusal.WRONG_ALGORITHM
    if header.get("typ") != kind.value:
        return Refusal.WRONG_TYPE
    # Extensions that must be understood, and another encoding of the payload: we know none.
    return Refusal.UNREADABLE if {"crit", "b64"} & header.keys() else None


def _signer(header: Mapping[str, object], anchor: Anchor) -> x509.Certificate | Refusal:
    """The signer's certificate, if it is the anchor or certified by it, and may sign lists."""
    chain = header.get("x5c")
    try:
        encoded = chain[0] if isinstance(chain, list) else None
        certificate = open_strictly(b64decode(str(encoded), validate=True))
    except (IndexError, ValueError):
        return Refusal.UNREADABLE
    if certificate is None:
        return Refusal.UNREADABLE
    if not (anchor.is_same(certificate) or anchor.certified(certificate)):
        return Refusal.UNKNOWN_SIGNER
    if usages(certificate) != {LIST_USAGE} or not may_sign_data(certificate):
        return Refusal.WRONG_KEY_USAGE
    return certificate


def _payload(data: bytes, signer: x509.Certificate) -> Mapping[str, object] | Refusal:
    try:
        opened = jwt.PyJWS().decode(data, signer.public_key(), algorithms=[_ALGORITHM])  # type: ignore[arg-type]
    except jwt.InvalidSignatureError:
        return Refusal.BAD_SIGNATURE
    except _BROKEN:
        return Refusal.UNREADABLE
    try:
        payload = json.loads(opened)
    except _BROKEN:
        return Refusal.UNREADABLE
    return payload if isinstance(payload, Mapping) else Refusal.UNREADABLE


def _document(kind: DocumentType, payload: Mapping[str, object]) -> Document | None:
    version, issuer = payload.get("version"), payload.get("iss")
    issued, expires = _second(payload.get("iat")), _second(payload.get("exp"))
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        return None
    if issued is None or expires is None or not isinstance(issuer, str):
        return None
    from_to = datetime.fromtimestamp(issued, UTC), datetime.fromtimestamp(expires, UTC)
    return Document(kind, version, *from_to, issuer, payload)


def _second(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return value if 0 <= value <= _LATEST_SECOND else None


def _untimely(
    document: Document, signer: x509.Certificate, anchor: Anchor, at: datetime, seen: int
) -> Refusal | None:
    chain = [signer, *([anchor.certificate] if anchor.certificate else [])]
    if not all(in_force(each, document.issued_at) for each in chain):
        return Refusal.SIGNER_NOT_IN_FORCE
    if document.version < seen:
        return Refusal.VERSION_ROLLBACK
    if document.issued_at > at + LEEWAY:
        return Refusal.ISSUED_LATER
    return Refusal.EXPIRED if document.expires_at < at else None


def _compact(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _part(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
