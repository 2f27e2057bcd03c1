"""The filter of a large list: what it takes to build, how large it is, how often a stranger hits.

Entries are those of a real list: two hashes of each revoked certificate, three of each live one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from hashlib import sha256

from core.certificates.cascade import Cascade, build

_SIZES = ((1_000, 100_000), (10_000, 1_000_000), (1_000_000, 1_000_000))
_STRANGERS = 200_000
_LOOK_UPS = 100_000


def run() -> None:
    """Print a line for each size."""
    print("\nrevocation filter (cascade), pure Python")
    for revoked, live in _SIZES:
        _measure(revoked, live)


def _measure(revoked: int, live: int) -> None:
    listed = set(_hashes("r", 2 * revoked))
    began = time.process_time()
    cascade = build(listed, _hashes("l", 3 * live))
    built = time.process_time() - began
    size = sum(len(level.data) for level in cascade.levels)
    strangers = list(_hashes("s", _STRANGERS))
    hit = sum(each in cascade for each in strangers) / _STRANGERS
    print(
        f"  {revoked:>9,} revoked, {live:>9,} live   build {built:6.1f} s   {size / 1024:8.1f} KiB"
        f"   {len(cascade.levels)} levels   strangers hit {hit:.3%}"
        f"   look-up {_look_up(cascade, strangers):.2f} µs"
    )
    assert all(each in cascade for each in _hashes("r", 2_000))
    assert not any(each in cascade for each in _hashes("l", 20_000))


def _look_up(cascade: Cascade, entries: list[bytes]) -> float:
    began = time.process_time()
    for entry in entries[:_LOOK_UPS]:
        _ = entry in cascade
    return (time.process_time() - began) / _LOOK_UPS * 1e6


def _hashes(name: str, count: int) -> Iterator[bytes]:
    return (sha256(f"{name}{number}".encode()).digest()[:16] for number in range(count))
