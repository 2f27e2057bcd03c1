"""UVCI: the identifier that a certificate carries and a revocation names.

``URN:UVCI:01:VN:<opaque>#<check>``: the opaque part is random, so that an identifier says
nothing about the person and can't be guessed. Verifiers do not enforce check characters of
others: published certificates differ in how they computed theirs.
Source: eHealth Network, verifiable vaccination certificates, Annex 2 (UVCI), option 3;
Luhn mod N over ``A-Z0-9/:``.
"""

from __future__ import annotations

from base64 import b32decode, b32encode
from typing import Final

PREFIX: Final = "URN:UVCI:01:VN:"
RANDOM_BYTES: Final = 10
"""80 bits: a billion identifiers collide with a chance of less than one in a million."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:"
_SIZE = len(_ALPHABET)
# What each character adds to the sum, as tables: a quarter of the time of a loop.
_PLAIN = bytearray(256)
_DOUBLED = bytearray(256)
for _value, _character in enumerate(_ALPHABET.encode()):
    _PLAIN[_character] = _value
    _DOUBLED[_character] = 2 * _value // _SIZE + 2 * _value % _SIZE


def new_uvci(random_bytes: bytes) -> str:
    """Make an identifier.

    Args:
        random_bytes: At least ``RANDOM_BYTES`` from a cryptographic source.

    Returns:
        33 characters for 10 bytes.

    Raises:
        ValueError: fewer bytes than that.
    """
    if len(random_bytes) < RANDOM_BYTES:
        message = f"a UVCI needs {RANDOM_BYTES} random bytes"
        raise ValueError(message)
    body = PREFIX + b32encode(random_bytes).decode("ascii").rstrip("=")
    return f"{body}#{check_character(body)}"


def serial_of(uvci: str) -> bytes:
    """The random bytes of an identifier that ``new_uvci`` made.

    Raises:
        ValueError: it is another's.
    """
    opaque = uvci.removeprefix(PREFIX).partition("#")[0]
    return b32decode(opaque + "=" * (-len(opaque) % 8))


def check_ok(uvci: str) -> bool:
    """Whether ``uvci`` ends in ``#`` and its own check character."""
    body, separator, check = uvci.rpartition("#")
    if not (body and separator) or not set(body) <= set(_ALPHABET):
        return False
    return check == check_character(body)


def check_character(body: str) -> str:
    """The check character for everything before ``#``.

    Raises:
        KeyError: a character outside ``A-Z0-9/:``.
    """
    from_the_right = body.encode()[::-1]
    if from_the_right.translate(None, _ALPHABET.encode()):
        raise KeyError("a character outside the alphabet")
    total = sum(from_the_right[::2].translate(_DOUBLED))
    total += sum(from_the_right[1::2].translate(_PLAIN))
    return _ALPHABET[-total % _SIZE]
