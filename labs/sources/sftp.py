"""A folder of an SFTP server as a polled source.

A file is taken once it stands still: the folder itself changed so much later by the server's
clock, or two looks a while apart show it with the same size and time; our clock and the
server's are never compared. What was taken is put aside where the server has a folder
``processed`` or ``quarantine`` for it, and remembered in any case.

A file replaced by one of the same size and time can't be told from it, and isn't read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice

from core.feeds.source import FeedTrouble, Fetched, Limits, PolledSource, Probe
from core.results.reported import Finding
from labs.sources.distant_folder import DistantFolder, Look
from labs.sources.folder import PROCESSED, QUARANTINE, shown
from labs.sources.ssh import Address, Line
from labs.sources.taken import Listed, Taken

_SETTLE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class SftpSource(PolledSource):
    """Reads one folder of one server.

    Args:
        address: ``sftp://user@host:port/folder``; ``/~/folder`` begins at the user's home.
        secret: A password, or a private key (PEM or OpenSSH) without a pass phrase.
        host_key: ``SHA256:…``; several, separated by spaces, while a server changes its key.
        settle: How long a file must not have changed.
        pause: Waits so many seconds between two looks.
    """

    address: str
    secret: str = field(repr=False)
    host_key: str
    limits: Limits
    settle: timedelta = _SETTLE
    pause: Callable[[float], None] = time.sleep

    def fetch(self, watermark: str, now: datetime) -> Iterator[Fetched]:  # noqa: ARG002
        """Every file that lies there and was not taken, oldest first.

        Args:
            now: Not read: whether a file is late doesn't depend on any clock.

        Raises:
            FeedTrouble: see ``core.feeds.source``; also at the end, where files were passed
                over that may not be read.
        """
        with self._connected() as poll:
            look = poll.look()
            poll.recall(watermark, look)
            yield from islice(self._pieces(poll, look), self.limits.pages)
            poll.tell_of_unread()

    def _pieces(self, poll: _Poll, look: Look) -> Iterator[Fetched]:
        """What stands still already; then, after a while, what did so meanwhile."""
        started, settled_at = time.monotonic(), look.touched - self.settle.total_seconds()
        waiting = poll.untaken(look.files)
        fresh = [file for file in waiting if file.changed > settled_at]
        yield from poll.pieces(file for file in waiting if file.changed <= settled_at)
        if fresh:
            self.pause(max(0.0, self.settle.total_seconds() - (time.monotonic() - started)))
            again = set(poll.look().files)
            yield from poll.pieces(file for file in fresh if file in again)

    def probe(self, now: datetime) -> Probe:  # noqa: ARG002
        """Count the files there; where no key is pinned, only see which one the server shows.

        Raises:
            FeedTrouble: see ``core.feeds.source``.
        """
        line = Line(Address.of(self.address), self.limits)
        if not self.host_key.strip():
            with line.open():
                return Probe(None, host_key=line.host_key)
        with self._connected() as poll:
            files = poll.look().files
            newest = datetime.fromtimestamp(files[-1].changed, UTC) if files else None
            return Probe(len(files), newest, poll.line.host_key)

    @contextmanager
    def _connected(self) -> Iterator[_Poll]:
        address = Address.of(self.address)
        with Line(address, self.limits).open() as line:
            line.trust(self.host_key)
            folder = DistantFolder(line.sign_in(self.secret))
            yield _Poll(line, folder, address.folder, self.limits)


class _Poll:
    """One poll: a connection, and what it took so far."""

    def __init__(self, line: Line, folder: DistantFolder, path: bytes, limits: Limits) -> None:
        self.line = line
        self._folder = folder
        self._path = path
        self._limits = limits
        self._taken = Taken("", ())
        self._aside: set[bytes] = set()
        self._unread = 0

    def look(self) -> Look:
        return self._folder.look(self._path)

    def recall(self, watermark: str, look: Look) -> None:
        self._taken = Taken(watermark, look.files)
        self._aside = look.aside

    def untaken(self, files: Iterable[Listed]) -> list[Listed]:
        return [file for file in files if file not in self._taken]

    def pieces(self, files: Iterable[Listed]) -> Iterator[Fetched]:
        for file in files:
            if file not in self._taken and (piece := self._piece(file)) is not None:
                yield piece

    def tell_of_unread(self) -> None:
        """Say so if files were passed over: nobody else would miss them.

        Raises:
            FeedTrouble: ``feed_not_authorised`` with their number.
        """
        if self._unread:
            raise FeedTrouble("feed_not_authorised", str(self._unread))

    def _piece(self, file: Listed) -> Fetched | None:
        """The file; None if it changed since the look or can't be read: the next poll tries."""
        refused = self._refused(file)
        data = b"" if refused else self._read(file)
        if data is None:
            return None
        self._taken.add(file)
        return Fetched(
            shown(file.name),
            data,
            watermark=self._taken.watermark(),
            refused=refused,
            settle=partial(self._put_aside, file),
        )

    def _refused(self, file: Listed) -> Finding | None:
        if file.size > self._limits.largest:
            return Finding("too_large", detail=f"{file.size} > {self._limits.largest}")
        return None if file.size else Finding("empty_file")

    def _read(self, file: Listed) -> bytes | None:
        try:
            return self._folder.read_whole(self._path, file)
        except FileNotFoundError:
            return None
        except TimeoutError:
            raise
        except OSError:
            if not self.line.alive:
                raise
            self._unread += 1
            return None

    def _put_aside(self, file: Listed, held_back: bool) -> None:  # noqa: FBT001
        """Where that is possible; if not, the watermark remembers it. Raises nothing."""
        folder = (QUARANTINE if held_back else PROCESSED).encode()
        if folder not in self._aside:
            return
        try:
            if self._folder.put_aside(self._path, file, folder):
                self._taken.forget(file)
        except Exception:  # noqa: BLE001 - the piece is stored; a broken line shows at the next
            self._aside.discard(folder)  # don't ask for each file
