"""What runs by itself: it forgets what is old, and trouble of one file stops no other."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import Installation, prepare
from bot.jobs import FolderIntake, forget_files
from bot.settings import Settings
from tests.journey.people import oru

NOW = datetime.now(UTC)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Give the demo's world in a folder of its own."""
    made = Installation(Settings(data_dir=tmp_path).as_demo())
    prepare(made)
    return made


def drop(installation: Installation, facility: str, name: str, data: bytes) -> Path:
    path = installation.settings.watch_folder / facility / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    long_ago = (NOW - timedelta(minutes=1)).timestamp()
    os.utime(path, (long_ago, long_ago))
    return path


def test_files_put_aside_long_ago_are_removed_and_others_stay(tmp_path: Path) -> None:
    kept, old = tmp_path / "BVA" / "processed" / "new", tmp_path / "BVA" / "quarantine" / "old"
    waiting = tmp_path / "BVA" / "waiting"
    for path in (kept, old, waiting):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    for path in (old, waiting):
        os.utime(path, (0, 0))
    forget_files(tmp_path, NOW - timedelta(days=90))
    assert (kept.exists(), old.exists(), waiting.exists()) == (True, False, True)


def test_good_and_bad_files_are_put_aside_apart_and_all_are_stored(
    installation: Installation,
) -> None:
    good = drop(installation, "BVNDGD", "good.hl7", oru("J-1", "+84909000001"))
    bad = drop(installation, "BVNTP", "bad.txt", b"no message at all")
    stranger = drop(installation, "NOBODY", "lost.hl7", oru("J-2", "+84909000002"))
    pokes: list[None] = []
    FolderIntake(installation, lambda: pokes.append(None)).poll()
    assert (good.parent / "processed" / "good.hl7").exists()
    assert (bad.parent / "quarantine" / "bad.txt").exists()
    assert stranger.exists()
    assert len(pokes) == 2
    assert installation.find_results("J-1", "BVNDGD")
    (item,) = installation.inbox.quarantined(frozenset({"BVNTP"}), 10)
    assert installation.inbox.raw(item.id) == b"no message at all"


def test_a_file_that_cannot_be_read_stops_no_other_facility(installation: Installation) -> None:
    folder = installation.settings.watch_folder / "BVLVT"
    folder.mkdir(parents=True)
    (folder / "link.hl7").symlink_to("/etc/hostname")
    drop(installation, "BVTD", "good.hl7", oru("J-3", "+84909000003"))
    FolderIntake(installation, lambda: None).poll()
    assert installation.find_results("J-3", "BVTD")
