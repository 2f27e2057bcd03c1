"""A folder of this machine as a polled source: files are put aside once they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

from core.feeds.source import FeedTrouble, Fetched, Limits, PolledSource, Probe
from core.results.reported import Finding
from labs.sources.folder import FolderSource, FolderTrouble

_SETTLE = timedelta(seconds=1)


class LocalFolderSource(PolledSource):
    """Reads what is dropped into one folder."""

    def __init__(self, address: str, limits: Limits, settle: timedelta = _SETTLE) -> None:
        """Read ``address``, whose files must have stood still for ``settle``."""
        self._folder = FolderSource(Path(address), settle)
        self._limits = limits

    def fetch(self, watermark: str, now: datetime) -> Iterator[Fetched]:  # noqa: ARG002
        """Every finished file; no watermark is needed, for what is stored is moved away.

        Raises:
            FeedTrouble: ``feed_folder_missing``, ``feed_unreachable``.
        """
        for path in islice(self._waiting(now), self._limits.pages):
            fetched = self._fetched(path)
            if fetched is not None:
                yield fetched

    def probe(self, now: datetime) -> Probe:
        """Count what waits. Raises: FeedTrouble."""
        times = [path.stat().st_mtime for path in self._waiting(now)]
        newest = datetime.fromtimestamp(max(times), UTC) if times else None
        return Probe(len(times), newest)

    def _waiting(self, now: datetime) -> Iterator[Path]:
        if not self._folder.path.is_dir():
            raise FeedTrouble("feed_folder_missing", str(self._folder.path))
        try:
            yield from self._folder.ready(now)
        except OSError as error:
            raise FeedTrouble("feed_unreachable", error.strerror or "") from error

    def _fetched(self, path: Path) -> Fetched | None:
        """The file; None for one that must not be touched or that another process took."""
        settle = partial(self._settle, path)
        try:
            data = self._folder.read(path, self._limits.largest)
        except FolderTrouble as trouble:
            if trouble.code != "too_large":
                return None
            refused = Finding("too_large", "", trouble.detail)
            return Fetched(path.name, b"", refused=refused, settle=settle)
        except OSError:
            return None
        return Fetched(path.name, data, settle=settle)

    def _settle(self, path: Path, held_back: bool) -> None:  # noqa: FBT001
        try:
            (self._folder.failed if held_back else self._folder.done)(path)
        except FileNotFoundError:
            return  # another process was faster; what it held is stored, and the same
        except OSError as error:
            raise FeedTrouble("feed_unexpected_answer", error.strerror or "") from error
