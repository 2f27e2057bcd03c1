"""A watched folder: ``<folder>/<FACILITY_CODE>/`` holds what that facility drops.

A file is ready when it has stood still for a while: laboratories copy over slow lines, and
a file that still grows would be read half. Done files go to ``processed/``, failed ones to
``quarantine/``, both beside them; nothing is ever overwritten or deleted. Whoever drops files
may drop links too, so none is followed: not as a file, not as a folder to put things into.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from core.errors import KetquaError

PROCESSED = "processed"
QUARANTINE = "quarantine"
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")
# Without O_NONBLOCK, opening a named pipe would wait for its writer for ever.
_AS_IT_IS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NOT_PLAIN = (errno.ELOOP, errno.ENOTDIR, errno.ENXIO)
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OWNER_ONLY = 0o700
_OWNER_READS = 0o600


def unfinished(name: str) -> bool:
    """Whether a file's name says that somebody still writes it, or that it is nobody's result."""
    return name.startswith((".", "~")) or name.lower().endswith(_UNFINISHED)


def shown(name: bytes) -> str:
    """A file's name as people may see it: one line, nothing that writes backwards."""
    text = name.decode("utf-8", "replace")
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


class FolderTrouble(KetquaError):
    """Something in a watched folder that must not be touched.

    ``not_a_plain_file``, ``not_a_plain_folder`` (a link, a pipe, a device), ``too_large``.
    """


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
        try:
            if unfinished(entry.name) or not entry.is_file(follow_symlinks=False):
                return None
            return datetime.fromtimestamp(entry.stat(follow_symlinks=False).st_mtime, UTC)
        except FileNotFoundError:
            return None

    def read(self, path: Path, limit: int) -> bytes:
        """The bytes of a plain file.

        Args:
            limit: Largest size in bytes; a larger file is not read at all.

        Raises:
            FolderTrouble: ``not_a_plain_file`` or ``too_large``.
            OSError: it went away or can't be read.
        """
        with _opened(path, _AS_IT_IS, "not_a_plain_file") as file:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode):
                raise FolderTrouble("not_a_plain_file", path.name)
            if found.st_size > limit:
                raise FolderTrouble("too_large", f"{found.st_size} > {limit}")
            with os.fdopen(file, "rb", closefd=False) as stream:
                data = stream.read(limit + 1)
        if len(data) > limit:  # it grew meanwhile
            raise FolderTrouble("too_large", f"> {limit}")
        return data

    def done(self, path: Path) -> Path:
        """Put aside a file whose items are all stored.

        Returns:
            Where it lies now.

        Raises:
            FolderTrouble: ``not_a_plain_folder``, where it should go is a link.
            OSError: it can't be moved.
        """
        return _move(path, path.parent / PROCESSED)

    def failed(self, path: Path) -> Path:
        """Put aside a file of which something could not be used.

        Returns:
            Where it lies now.

        Raises:
            FolderTrouble: ``not_a_plain_folder``, where it should go is a link.
            OSError: it can't be moved.
        """
        return _move(path, path.parent / QUARANTINE)


@contextmanager
def _opened(path: Path, flags: int, code: str) -> Iterator[int]:
    """A descriptor of ``path`` itself, never of what it links to."""
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno in _NOT_PLAIN:
            raise FolderTrouble(code, path.name) from error
        raise
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _move(path: Path, folder: Path) -> Path:
    """Put ``path`` into ``folder``, which is made for its owner only and must be no link."""
    with suppress(FileExistsError):
        folder.mkdir(mode=_OWNER_ONLY)
    with _opened(folder, _AS_IT_IS | os.O_DIRECTORY, "not_a_plain_folder") as inside:
        try:
            return folder / _linked(path, inside)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
        return folder / _renamed(path, inside)


def _linked(path: Path, inside: int) -> str:
    """Link under a free name, then unlink: a rename would overwrite a file of that name."""
    for name in _names(path):
        try:
            os.link(path, name, dst_dir_fd=inside, follow_symlinks=False)
        except FileExistsError:
            continue
        path.unlink()
        return name
    raise AssertionError("there is always another name")


def _renamed(path: Path, inside: int) -> str:
    """Take a free name with an empty file, then rename onto that: nothing else is overwritten.

    For what can't be linked: a stranger's file under ``fs.protected_hardlinks``, SMB, FAT.
    """
    for name in _names(path):
        try:
            os.close(os.open(name, _NEW, _OWNER_READS, dir_fd=inside))
        except FileExistsError:
            continue
        try:
            os.rename(path, name, dst_dir_fd=inside)
        except OSError:
            os.unlink(name, dir_fd=inside)
            raise
        return name
    raise AssertionError("there is always another name")


def _names(path: Path) -> Iterator[str]:
    """The file's own name, then others, without end."""
    yield path.name
    for number in count(1):
        yield f"{path.stem}.{number}{path.suffix}"
