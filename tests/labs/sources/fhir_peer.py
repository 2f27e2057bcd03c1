"""Peers of the FHIR feed: a server in memory behind a stubbed wire, and one that misbehaves.

``FhirShelf`` answers searches as servers do, well or badly; it is reached through ``session``,
where no socket is. ``misbehaving`` is a real loopback server that plays what it is told.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

BASE = "http://lis.example/fhir"
EPOCH = datetime(2026, 7, 1, tzinfo=UTC)

Json = dict[str, Any]


def at(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def report(name: str, updated: datetime | None, *results: str, **fields: Any) -> Json:
    """A report of Patient/p with the Observations named."""
    return {
        "resourceType": "DiagnosticReport",
        "id": name,
        "meta": {"lastUpdated": at(updated)} if updated else {},
        "identifier": [{"value": name}],
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "94500-6"}]},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2026-07-01T08:00:00+07:00",
        "result": [{"reference": f"Observation/{result}"} for result in results],
    } | fields


def observation(name: str, value: str = "Not detected", **fields: Any) -> Json:
    return {
        "resourceType": "Observation",
        "id": name,
        "meta": {"lastUpdated": at(EPOCH)},
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "94500-6"}]},
        "subject": {"reference": "Patient/p"},
        "valueString": value,
    } | fields


def consent(name: str = "c", whose: str = "Patient/p", **fields: Any) -> Json:
    """What a server holds once a patient has agreed to messages."""
    return {
        "resourceType": "Consent",
        "id": name,
        "meta": {},
        "status": "active",
        "patient": {"reference": whose},
    } | fields


def patient(name: str = "p") -> Json:
    return {"resourceType": "Patient", "id": name, "name": [{"family": "Nguyễn", "given": ["An"]}]}


@dataclass
class FhirShelf:
    """A FHIR server's resources, and its habits.

    Args:
        size: Matches on a page, at most.
        keeps_order: It honours ``_sort``; else the order of the shelf.
        filters: It honours ``_lastUpdated``.
        refuses: Parameters that it answers with 400.
        lists_ids: It understands ``_id=a,b``.
        now: Its clock.
        between: Called after each page of a search, as somebody who writes meanwhile.
    """

    resources: list[Json] = field(default_factory=list)
    size: int = 1000
    keeps_order: bool = True
    filters: bool = True
    includes: bool = False
    lists_ids: bool = True
    refuses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ("DiagnosticReport", "Observation", "Patient", "Specimen", "Device")
    now: datetime | None = None
    between: Callable[[], None] = lambda: None
    asked: list[str] = field(default_factory=list)

    def put(self, resource: Json) -> None:
        """Add ``resource``, or put it in the place of the one that has its name."""
        key = (resource["resourceType"], resource["id"])
        for index, known in enumerate(self.resources):
            if (known["resourceType"], known["id"]) == key:
                self.resources[index] = resource
                return
        self.resources.append(resource)

    def answer(self, url: str) -> tuple[int, Json]:
        self.asked.append(url)
        parts = urlsplit(url)
        kind, _, name = parts.path.removeprefix("/fhir/").partition("/")
        if kind == "metadata":
            told = [{"type": kind} for kind in self.kinds]
            return 200, {"resourceType": "CapabilityStatement", "rest": [{"resource": told}]}
        asked = parse_qs(parts.query)
        if kind not in self.kinds:
            return 404, {"resourceType": "OperationOutcome"}
        if any(name.startswith(self.refuses) for name in asked if self.refuses):
            return 400, {"resourceType": "OperationOutcome"}
        if name:
            found = [r for r in self._of(kind) if r["id"] == name]
            return (200, found[0]) if found else (404, {"resourceType": "OperationOutcome"})
        return 200, self._page(url, kind, asked)

    def _of(self, kind: str) -> list[Json]:
        return [resource for resource in self.resources if resource["resourceType"] == kind]

    def _page(self, url: str, kind: str, asked: dict[str, list[str]]) -> Json:
        found = self._of(kind)
        if "_id" in asked:
            ids = asked["_id"][0].split(",")
            found = [r for r in found if r["id"] in ids] if self.lists_ids else []
        if "patient" in asked:
            names = asked["patient"][0].split(",")
            whose = [(r, r["patient"]["reference"].removeprefix(f"{BASE}/")) for r in found]
            found = [r for r, name in whose if name in names or not self.filters]
        since = asked.get("_lastUpdated", ["ge"])[0].removeprefix("ge").removesuffix("Z")
        if self.filters:
            found = [r for r in found if r["meta"].get("lastUpdated", "9")[: len(since)] >= since]
        order = asked.get("_sort", [""])[0]
        if order and self.keeps_order:
            found.sort(key=_updated, reverse=order.startswith("-"))
        first = int(asked.get("_offset", ["0"])[0])
        size = min(self.size, int(asked.get("_count", ["50"])[0]))
        page = found[first : first + size]
        answer = self._bundle(page, len(found))
        if first + size < len(found):
            following = url.partition("&_offset=")[0] + f"&_offset={first + size}"
            answer["link"] = [{"relation": "next", "url": following}]
        self.between()
        return answer

    def _bundle(self, page: list[Json], total: int) -> Json:
        entries = [{"resource": r, "search": {"mode": "match"}} for r in page]
        if self.includes:
            others = [r for r in self.resources if r["resourceType"] != "DiagnosticReport"]
            entries += [{"resource": r, "search": {"mode": "include"}} for r in others]
        return {"resourceType": "Bundle", "type": "searchset", "total": total, "entry": entries}


def _updated(resource: Json) -> str:
    return str(resource["meta"].get("lastUpdated", ""))


class _Stub(HTTPAdapter):
    def __init__(self, shelf: FhirShelf) -> None:
        super().__init__()
        self._shelf = shelf

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        status, resource = self._shelf.answer(request.url or "")
        headers = {"Date": format_datetime(self._shelf.now)} if self._shelf.now else {}
        body = io.BytesIO(json.dumps(resource).encode())
        raw = urllib3.HTTPResponse(body, headers, status, preload_content=False)
        return self.build_response(request, raw)


def session(shelf: FhirShelf) -> requests.Session:
    """A session whose wire ends at ``shelf``."""
    stubbed = requests.Session()
    stubbed.mount("http://", _Stub(shelf))
    return stubbed


Play = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Misbehaving:
    """A loopback server; ``base`` is its FHIR address, ``heard`` what it was sent."""

    base: str
    heard: list[tuple[str, str]]  # path with query, Authorization
    bodies: list[str]
    over: threading.Event


@contextmanager
def misbehaving(play: Play) -> Iterator[Misbehaving]:
    """A server that answers every request with ``play``; ``over`` is set when it must stop."""
    heard: list[tuple[str, str]] = []
    bodies: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append((self.path, self.headers.get("Authorization", "")))
            with suppress(OSError):
                play(self)

        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    over = threading.Event()
    try:
        yield Misbehaving(f"http://127.0.0.1:{server.server_port}/fhir", heard, bodies, over)
    finally:
        over.set()
        server.shutdown()
        server.server_close()


def say(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Play:
    """Answer with ``body`` and its true length."""

    def play(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return play


def bundle(*resources: Json, following: str = "") -> bytes:
    link = [{"relation": "next", "url": following}] if following else []
    entry = [{"resource": resource} for resource in resources]
    return json.dumps({"resourceType": "Bundle", "link": link, "entry": entry}).encode()
