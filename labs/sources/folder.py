"""A watched folder: ``<folder>/<FACILITY_CODE>/`` holds what that facility drops.

A file is ready when it has stood still for a while: laboratories copy over slow lines, and
a file that still grows would be read half. Done files go to ``processed/``, failed ones to
``quarantine/``, both beside them; nothing is ever overwritten or deleted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

PROCESSED = "processed"
QUARANTINE = "quarantine"
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")


@dataclass(frozen=True, slots=True)
class FolderSource:
    """The folder of one or of several facilities.

    Args:
        path: The facility's own folder, or the folder of all facilities.
        settle: How long a file must not have changed.
    """

    path: Path
    settle: timedelta

    def facilities(self) -> Iterator[FolderSource]:
        """One source for each facility's folder; the folder's name is its code."""
        for folder in sorted(self.path.iterdir() if self.path.is_dir() else ()):
            if folder.is_dir() and folder.name not in (PROCESSED, QUARANTINE):
                yield FolderSource(folder, self.settle)

    def ready(self, now: datetime) -> Iterator[Path]:
        """Finished files, oldest first, then by name.

        Args:
            now: Aware UTC time of this look.
        """
        found = []
        for entry in os.scandir(self.path) if self.path.is_dir() else ():
            changed = self._changed_at(entry)
            if changed is not None and now - changed >= self.settle:
                found.append((changed, entry.name))
        for _, name in sorted(found):
            yield self.path / name

    def _changed_at(self, entry: os.DirEntry[str]) -> datetime | None:
        """When a plain, finished file last changed; None for all else, and if it went away."""
        unfinished = entry.name.startswith((".", "~")) or entry.name.lower().endswith(_UNFINISHED)
        try:
            if unfinished or not entry.is_file(follow_symlinks=False):
                return None
            return datetime.fromtimestamp(entry.stat(follow_symlinks=False).st_mtime, UTC)
        except FileNotFoundError:
            return None

    def done(self, path: Path) -> Path:
        """Put aside a file whose items are all stored.

        Returns:
            Where it lies now.

        Raises:
            OSError: it can't be moved.
        """
        return _move(path, path.parent / PROCESSED)

    def failed(self, path: Path) -> Path:
        """Put aside a file of which something could not be used.

        Returns:
            Where it lies now.

        Raises:
            OSError: it can't be moved.
        """
        return _move(path, path.parent / QUARANTINE)


def _move(path: Path, folder: Path) -> Path:
    """Link under a free name, then unlink: a rename would overwrite a file of that name."""
    folder.mkdir(exist_ok=True)
    for number in count():
        suffix = f".{number}" if number else ""
        target = folder / f"{path.stem}{suffix}{path.suffix}"
        try:
            os.link(path, target)
        except FileExistsError:
            continue
        path.unlink()
        return target
    raise AssertionError("count ends never")
