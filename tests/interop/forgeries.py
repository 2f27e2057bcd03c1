"""Forgeries of a certificate of ours: what somebody would try who has no key."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import cbor2

from core.certificates import base45
from core.certificates.authority import CertifiedKey, create_csca, create_dsc
from core.certificates.issue import PREFIX


def forgeries(text: str, dsc: CertifiedKey) -> Mapping[str, str]:
    """Texts that no verifier that trusts ``dsc`` alone may accept, by what was done."""
    message = opened(text)
    protected, unprotected, payload, signature = message
    stranger = create_dsc(
        create_csca("Giả", not_before=dsc.certificate.not_valid_before_utc),
        "Giả",
        not_before=dsc.certificate.not_valid_before_utc,
    )
    signed_by_stranger = stranger.signer().sign(to_be_signed(protected, payload))
    return {
        "another outcome": closed([protected, unprotected, altered(payload, "tr"), signature]),
        "another name": closed([protected, unprotected, renamed(payload), signature]),
        "another key under the same kid": closed(
            [protected, unprotected, payload, signed_by_stranger]
        ),
        "a damaged signature": closed([protected, unprotected, payload, flipped(signature)]),
        "no signature": closed([protected, unprotected, payload, b""]),
        "no algorithm": closed([cbor2.dumps({4: dsc.kid}), unprotected, payload, signature]),
        "another algorithm": closed(
            [cbor2.dumps({1: -37, 4: dsc.kid}), unprotected, payload, signature]
        ),
    }


def opened(text: str) -> list[Any]:
    """The four parts of the signed message."""
    found = cbor2.loads(zlib.decompress(base45.decode(text.removeprefix(PREFIX))))
    return list(found.value)


def closed(parts: list[Any]) -> str:
    """The text of such a message."""
    message = cbor2.dumps(cbor2.CBORTag(18, parts))
    return PREFIX + base45.encode(zlib.compress(message, 9))


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure (RFC 9052 section 4.4)."""
    return cbor2.dumps(["Signature1", protected, b"", payload])


def altered(payload: bytes, field: str) -> bytes:
    """The payload with another value in the test."""
    claims = cbor2.loads(payload)
    entry = claims[-260][1]["t"][0]
    entry[field] = "260373001" if entry[field] == "260415000" else "260415000"
    return cbor2.dumps(claims)


def renamed(payload: bytes) -> bytes:
    """The payload of somebody else."""
    claims = cbor2.loads(payload)
    claims[-260][1]["nam"]["gn"] = "Ai Khác"
    return cbor2.dumps(claims)


def flipped(signature: bytes) -> bytes:
    """The signature with its last bit changed."""
    return signature[:-1] + bytes([signature[-1] ^ 1])
