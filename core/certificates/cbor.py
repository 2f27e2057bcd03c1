"""CBOR from strangers: bounded, and only plain values come out.

Nesting and size are limited and duplicate keys refused. No tag is interpreted, because some
build patterns, fractions with huge exponents or loops: each stays a ``CBORTag`` for the reader
that expects it. Source: RFC 8949.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeGuard

import cbor2

MAX_BYTES: Final = 16 * 1024
"""A QR code holds less than 3 KiB; compressed, a real certificate stays below 2 KiB."""
MAX_DEPTH: Final = 16

_INTERPRETED = (
    *range(6),
    *(25, 28, 29, 30, 35, 36, 37, 52, 54, 100),
    *(256, 258, 260, 261, 1004, 43000, 55799),
)


def read(data: bytes) -> object:
    """Read one CBOR item; bytes after it are ignored.

    Raises:
        ValueError: not CBOR, or beyond a limit; the message never quotes the data.
    """
    if len(data) > MAX_BYTES:
        message = "contents_too_large"
        raise ValueError(message)
    try:
        value: object = cbor2.loads(
            data,
            semantic_decoders=_UNINTERPRETED,
            max_depth=MAX_DEPTH,
            allow_duplicate_keys=False,
        )
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError) as error:
        message = "unreadable"
        raise ValueError(message) from error
    return value


def is_map(value: object) -> TypeGuard[Mapping[object, object]]:
    """Whether ``value`` is a map; nearly always a plain one, which is told three times faster."""
    return type(value) is dict or isinstance(value, Mapping)


def untagged(value: object, tags: frozenset[int]) -> object:
    """``value`` without the tags around it, as long as they are among ``tags``."""
    while isinstance(value, cbor2.CBORTag) and value.tag in tags:
        value = value.value
    return value


def _keep(tag: int) -> Callable[[object, bool], object]:
    def keep(value: object, _immutable: bool) -> object:  # noqa: FBT001  (cbor2's signature)
        return cbor2.CBORTag(tag, value)

    return keep


_UNINTERPRETED = {tag: _keep(tag) for tag in _INTERPRETED}
