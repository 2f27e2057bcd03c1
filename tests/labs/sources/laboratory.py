"""A folder of a real SFTP server, as a laboratory fills it and a poller reads it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.feeds.source import FeedTrouble, Fetched, Limits
from labs.sources.sftp import SftpSource
from tests.labs.sources.sshd import Sshd

NOW = datetime(2021, 7, 15, 9, tzinfo=UTC)
OLD = int(NOW.timestamp())
LIMITS = Limits(connect_seconds=10, read_seconds=10, total_seconds=60, largest=1024)
SETTLE = timedelta(seconds=10)


def nothing_happens(_seconds: float) -> None:
    pass


class Laboratory:
    """A folder of the server, a source that reads it, and the watermark so far."""

    def __init__(self, sshd: Sshd, folder: Path) -> None:
        self.sshd = sshd
        self.folder = folder
        self.watermark = ""
        self.pause: Callable[[float], None] = nothing_happens

    def source(
        self, limits: Limits = LIMITS, *, port: int | None = None, secret: str = "", pin: str = ""
    ) -> SftpSource:
        address = self.sshd.address(self.folder, port)
        key, pinned = secret or self.sshd.secret(), pin or self.sshd.fingerprint()
        return SftpSource(address, key, pinned, limits, SETTLE, self.pause)

    def drop(self, name: str | bytes, data: bytes = b"x", changed: int = OLD) -> Path:
        path = Path(os.fsdecode(os.fsencode(self.folder) + b"/" + os.fsencode(name)))
        path.write_bytes(data)
        os.utime(path, (changed, changed))
        return path

    def poll(self, source: SftpSource | None = None, *, held_back: bool = False) -> list[Fetched]:
        """Poll as ``bot.polling`` does: store, settle, remember."""
        pieces = []
        for piece in (source or self.source()).fetch(self.watermark, NOW):
            pieces.append(piece)
            piece.settle(held_back)
            assert piece.watermark is not None
            self.watermark = piece.watermark
        return pieces

    def names(self, source: SftpSource | None = None) -> list[str]:
        return [piece.name for piece in self.poll(source)]

    def trouble(self, source: SftpSource | None = None) -> FeedTrouble:
        with pytest.raises(FeedTrouble) as trouble:
            self.poll(source)
        return trouble.value
