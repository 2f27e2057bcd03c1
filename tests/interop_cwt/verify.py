"""Verify certificates with PyPI's cwt, which shares no code with ours.

stdin: {"texts": ["HC1:…"], "pem": "…"}; stdout: [{"claims": …} or {"error": …}].
Runs in an environment of its own, because cwt wants another cbor2 than the product.
"""

from __future__ import annotations

import json
import sys
import zlib

import cwt

_BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def base45(text: str) -> bytes:
    """Decode by the book: RFC 9285 section 4."""
    decoded = bytearray()
    for start in range(0, len(text), 3):
        digits = [_BASE45.index(character) for character in text[start : start + 3]]
        number = sum(digit * 45**place for place, digit in enumerate(digits))
        decoded += number.to_bytes(2 if len(digits) == 3 else 1, "big")
    return bytes(decoded)


def check(text: str, key: cwt.COSEKey) -> dict[str, object]:
    """What cwt says of one certificate."""
    try:
        data = base45(text.removeprefix("HC1:"))
        claims = cwt.decode(zlib.decompress(data), keys=[key])
    except Exception as error:  # noqa: BLE001  (whatever it raises is its refusal)
        return {"error": type(error).__name__}
    return {"claims": {str(number): value for number, value in claims.items()}}


def main() -> None:
    """Answer for every text."""
    asked = json.load(sys.stdin)
    key = cwt.load_pem_hcert_dsc(asked["pem"])
    json.dump([check(text, key) for text in asked["texts"]], sys.stdout, default=str)


main()
