"""A laboratory's FHIR server, polled for what changed since the last poll.

Rules: reports are asked for by ``_lastUpdated``, in that order, and each page is completed
with what its resources refer to, and its patients' Consents, before it is given. The
watermark is the newest ``meta.lastUpdated`` seen, by the server's clock and never ours, and
never later than the server's own ``Date`` at the start of the poll. A page carries it only
while the server keeps the order; else only the last one does. A poll reaches back by
``overlap``, so what is committed late, or bears a time already passed, is found if it is not
later than that. While the order holds, each page is a new question from the newest time on:
pages counted by offset skip a report when another one is changed between two of them.

A server without DiagnosticReport is polled for Observation. Not here: deleted reports, which
no search finds (a withdrawal is ``entered-in-error``), and Observations changed without their
report.

Source: FHIR R4, RESTful API (search, paging), Search (_lastUpdated, _sort, _include, _id).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum

import requests

from core.feeds.source import FeedTrouble, Fetched, Limits, Probe
from labs.readers.fhir_resources import Resource, bundle_of
from labs.sources.authorisation import Authorisation
from labs.sources.fhir_bundle import Page, Pointer, instant, missing, without_strays
from labs.sources.fhir_consent import Consents
from labs.sources.fhir_rest import OBSERVATION, REPORT, FhirServer
from labs.sources.http import Answer, Wire, lead
from labs.sources.tokens import Tokens

_COUNT, _SMALLER = 200, 10
_IDS_AT_ONCE = 50
_ROUNDS = 6  # a panel in a panel, its specimen, and whose that is
_MOST_REFERENCES = 10_000  # of one page
_ROUNDING = timedelta(seconds=1)  # servers show fewer digits than they compare

_INCLUDES: Mapping[str, Sequence[tuple[str, str]]] = {
    REPORT: (
        *(
            ("_include", f"{REPORT}:{name}")
            for name in ("result", "subject", "specimen", "based-on")
        ),
        ("_include:iterate", f"{OBSERVATION}:has-member"),
    ),
    OBSERVATION: tuple(
        ("_include", f"{OBSERVATION}:{name}") for name in ("subject", "specimen", "based-on")
    ),
}


class Style(IntEnum):
    """How much a search asks for; each is tried when the one before is not understood."""

    INCLUDING = 0
    SORTED = 1
    BARE = 2


@dataclass
class FhirServerSource:
    """A FHIR R4 server.

    Args:
        address: Base URL; a query after it (``?category=LAB``) narrows every search.
        secret: See ``authorisation``.
        overlap: How far a poll reaches back before the watermark.
        session: Asked instead of one of our own.
        tokens: Those of the process; else each source has its own.
    """

    address: str
    secret: str = field(repr=False)
    limits: Limits
    overlap: timedelta
    session: requests.Session | None = field(default=None, repr=False)
    tokens: Tokens = field(default_factory=Tokens, repr=False)

    def fetch(self, watermark: str, now: datetime) -> Iterator[Fetched]:  # noqa: ARG002 - the server's clock counts
        """Give the reports that changed since ``watermark`` less ``overlap``, page by page.

        Raises:
            FeedTrouble: see there; what was yielded before stays good.
        """
        yield from _Poll(self._server(), self.limits, self.overlap, watermark).pages()

    def probe(self, now: datetime) -> Probe:  # noqa: ARG002 - as above
        """How many reports there are, and when the newest changed.

        Raises:
            FeedTrouble: see there.
        """
        server = self._server()
        for asked in ({"_sort": "-_lastUpdated", "_count": "1"}, {"_summary": "count"}):
            _, page = server.search(asked)
            if page is not None:
                times = [match.updated for match in page.matches if match.updated]
                return Probe(page.total, max(times, default=None))
        raise FeedTrouble("feed_unexpected_answer", "OperationOutcome")

    def _server(self) -> FhirServer:
        authorisation = Authorisation(self.secret, self.tokens)
        return FhirServer(self.address, authorisation, Wire(self.limits, self.session))


class _Poll:
    """One poll: where it stands in the server's order."""

    def __init__(
        self, server: FhirServer, limits: Limits, overlap: timedelta, watermark: str
    ) -> None:
        self._server = server
        self._consents = Consents(server)
        self._limits = limits
        self._started_at = watermark
        self._known = instant(watermark)
        self._since = _back(self._known, overlap)
        self._newest: datetime | None = None
        self._chain_newest: datetime | None = None  # since the last new question
        self._server_time: datetime | None = None
        self._in_order = self._seekable = True
        self._undated = self._told = False
        self._style = Style.INCLUDING
        self._count = _COUNT
        self._followed: set[str] = set()

    def pages(self) -> Iterator[Fetched]:
        """Each page, completed, with the watermark if it is safe to remember one."""
        answer, page = self._ask()
        for number in range(1, self._limits.pages + 1):
            if number == 1:
                self._server_time = answer.said_at or page.timestamp
            self._learn(page)
            following = lead(answer.url, page.following) if page.following else ""
            if number == 1 and following:
                self._in_order = self._in_order and self._is_order_real()
            yield self._fetched(number, page, is_last=not following)
            if not following:
                self._check_total(number, page)
                return
            if number < self._limits.pages:
                answer, page = self._onward(following)
        if not (self._in_order and self._told):  # the next poll would end at the same place
            raise FeedTrouble("feed_too_large", f"> {self._limits.pages} pages")

    def _ask(self) -> tuple[Answer, Page]:
        """A new question, as simple and as small as this server needs it."""
        while True:
            more = _INCLUDES[self._server.kind] if self._style is Style.INCLUDING else ()
            try:
                answer, page = self._server.search(self._parameters(), more)
            except FeedTrouble as trouble:
                if trouble.code != "feed_too_large" or self._count < _SMALLER:
                    raise
                self._count //= _SMALLER
                continue
            if page is not None:
                return answer, page
            if self._style is Style.BARE:
                raise FeedTrouble("feed_unexpected_answer", str(answer.status))
            self._style = Style(self._style + 1)

    def _parameters(self) -> dict[str, str]:
        asked = {"_lastUpdated": f"ge{_written(self._since)}"} if self._since else {}
        if self._style is not Style.BARE:
            asked["_sort"] = "_lastUpdated"
        return asked | {"_count": str(self._count)}

    def _onward(self, following: str) -> tuple[Answer, Page]:
        """Ask anew from the newest time on, or follow the link where that shows nothing new."""
        since = _back(self._newest, _ROUNDING)
        ahead = since is not None and (self._since is None or since > self._since)
        if ahead and self._in_order and self._seekable:
            self._since, self._chain_newest = since, None
            self._followed.clear()
            return self._ask()
        if following in self._followed:
            raise FeedTrouble("feed_unexpected_answer", "Bundle.link")
        self._followed.add(following)
        answer, page = self._server.read(following)
        if page is None:
            raise FeedTrouble("feed_unexpected_answer", str(answer.status))
        return answer, page

    def _is_order_real(self) -> bool:
        """Whether the same search, newest first, begins with something newer than this page.

        A server that ignores ``_sort`` begins with the same report; a first page of its that is
        in order by chance must not be believed.
        """
        asked = self._parameters() | {"_sort": "-_lastUpdated", "_count": "1"}
        _, page = self._server.search(asked)
        first = page.matches[0].updated if page and page.matches else None
        return first is not None and self._newest is not None and first > self._newest

    def _learn(self, page: Page) -> None:
        """How far this page gets, and whether the order still holds."""
        if self._style is Style.BARE or (page.asked is not None and "_sort" not in page.asked):
            self._in_order = False
        for match in page.matches:
            if match.updated is None:
                self._undated, self._in_order = True, False
                continue
            if self._chain_newest and match.updated < self._chain_newest:
                self._in_order = False
            if self._since and match.updated < self._since - _ROUNDING:
                self._seekable = False  # it ignores _lastUpdated
            self._chain_newest = max(match.updated, self._chain_newest or match.updated)
            self._newest = max(match.updated, self._newest or match.updated)

    def _fetched(self, number: int, page: Page, *, is_last: bool) -> Fetched:
        return Fetched(
            f"{self._server.kind} page {number}",
            self._completed(page) if page.matches else b"",
            "fhir",
            self._watermark(is_last=is_last),
        )

    def _watermark(self, *, is_last: bool) -> str | None:
        if not self._in_order and not is_last:
            # What earlier pages said was too early to say.
            return self._started_at if self._told else None
        reached = self._server_time if self._undated else self._newest
        if reached is not None and self._server_time is not None:
            reached = min(reached, self._server_time)
        if reached is None or (self._known is not None and reached <= self._known):
            return self._started_at if self._told else None
        self._told = True
        return reached.astimezone(UTC).isoformat()

    def _check_total(self, number: int, page: Page) -> None:
        """A server that counts more than it shows, and shows no way on, keeps reports back."""
        if number == 1 and page.total is not None and page.total > len(page.matches):
            raise FeedTrouble("feed_unexpected_answer", "Bundle.total")

    def _completed(self, page: Page) -> bytes:
        """The page with what it refers to, and that with what it refers to."""
        together = [*(match.resource for match in page.matches), *page.included]
        size = sum(len(resource.raw) for resource in together)
        asked: set[Pointer] = set()
        for _ in range(_ROUNDS):
            lacking = [p for p in missing(together, self._server.base) if p not in asked]
            asked |= set(lacking)
            if len(asked) > _MOST_REFERENCES:
                raise FeedTrouble("feed_too_large", f"> {_MOST_REFERENCES} references")
            for resource in self._looked_up(_unnamed(lacking, together)):
                together.append(resource)
                size += len(resource.raw)
                if size > self._limits.largest:
                    raise FeedTrouble("feed_too_large", f"> {self._limits.largest}")
            if not lacking:
                break
        if consents := list(self._consents.of(together)):
            together += consents
            _unnamed(missing(together, self._server.base), together)  # as Consents name Patients
        return bundle_of(without_strays(together) if self._server.kind == REPORT else together)

    def _looked_up(self, pointers: Sequence[Pointer]) -> Iterator[Resource]:
        """What ``pointers`` name, under the name that they use."""
        by_kind: dict[str, dict[str, str]] = defaultdict(dict)
        for pointer in pointers:
            names = by_kind[pointer.kind]
            names[pointer.id] = pointer.url or names.get(pointer.id, "")
        for kind, names in by_kind.items():
            ids = list(names)
            for first in range(0, len(ids), _IDS_AT_ONCE):
                for resource in self._server.look_up(kind, ids[first : first + _IDS_AT_ONCE]):
                    yield Resource(resource.raw, names[resource.id])


def _unnamed(pointers: Sequence[Pointer], together: Sequence[Resource]) -> list[Pointer]:
    """Those that are not there; one that is there without its address is given it.

    A second copy would be read as a result of its own.
    """
    here = {(resource.kind, resource.id): resource for resource in together}
    for pointer in pointers:
        if pointer.url and (known := here.get((pointer.kind, pointer.id))):
            known.url = pointer.url
    return [pointer for pointer in pointers if (pointer.kind, pointer.id) not in here]


def _back(moment: datetime | None, by: timedelta) -> datetime | None:
    """``moment`` less ``by``, in whole seconds; None: from the beginning."""
    if moment is None:
        return None
    with suppress(OverflowError):
        return (moment.astimezone(UTC) - by).replace(microsecond=0)
    return None


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
