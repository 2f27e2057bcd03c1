"""Ask an HTTP server of somebody else, at a bounded cost.

Rules: a body is read in pieces, counted after it is unpacked, and dropped once it is too large;
the whole poll has one deadline, at which the connection is cut even if its headers still
trickle; redirects and links are followed on the same scheme, host and port only; nothing is
tried again here. What a server or a library does wrong becomes a ``FeedTrouble`` that carries
no address, header or body, nor the exception that did. Proxies and private certificate
authorities come from the environment, as ``requests`` reads them; ``.netrc`` is never read.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit
from weakref import WeakSet

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection

from core.feeds.source import FeedTrouble, Limits

_CHUNK = 64 * 1024
_REDIRECTS = 5
_PORTS = {"http": 80, "https": 443}
_MOVED = frozenset({301, 302, 303, 307, 308})
# One layer that we asked for: gzip within gzip grows a million times.
_PACKED = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
_HEADERS = {"Accept": "application/fhir+json, application/json;q=0.9", "Accept-Encoding": "gzip"}
_TIMEOUTS = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
_BROKEN = (
    requests.exceptions.ContentDecodingError,
    requests.exceptions.InvalidHeader,
    urllib3.exceptions.DecodeError,
)
_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    urllib3.exceptions.LocationParseError,
    UnicodeError,
)
_ALL = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``headers`` are found in any case of their names."""

    url: str = field(repr=False)
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def said_at(self) -> datetime | None:
        """The server's own time; None if it doesn't say."""
        with suppress(ValueError):
            told = parsedate_to_datetime(self.headers.get("Date", ""))
            return told if told.tzinfo else None
        return None


class Wire:
    """Questions of one poll, which share a deadline."""

    def __init__(
        self,
        limits: Limits,
        session: requests.Session | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start the deadline.

        Args:
            session: Asked instead of one of our own, whose connections can be cut.
            clock: Seconds that never go back.
        """
        self._limits = limits
        self._clock = clock
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._session = session or _session(self._sockets)
        self._deadline = clock() + limits.total_seconds
        # urllib3 logs addresses with their queries.
        logging.getLogger("urllib3.connectionpool").addFilter(_mute)

    def get(self, url: str, auth: AuthBase) -> Answer:
        """Ask for ``url``, following redirects within its origin.

        Raises:
            FeedTrouble: see the module; any status but a redirect is an answer.
        """
        for _ in range(_REDIRECTS):
            answer = self.ask(url, auth)
            if answer.status not in _MOVED:
                return answer
            url = lead(url, answer.headers.get("Location", ""))
        raise FeedTrouble("feed_unexpected_answer", "redirect")

    def ask(self, url: str, auth: AuthBase, form: Mapping[str, str] | None = None) -> Answer:
        """Ask once: GET, or POST of ``form``.

        Raises:
            FeedTrouble: no answer, not in time, too large, or packed as we can't read it.
        """
        outcome = self._outcome(url, auth, form)
        if isinstance(outcome, FeedTrouble):
            raise outcome  # here, where no other exception hangs on to it
        return outcome

    def _outcome(
        self, url: str, auth: AuthBase, form: Mapping[str, str] | None
    ) -> Answer | FeedTrouble:
        try:
            with self._cut_at_deadline() as left:
                return self._answer(url, auth, form, left)
        except FeedTrouble as trouble:
            return trouble
        except _ALL as error:
            return self._trouble(error)

    def _answer(
        self, url: str, auth: AuthBase, form: Mapping[str, str] | None, left: float
    ) -> Answer:
        response = self._session.request(
            "GET" if form is None else "POST",
            url,
            data=form,
            auth=auth,
            headers=_HEADERS,
            timeout=(
                min(self._limits.connect_seconds, left),
                min(self._limits.read_seconds, left),
            ),
            allow_redirects=False,
            stream=True,
        )
        with response:
            return Answer(url, response.status_code, response.headers, self._body(response))

    def _body(self, response: requests.Response) -> bytes:
        if response.headers.get("Content-Encoding", "").strip().lower() not in _PACKED:
            raise FeedTrouble("feed_unexpected_answer", "Content-Encoding")
        body = bytearray()
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            self._check_time()
            if len(body) > self._limits.largest:
                raise FeedTrouble("feed_too_large", f"> {self._limits.largest}")
        self._check_time()  # a connection that was cut looks like a body that ended
        return bytes(body)

    def _check_time(self) -> None:
        if self._clock() >= self._deadline:
            raise FeedTrouble("feed_timed_out")

    @contextmanager
    def _cut_at_deadline(self) -> Iterator[float]:
        """Seconds that are left; the connections are shut down when they are over."""
        self._check_time()
        left = self._deadline - self._clock()
        timer = threading.Timer(min(left, threading.TIMEOUT_MAX), self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield left
        finally:
            timer.cancel()

    def _cut(self) -> None:
        for connection in list(self._sockets):
            with suppress(OSError):
                # Below TLS, whose farewell would wait for the other side.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def _trouble(self, error: Exception) -> FeedTrouble:
        if isinstance(error, _TIMEOUTS) or self._clock() >= self._deadline:
            return FeedTrouble("feed_timed_out")
        if isinstance(error, _ADDRESS):
            return FeedTrouble("feed_address_unusable")
        if isinstance(error, _BROKEN):
            return FeedTrouble("feed_unexpected_answer")
        is_tls = isinstance(error, requests.exceptions.SSLError)
        return FeedTrouble("feed_unreachable", "TLS" if is_tls else "")


def lead(url: str, link: str) -> str:
    """Where ``link``, found at ``url``, leads.

    Raises:
        FeedTrouble: ``feed_leads_elsewhere`` with the host, or it is no address.
    """
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, link))
        same = _origin(here) == _origin(there)
    except ValueError:
        there, same = None, False
    if there is None or not link:
        raise FeedTrouble("feed_unexpected_answer", "link")
    if not same:
        raise FeedTrouble("feed_leads_elsewhere", there.hostname or there.scheme)
    return urlunsplit((there.scheme, here.netloc, there.path, there.query, ""))


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _mute(_: logging.LogRecord) -> bool:
    return False


def _session(sockets: WeakSet[socket.socket]) -> requests.Session:
    session = requests.Session()
    adapter = _Adapter(sockets)
    for scheme in _PORTS:
        session.mount(f"{scheme}://", adapter)
    return session


class _Adapter(HTTPAdapter):
    """Remembers its sockets, so that another thread can cut them."""

    def __init__(self, sockets: WeakSet[socket.socket]) -> None:
        self._sockets = sockets
        super().__init__()

    def init_poolmanager(self, *args: object, **options: object) -> None:
        """Make connections of ours, as requests makes its own."""
        super().init_poolmanager(*args, **options)  # type: ignore[arg-type]
        self.poolmanager.pool_classes_by_scheme = _pools(self._sockets)


def _pools(sockets: WeakSet[socket.socket]) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
