"""How often somebody may ask: a bucket of tokens for each visitor, in this process's memory.

A bucket holds one minute's worth and fills evenly. IPv6 visitors count by their /64, which one
household has for itself. The oldest buckets are forgotten when there are too many: whoever has
that many addresses gets past any limit by address.
"""

from __future__ import annotations

import ipaddress
import math
import threading
from collections import OrderedDict
from datetime import datetime
from typing import Final

_MOST_VISITORS: Final = 50_000
_MINUTE: Final = 60.0  # seconds


class VisitorLimit:
    """Counts what each visitor asks."""

    def __init__(self, per_minute: int) -> None:
        """Let each visitor ask ``per_minute`` times a minute, at once or spread."""
        self._per_minute = per_minute
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, visitor: str, now: datetime) -> int:
        """Take a token of ``visitor``; 0, or the whole seconds until there is one."""
        second, key = now.timestamp(), _household(visitor)
        with self._lock:
            tokens, last = self._buckets.pop(key, (float(self._per_minute), second))
            gained = max(0.0, second - last) * self._per_minute / _MINUTE
            tokens = min(float(self._per_minute), tokens + gained)
            allowed = tokens >= 1
            self._buckets[key] = (tokens - 1 if allowed else tokens, second)
            if len(self._buckets) > _MOST_VISITORS:
                self._buckets.popitem(last=False)
        return 0 if allowed else math.ceil((1 - tokens) * _MINUTE / self._per_minute)


def _household(visitor: str) -> str:
    try:
        address = ipaddress.ip_address(visitor.partition("%")[0])
    except ValueError:
        return visitor
    if address.version == 4:  # noqa: PLR2004
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
