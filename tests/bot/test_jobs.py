"""What runs by itself: it forgets what is old, and trouble of one file stops no other."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import Installation
from bot.jobs import forget_files
from bot.opening import prepare
from bot.polling import FeedPolling
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


def put_aside(folder: Path, *parts: str, data: bytes = b"x") -> Path:
    path = folder.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (0, 0))  # what counts is when it was put aside, not when it was written
    return path


def test_files_are_kept_for_their_days_from_when_they_were_put_aside(tmp_path: Path) -> None:
    done = put_aside(tmp_path, "BVA", "processed", "done")
    failed = put_aside(tmp_path, "BVA", "quarantine", "failed")
    waiting = put_aside(tmp_path, "BVA", "waiting")
    forget_files(tmp_path, NOW - timedelta(days=90), largest=10)
    assert done.exists()
    assert failed.exists()
    forget_files(tmp_path, datetime.now(UTC) + timedelta(minutes=1), largest=10)
    assert (done.exists(), failed.exists(), waiting.exists()) == (False, False, True)


def test_a_file_that_was_too_large_to_take_in_is_never_removed(tmp_path: Path) -> None:
    only_copy = put_aside(tmp_path, "BVA", "quarantine", "huge", data=b"x" * 11)
    forget_files(tmp_path, datetime.now(UTC) + timedelta(minutes=1), largest=10)
    assert only_copy.exists()


def test_a_file_that_is_too_large_stands_in_the_inbox_for_staff_to_see(tmp_path: Path) -> None:
    made = Installation(replace(Settings(data_dir=tmp_path).as_demo(), max_file_mib=1))
    prepare(made)
    huge = drop(made, "BVNDGD", "huge.hl7", b"x" * (1024 * 1024 + 1))
    FeedPolling(made, lambda: None).look_into_watched_folder()
    (item,) = made.inbox.quarantined(frozenset({"BVNDGD"}), 10)
    assert ([e.code for e in item.errors], item.source) == (["too_large"], "huge.hl7")
    assert (huge.parent / "quarantine" / "huge.hl7").exists()


def test_good_and_bad_files_are_put_aside_apart_and_all_are_stored(
    installation: Installation,
) -> None:
    good = drop(installation, "BVNDGD", "good.hl7", oru("J-1", "+84909000001"))
    bad = drop(installation, "BVNTP", "bad.txt", b"no message at all")
    stranger = drop(installation, "NOBODY", "lost.hl7", oru("J-2", "+84909000002"))
    pokes: list[None] = []
    FeedPolling(installation, lambda: pokes.append(None)).look_into_watched_folder()
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
    FeedPolling(installation, lambda: None).look_into_watched_folder()
    assert installation.find_results("J-3", "BVTD")
