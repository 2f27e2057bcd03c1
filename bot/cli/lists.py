"""Lists of others for commands: fetched at a bounded cost, checked with an anchor, remembered.

What ``ketqua verify`` accepted last under an anchor lies in ``lists-seen.json`` of the data
folder, so that it refuses an older one the next time. Nothing here is a rule.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from bot.cli.output import explain, note, say
from core.certificates.anchor import Anchor
from core.certificates.documents import MAX_BYTES, Refusal
from core.certificates.trust_lists import ForeignList, read_list

_SEEN = "lists-seen.json"
_SECONDS = 30.0


def fetch(source: str) -> bytes:
    """The bytes of a file or of an address; ends the command where there are none.

    Redirects are followed on the same host only.
    """
    if source.startswith(("https://", "http://")):
        return _download(source)
    try:
        with Path(source).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        refuse("verdicts.cli.unreadable_file", path=source)


def read_anchor(path: str) -> Anchor:
    """The anchor in a file; ends the command where there is none."""
    try:
        return Anchor.read(fetch(path))
    except ValueError:
        refuse("cli.list.anchor_unusable", path=path)


def read_checked(data: bytes, anchor: Anchor, *, at: datetime, seen: int) -> ForeignList:
    """A list that the anchor vouches for; ends the command where it doesn't."""
    found = read_list(data, anchor, at=at, seen=seen)
    if isinstance(found, Refusal):
        refuse(f"cli.list.{found}", code=found.value)
    if found.left_out:
        note("cli.list.left_out", count=found.left_out)
    return found


def seen_version(folder: Path, anchor: Anchor) -> int:
    """The highest version that was accepted here under this anchor."""
    return _seen(folder).get(anchor.fingerprint, 0)


def remember(folder: Path, anchor: Anchor, version: int | None) -> None:
    """Remember an accepted version; says so where the folder can't be written."""
    seen = _seen(folder)
    if version is None or version <= seen.get(anchor.fingerprint, 0):
        return
    draft = folder / f".{_SEEN}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(seen | {anchor.fingerprint: version}), "utf-8")
        draft.replace(folder / _SEEN)
    except OSError:
        note("cli.list.not_remembered", folder=folder)


def refuse(key: str, **data: object) -> NoReturn:
    """Say why, and end with exit code 2."""
    sys.stderr.write(say(key, **data) + "\n")
    sys.exit(2)


def _seen(folder: Path) -> dict[str, int]:
    """A file that isn't ours to read is no reason to accept an older list: it ends the command."""
    try:
        read = json.loads((folder / _SEEN).read_text("utf-8"))
        return {str(anchor): int(version) for anchor, version in read.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError):
        refuse("verdicts.cli.unreadable_file", path=folder / _SEEN)


def _download(url: str) -> bytes:
    from core.feeds.source import FeedTrouble, Limits
    from labs.sources.authorisation import Header
    from labs.sources.http import Wire

    limits = Limits(read_seconds=_SECONDS, total_seconds=_SECONDS, largest=MAX_BYTES)
    try:
        answer = Wire(limits).get(url, Header())
    except FeedTrouble as trouble:
        sys.stderr.write(explain(trouble) + "\n")
        sys.exit(2)
    if answer.status != 200:  # noqa: PLR2004
        refuse("cli.list.not_there", status=answer.status)
    return answer.body
