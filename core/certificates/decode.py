"""From the text of a QR code to unverified contents, in named steps.

prefix → base45 → zlib → cose → cbor; the compact profile has no zlib. Each step is bounded and
ends in a value: the contents, or ``Malformed`` with the step that failed. Nothing here is
verified; ``Unverified`` is a type of its own so that nobody takes it for ``Claims``. Real
deviations are accepted: an array without tag 18, a CWT tag 61 around it, the kid and the
algorithm in either header.
Source: hcert-spec 1.3.0 section 4; RFC 9052 sections 3 and 4.2; RFC 8392.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cbor2

from core.certificates import base45, cbor
from core.certificates.issue import PREFIX
from core.certificates.private import CLAIM

COMPACT_PREFIX: Final = "KQ1:"
PREFIXES: Final = (PREFIX, COMPACT_PREFIX)
MAX_TEXT: Final = 8 * 1024
"""Characters; the largest QR code holds 4,296."""

ISSUER, EXPIRES, ISSUED, HEALTH, COMPACT = 1, 4, 6, -260, -261
_SIGN1_PARTS = 4
_ALGORITHM, _CRITICAL, _KID = 1, 2, 4
_ENVELOPE_TAGS = frozenset({18, 61, 55799})  # COSE_Sign1, CWT, self-described CBOR
_EPOCH_TAG = frozenset({1})
_LATEST_SECOND = 253_402_300_799  # the end of the year 9999, the last that datetime can hold
_LINE_BREAKS = str.maketrans("", "", "\r\n\t")  # of a pasted text; never part of base45


class Step(StrEnum):
    """Steps of reading a certificate, in order."""

    IMAGE = "image"
    PREFIX = "prefix"
    BASE45 = "base45"
    ZLIB = "zlib"
    COSE = "cose"
    CBOR = "cbor"
    CLAIMS = "claims"


@dataclass(frozen=True, slots=True)
class Malformed:
    """What can't be read: at which step, and a code word for why."""

    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class Unverified:
    """Contents of a certificate that nobody has vouched for yet.

    Args:
        kid: Empty when neither header has one that is bytes.
        algorithm: COSE number, or None when neither header has one.
        contents: The CWT's claims, not looked at yet.
        issued_second: Claim 6 as seconds since 1970, or None when unusable.
        expires_second: Claim 4 likewise.
        compact: Came with the prefix of the compact profile.
    """

    protected: bytes
    payload: bytes
    signature: bytes
    kid: bytes
    algorithm: int | None
    contents: Mapping[object, object]
    issued_second: float | None
    expires_second: float | None
    compact: bool = False

    @property
    def to_be_verified(self) -> bytes:
        """The bytes that the signature covers (Sig_structure)."""
        return cbor2.dumps(["Signature1", self.protected, b"", self.payload])


class _Broken(Exception):
    """Ends decoding; a value again before it leaves this module."""

    def __init__(self, step: Step, reason: str) -> None:
        super().__init__(step, reason)
        self.step = step
        self.reason = reason


def decode(text: str) -> Unverified | Malformed:
    """Read the text of a QR code.

    Args:
        text: As scanned or pasted; line breaks in it are ignored.
    """
    try:
        prefix, encoded = _parted(text)
        if prefix == COMPACT_PREFIX:
            return _unwrapped(_bytes_of(encoded), compact=True)
        return _unwrapped(_inflated(_bytes_of(encoded)))
    except _Broken as broken:
        return Malformed(broken.step, broken.reason)


def _parted(text: str) -> tuple[str, str]:
    """The prefix and what follows it."""
    if len(text) > MAX_TEXT:
        raise _Broken(Step.PREFIX, "too_long")
    broken = "\n" in text or "\r" in text or "\t" in text
    joined = (text.translate(_LINE_BREAKS) if broken else text).lstrip()
    if not joined.startswith(PREFIXES):
        raise _Broken(Step.PREFIX, "not_a_certificate")
    return joined[: len(PREFIX)], joined[len(PREFIX) :]


def _bytes_of(encoded: str) -> bytes:
    try:
        return base45.decode(encoded)
    except ValueError as error:
        raise _Broken(Step.BASE45, "unreadable") from error


def _inflated(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        inflated = stream.decompress(data, cbor.MAX_BYTES + 1)
    except zlib.error as error:
        raise _Broken(Step.ZLIB, "unreadable") from error
    if len(inflated) > cbor.MAX_BYTES:
        raise _Broken(Step.ZLIB, "expands_too_far")
    if not stream.eof:
        raise _Broken(Step.ZLIB, "truncated")
    return inflated


def _unwrapped(cose: bytes, *, compact: bool = False) -> Unverified:
    """Open the COSE_Sign1 message and the CWT in it."""
    message = cbor.untagged(_read(Step.COSE, cose), _ENVELOPE_TAGS)
    protected, unprotected, payload, signature = _parts(message)
    headers = _headers(protected)
    contents = _contents(payload, COMPACT) if compact else _contents(payload, HEALTH, 1, CLAIM)
    return Unverified(
        protected=protected,
        payload=payload,
        signature=signature,
        kid=_kid(headers.get(_KID, unprotected.get(_KID))),
        algorithm=_integer(headers.get(_ALGORITHM, unprotected.get(_ALGORITHM))),
        contents=contents,
        issued_second=usable_second(contents.get(ISSUED)),
        expires_second=usable_second(contents.get(EXPIRES)),
        compact=compact,
    )


def _parts(message: object) -> tuple[bytes, Mapping[object, object], bytes, bytes]:
    if isinstance(message, list | tuple) and len(message) == _SIGN1_PARTS:
        protected, unprotected, payload, signature = message
        texts = (protected, payload, signature)
        if cbor.is_map(unprotected) and all(type(text) is bytes for text in texts):
            return protected, unprotected, payload, signature
    raise _Broken(Step.COSE, "not_a_signed_message")


def _headers(protected: bytes) -> Mapping[object, object]:
    headers = _read(Step.COSE, protected) if protected else {}
    if not cbor.is_map(headers):
        raise _Broken(Step.COSE, "not_a_signed_message")
    if _CRITICAL in headers:  # it names headers that must be understood, and we know none
        raise _Broken(Step.COSE, "critical_header")
    return headers


def _contents(payload: bytes, claim: int, *members: int) -> Mapping[object, object]:
    """The CWT's claims; the profile's own, and ``members`` of it, must at least be maps."""
    contents = _read(Step.CBOR, payload)
    if not cbor.is_map(contents):
        raise _Broken(Step.CBOR, "not_a_map")
    own = contents.get(claim, {})
    if not cbor.is_map(own):
        raise _Broken(Step.CBOR, "not_a_map")
    if not all(cbor.is_map(own.get(member, {})) for member in members):
        raise _Broken(Step.CBOR, "not_a_map")
    return contents


def _read(step: Step, data: bytes) -> object:
    try:
        return cbor.read(data)
    except ValueError as error:
        raise _Broken(step, str(error)) from error


def _kid(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def usable_second(value: object) -> float | None:
    """A NumericDate that datetime can hold, or None. NaN fails every comparison."""
    number = cbor.untagged(value, _EPOCH_TAG)
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    usable = 0 <= number <= _LATEST_SECOND and not math.isnan(number)
    return number if usable else None
