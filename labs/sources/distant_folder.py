"""A folder of an SFTP server: list, read, put aside.

Its names are the server's words: they are bytes, may be hostile, and never become a path of
this machine. Nothing is overwritten or deleted there, and no link is followed.

Source: draft-ietf-secsh-filexfer-02 (version 3 of the protocol, what servers speak).
"""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

import paramiko
from paramiko.sftp import CMD_CLOSE, CMD_HANDLE, CMD_NAME, CMD_OPENDIR, CMD_READDIR, SFTPError

from core.feeds.source import FeedTrouble
from labs.sources.folder import PROCESSED, QUARANTINE, unfinished
from labs.sources.taken import Listed

MOST_NAMES = 50_000
_ASIDE = frozenset({PROCESSED.encode(), QUARANTINE.encode()})
_CHUNK = 32 * 1024  # what every server allows in one answer


@dataclass(slots=True)
class Look:
    """What one listing shows.

    Args:
        files: Plain files whose names say that they are finished, oldest first.
        aside: Folders into which files may be put.
        touched: When the folder last changed, by the server's clock: it is later now.
    """

    files: list[Listed] = field(default_factory=list)
    aside: set[bytes] = field(default_factory=set)
    touched: int = 0


class DistantFolder(paramiko.SFTPClient):
    """One folder of a server; made of a channel, as its base is."""

    def look(self, path: bytes) -> Look:
        """List ``path``.

        Raises:
            FeedTrouble: ``feed_folder_missing``, ``feed_too_large``, ``feed_unexpected_answer``.
        """
        look = Look()
        for number, (name, found) in enumerate(self._entries(path)):
            if number >= MOST_NAMES:
                raise FeedTrouble("feed_too_large", f"> {MOST_NAMES}")
            self._note(look, path, name, found)
        look.files.sort(key=lambda file: (file.changed, file.name))
        return look

    def read_whole(self, path: bytes, file: Listed) -> bytes | None:
        """The bytes of ``file`` in ``path``; None if it isn't as it was listed any more."""
        with self.open(_at(path, file.name), "rb") as remote:
            data = bytearray()
            while chunk := remote.read(min(_CHUNK, file.size - len(data))):
                data += chunk
            now = remote.stat()
        same = (len(data), now.st_size, now.st_mtime) == (file.size, file.size, file.changed)
        return bytes(data) if same else None

    def put_aside(self, path: bytes, file: Listed, folder: bytes) -> bool:
        """Move ``file`` into ``folder`` beside it, under another name where its own is taken.

        A file that took its place meanwhile was not read yet, and is moved back.

        Returns:
            Whether it lies there.

        Raises:
            OSError: the server doesn't allow it.
        """
        here = _at(path, file.name)
        for name in (file.name, _other_name(file)):
            there = _at(_at(path, folder), name)
            if self._listed(there) is not None:
                continue
            self.rename(here, there)
            if self._listed(there) == (file.size, file.changed):
                return True
            self.rename(there, here)
            return False
        return False

    def _note(self, look: Look, path: bytes, name: bytes, found: paramiko.SFTPAttributes) -> None:
        if name == b".":
            look.touched = found.st_mtime or 0
        elif name in _ASIDE:
            if stat.S_ISDIR(found.st_mode or 0):
                look.aside.add(name)
        elif _is_wanted(name):
            if None in (found.st_mode, found.st_size, found.st_mtime):
                found = self.lstat(_at(path, name))
            if found.st_mode is None or found.st_size is None or found.st_mtime is None:
                raise FeedTrouble("feed_unexpected_answer", "SSH_FXP_ATTRS")
            if stat.S_ISREG(found.st_mode):
                look.files.append(Listed(name, found.st_size, found.st_mtime))

    def _entries(self, path: bytes) -> Iterator[tuple[bytes, paramiko.SFTPAttributes]]:
        """Names as they are: paramiko's own listing fails at the first that isn't UTF-8."""
        try:
            kind, answer = self._ask(CMD_OPENDIR, path)
        except FileNotFoundError:
            raise FeedTrouble("feed_folder_missing") from None
        if kind != CMD_HANDLE:
            raise SFTPError
        handle = answer.get_binary()
        while True:
            try:
                kind, answer = self._ask(CMD_READDIR, handle)
            except EOFError:
                break
            if kind != CMD_NAME:
                raise SFTPError
            for _ in range(answer.get_int()):
                name, _long = answer.get_string(), answer.get_string()
                yield name, paramiko.SFTPAttributes._from_msg(answer)  # type: ignore[attr-defined]  # noqa: SLF001
        self._ask(CMD_CLOSE, handle)

    def _ask(self, kind: int, what: bytes) -> tuple[int, paramiko.Message]:
        answer: tuple[int, paramiko.Message] = self._request(kind, what)  # type: ignore[attr-defined]
        return answer

    def _listed(self, path: bytes) -> tuple[int | None, int | None] | None:
        """Size and time of what lies at ``path``; None if nothing does."""
        try:
            found = self.lstat(path)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return None
            raise
        return found.st_size, found.st_mtime


def _is_wanted(name: bytes) -> bool:
    """Whether a name is one, and says that its file is finished."""
    strange = not name or b"/" in name or b"\0" in name
    return not strange and not unfinished(name.decode("utf-8", "replace"))


def _other_name(file: Listed) -> bytes:
    stem, dot, suffix = file.name.rpartition(b".")
    mark = file.mark.hex().encode()
    return b"%b.%b.%b" % (stem, mark, suffix) if dot and stem else b"%b.%b" % (file.name, mark)


def _at(path: bytes, name: bytes) -> bytes:
    return path.rstrip(b"/") + b"/" + name
