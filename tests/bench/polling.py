"""A round of polls: 1,000 feeds of 100 facilities that fall due in the same second.

The clock asks once a second, as in service; a round ends when the last feed is released.
Floor: the same requests to the same server, by as many threads, each with one session that
keeps its connection. The feeds are polled as in service: a connection a poll. What the server
takes is left out of the CPU time, but not of the wall time: it shares the machine.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import requests

from bot.app import Installation
from bot.opening import prepare
from bot.polling import FeedPolling
from bot.settings import Settings
from core.feeds.feed import Feed, FeedKind, FeedState
from core.results.facility import Facility
from tests.bench.fhir_pages import serving
from tests.bench.measure import Cost, peak_memory, show
from tests.bench.messages import messages, search_pages

FEEDS = 1000
FACILITIES = 100
THREADS = 16
_FLOOR = "floor: the same requests, 16 threads"
_LATER = timedelta(hours=2)  # after every interval

Way = Callable[[], None]


def run() -> None:
    """Print the table."""
    logging.getLogger("ketqua.feeds").setLevel(logging.ERROR)
    costs: dict[str, Cost] = {}
    pages = {f"f{n}": page for n, page in enumerate(search_pages(FEEDS))}
    with tempfile.TemporaryDirectory() as name, serving(pages) as base:
        addresses = [f"{base}/{each}" for each in pages]
        costs[_FLOOR] = _cost(lambda: _ask_all(addresses))
        fhir = _Round(Path(name) / "fhir", FeedKind.FHIR, addresses)
        costs["FHIR: a new result in each"] = _cost(fhir.poll_all)
        costs["FHIR: the same result again"] = _cost(fhir.poll_all)
        folders = _Round(Path(name) / "folders", FeedKind.FOLDER, _folders(Path(name)))
        costs["folders: a file in each"] = _cost(folders.poll_all)
        costs["folders: nothing in any"] = _cost(folders.poll_all)
    show(f"{FEEDS:,} feeds of {FACILITIES} facilities in one round, SQLite", costs, floor=_FLOOR)
    for way, cost in costs.items():
        print(
            f"  {way:<44} {cost.wall * FEEDS / 1e6:6.1f} s   {1e6 / cost.wall:6.0f} feeds a second"
        )
    print(f"  peak memory {peak_memory() / 1e6:.0f} MB")


def _cost(way: Way) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    way()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Cost(wall / FEEDS * 1e6, cpu / FEEDS * 1e6)


def _ask_all(addresses: list[str]) -> None:
    own = threading.local()

    def ask(address: str) -> None:
        if not hasattr(own, "session"):
            own.session = requests.Session()
        answer = own.session.get(f"{address}/DiagnosticReport", timeout=30)
        answer.raise_for_status()

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(ask, addresses))


def _folders(root: Path) -> list[str]:
    folders = []
    for number, message in enumerate(messages(FEEDS)):
        folder = root / f"outbox{number}"
        folder.mkdir()
        (folder / "1.hl7").write_bytes(message)
        folders.append(str(folder))
    time.sleep(1.1)  # a file is taken once it has stood still
    return folders


class _Polling(FeedPolling):
    """Counts the feeds that it is done with."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation, lambda: None, THREADS)
        self.polled = threading.Semaphore(0)

    def poll(self, feed: Feed, state: FeedState) -> None:
        """Poll, then count."""
        super().poll(feed, state)
        self.polled.release()


class _Round:
    """An installation whose feeds are polled again and again."""

    def __init__(self, folder: Path, kind: FeedKind, addresses: list[str]) -> None:
        self._here = Installation(Settings(data_dir=folder).as_demo())
        prepare(self._here)
        for number, address in enumerate(addresses):
            code = f"UNIT{number % FACILITIES:03d}"
            if number < FACILITIES:
                self._here.facilities.add(Facility(code, f"Bệnh viện {code}", code))
            self._here.feeds.add(Feed(code, f"f{number}", kind, address), self._here.clock())

    def poll_all(self) -> None:
        """Poll every feed once. Raises: RuntimeError, one of them failed."""
        polling = _Polling(self._here)
        done = 0
        while done < FEEDS:
            polling.round()
            next_tick = time.monotonic() + 1
            while done < FEEDS and polling.polled.acquire(
                timeout=max(0, next_tick - time.monotonic())
            ):
                done += 1
        polling.stop()
        if failed := [state.error for _, state in self._here.feeds.all() if state.error]:
            raise RuntimeError(failed[0])
        real, self._here.clock = self._here.clock, lambda: real() + _LATER
