"""What is asked of a FHIR server, and what its answers mean.

Rules: every address is made from the feed's own; an answer is a page, or "not understood"
(a parameter or a type that this server doesn't know), or a ``FeedTrouble``.

Source: FHIR R4, RESTful API (read, search, capabilities).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from core.feeds.source import FeedTrouble
from labs.readers.fhir_resources import Resource
from labs.sources.authorisation import Authorisation
from labs.sources.fhir_bundle import OPTIONAL, Page, read_page
from labs.sources.http import Answer, Wire

REPORT, OBSERVATION = "DiagnosticReport", "Observation"
_OK = 200
_TOKEN_REFUSED = 401
_NOT_AUTHORISED = frozenset({_TOKEN_REFUSED, 403})
_UNREACHABLE = frozenset({408, 425, 429})
_SERVER_FAULT = 500
# A server that doesn't know a parameter or a type says one of these.
_NOT_UNDERSTOOD = frozenset({400, 404, 405, 422, 501})
_RESERVED = ("_lastUpdated", "_sort", "_count")


class _Resource(msgspec.Struct):
    type: str = ""


class _Rest(msgspec.Struct):
    resource: list[_Resource] = []


class _Capabilities(msgspec.Struct):
    rest: list[_Rest] = []


class FhirServer:
    """A server as one poll sees it; ``kind`` is what is searched for."""

    def __init__(self, address: str, authorisation: Authorisation, wire: Wire) -> None:
        """Begin with reports.

        Raises:
            FeedTrouble: ``feed_address_unusable``.
        """
        parts = _usable(address)
        self.base = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
        self.kind = REPORT
        self._narrowed = parse_qsl(parts.query)
        self._wire = wire
        self._authorisation = authorisation
        self._capabilities_read = False
        self._asked_for_another = False

    def address_of(self, asked: Mapping[str, str], more: Sequence[tuple[str, str]] = ()) -> str:
        """A search for reports."""
        query = urlencode([*self._narrowed, *asked.items(), *more], safe=":,")
        return f"{self.base}/{self.kind}?{query}"

    def search(
        self, asked: Mapping[str, str], more: Sequence[tuple[str, str]] = ()
    ) -> tuple[Answer, Page | None]:
        """Search; where there are no reports, for observations. No page: not understood."""
        answer, page = self.read(self.address_of(asked, more))
        if page is None and self.kind == REPORT and self._has_observations_only():
            self.kind = OBSERVATION
            answer, page = self.read(self.address_of(asked))
        return answer, page

    def read(self, url: str) -> tuple[Answer, Page | None]:
        """The page at ``url``. No page: not understood."""
        answer = self.get(url)
        if answer.status in _NOT_UNDERSTOOD:
            return answer, None
        return answer, read_page(answer.body, self.kind)

    def get(self, url: str, *, optional: bool = False) -> Answer:
        """Whatever is at ``url``: found, or not understood.

        Args:
            optional: A refusal is no reason to doubt the token.

        Raises:
            FeedTrouble: any other answer.
        """
        answer = self._answer(url)
        if answer.status in _NOT_AUTHORISED:
            if not optional:
                self._authorisation.forget()
            raise FeedTrouble("feed_not_authorised", str(answer.status))
        if answer.status in _UNREACHABLE or (
            answer.status >= _SERVER_FAULT and answer.status not in _NOT_UNDERSTOOD
        ):
            raise FeedTrouble("feed_unreachable", str(answer.status))
        if answer.status != _OK and answer.status not in _NOT_UNDERSTOOD:
            raise FeedTrouble("feed_unexpected_answer", str(answer.status))
        return answer

    def _answer(self, url: str) -> Answer:
        """What is answered; to a token that is refused once a poll, with another one."""
        answer = self._wire.get(url, self._authorisation.header(self._wire))
        if answer.status != _TOKEN_REFUSED or self._asked_for_another:
            return answer
        self._asked_for_another = True
        if not self._authorisation.forget():
            return answer
        return self._wire.get(url, self._authorisation.header(self._wire))

    def _has_observations_only(self) -> bool:
        if self._capabilities_read:
            return False
        self._capabilities_read = True
        answer = self.get(f"{self.base}/metadata")
        with suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
            told = msgspec.json.decode(answer.body, type=_Capabilities)
            kinds = {resource.type for rest in told.rest for resource in rest.resource}
            return OBSERVATION in kinds and REPORT not in kinds
        return False

    def look_up(self, kind: str, ids: Sequence[str]) -> Iterator[Resource]:
        """Those resources of ``kind`` that are there, asked for together, else one by one."""
        wanted = set(ids)
        for resource in self._together(kind, ids):
            if resource.kind == kind and resource.id in wanted:
                wanted.discard(resource.id)
                yield resource
        for name in sorted(wanted):
            resource = Resource(self._found(f"{self.base}/{kind}/{name}", kind).body)
            if resource.kind == kind and resource.id == name:
                yield resource

    def search_of(self, kind: str, asked: Mapping[str, str]) -> str:
        """A search for resources of ``kind``, whatever the feed is narrowed to."""
        return f"{self.base}/{kind}?{urlencode(asked, safe=',/')}"

    def page_of(self, kind: str, url: str) -> Page | None:
        """The page at ``url`` of a search for ``kind``; None where there is none for us."""
        answer = self._found(url, kind)
        return read_page(answer.body, kind) if answer.status == _OK else None

    def _together(self, kind: str, ids: Sequence[str]) -> list[Resource]:
        asked = {"_id": ",".join(ids), "_count": str(len(ids))}
        page = self.page_of(kind, self.search_of(kind, asked))
        return [match.resource for match in page.matches] if page else []

    def _found(self, url: str, kind: str) -> Answer:
        """What is at ``url``; an empty answer if it is gone, or ours to do without."""
        try:
            answer = self.get(url, optional=kind in OPTIONAL)
        except FeedTrouble as trouble:
            gone = trouble.code == "feed_unexpected_answer" and trouble.detail == "410"
            spared = trouble.code == "feed_not_authorised" and kind in OPTIONAL
            if not gone and not spared:
                raise
        else:
            if answer.status == _OK:
                return answer
        return Answer(url, 0, {}, b"")


def check_base(address: str) -> None:
    """Refuse a base URL that can't be searched. Raises: FeedTrouble."""
    _usable(address)


def _usable(address: str) -> SplitResult:
    try:
        parts = urlsplit(address.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or "@" in parts.netloc or parts.fragment:
        raise FeedTrouble("feed_address_unusable")
    if any(name.startswith(_RESERVED) for name, _ in parse_qsl(parts.query)):
        raise FeedTrouble("feed_address_unusable", "_lastUpdated, _sort, _count")
    return parts
