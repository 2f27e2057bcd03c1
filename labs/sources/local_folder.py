"""A folder of this machine as a polled source: files are put aside once they are stored.

No watermark is needed, for what is stored is moved away. A file that changed while it was read
or stored stays where it is: the next poll takes what it has become. One that can't be read or
moved stops no other; the poll says at its end how many there were.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

from core.feeds.source import FeedTrouble, Fetched, Limits, PolledSource, Probe
from core.results.reported import Finding
from labs.sources.folder import FolderSource, FolderTrouble, shown, unfinished

_SETTLE = timedelta(seconds=1)
_State = tuple[int, int, int]  # inode, bytes, nanoseconds


class LocalFolderSource(PolledSource):
    """Reads what is dropped into one folder."""

    def __init__(self, address: str, limits: Limits, settle: timedelta = _SETTLE) -> None:
        """Read ``address``, whose files must have stood still for ``settle``."""
        self._folder = FolderSource(Path(address), settle)
        self._limits = limits

    def fetch(self, watermark: str, now: datetime) -> Iterator[Fetched]:  # noqa: ARG002
        """Every finished file, oldest first.

        Args:
            watermark: Not read: what was taken isn't there any more.

        Raises:
            FeedTrouble: ``feed_folder_missing``, ``feed_unreachable``; ``feed_not_authorised``
                at the end with the number of files that could not be read or moved.
        """
        stuck: list[Path] = []
        pieces = (self._piece(path, stuck) for path in self._ready(now))
        yield from islice((piece for piece in pieces if piece), self._limits.pages)
        if stuck:
            raise FeedTrouble("feed_not_authorised", str(len(stuck)))

    def probe(self, now: datetime) -> Probe:  # noqa: ARG002
        """Count what waits, also what still grows.

        Raises:
            FeedTrouble: as ``fetch``.
        """
        times = []
        with self._told():
            for entry in os.scandir(self._folder.path):
                with suppress(FileNotFoundError):
                    if entry.is_file(follow_symlinks=False) and not unfinished(entry.name):
                        times.append(entry.stat(follow_symlinks=False).st_mtime)
        newest = datetime.fromtimestamp(max(times), UTC) if times else None
        return Probe(len(times), newest)

    def _ready(self, now: datetime) -> list[Path]:
        with self._told():
            os.scandir(self._folder.path).close()  # an absent folder isn't an empty one
            return list(self._folder.ready(now))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, NotADirectoryError, ValueError):
            raise FeedTrouble("feed_folder_missing", str(self._folder.path)) from None
        except PermissionError:
            raise FeedTrouble("feed_not_authorised", str(self._folder.path)) from None
        except OSError as error:
            raise FeedTrouble("feed_unreachable", error.strerror or "") from None

    def _piece(self, path: Path, stuck: list[Path]) -> Fetched | None:
        """The file; None for one that changed, that is no plain file, or that went away."""
        try:
            before = _state(path)
            data, refused = self._read(path)
            if _state(path) != before:
                return None
        except (FolderTrouble, FileNotFoundError):
            return None
        except OSError:
            stuck.append(path)
            return None
        settle = partial(self._settle, path, before, stuck)
        return Fetched(shown(os.fsencode(path.name)), data, refused=refused, settle=settle)

    def _read(self, path: Path) -> tuple[bytes, Finding | None]:
        try:
            data = self._folder.read(path, self._limits.largest)
        except FolderTrouble as trouble:
            if trouble.code != "too_large":
                raise
            return b"", Finding(trouble.code, detail=trouble.detail)
        return data, None if data else Finding("empty_file")

    def _settle(self, path: Path, before: _State, stuck: list[Path], held_back: bool) -> None:  # noqa: FBT001
        try:
            if _state(path) == before:
                (self._folder.failed if held_back else self._folder.done)(path)
        except FileNotFoundError:
            return  # another process was faster; what it held is stored, and the same
        except (OSError, FolderTrouble):
            stuck.append(path)


def _state(path: Path) -> _State:
    found = path.lstat()
    return found.st_ino, found.st_size, found.st_mtime_ns
