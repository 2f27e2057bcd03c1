"""What a feed's secret means to an HTTP server.

Empty: nothing is sent. JSON (``{"token_url","client_id","client_secret","scope"?}``): OAuth 2.0
client credentials, the token kept (``tokens``) until shortly before it expires. With a colon:
``user:password`` (Basic). Anything else is a bearer token.

Source: RFC 6749 section 4.4, RFC 6750 section 2.1, RFC 7617.
"""

from __future__ import annotations

import re
from base64 import b64encode
from contextlib import suppress
from math import inf

import msgspec
import requests
from requests.auth import AuthBase

from core.feeds.source import FeedTrouble
from labs.sources.http import Answer, Wire
from labs.sources.tokens import Tokens

_BEARER = re.compile(r"[\x21-\x7e]+")
_USUAL_SECONDS = 300.0
_OK = 200
_REFUSED = frozenset({400, 401, 403})


class Client(msgspec.Struct):
    """OAuth 2.0 client credentials."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str = ""


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float | str | None = None


class Header(AuthBase):
    """Sends one ``Authorization`` header, or none."""

    def __init__(self, value: str = "") -> None:
        """Send ``value``."""
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the header on ``request``."""
        if self._value:
            request.headers["Authorization"] = self._value
        return request


class Authorisation:
    """The header for a secret, and its token while it is good."""

    def __init__(self, secret: str, tokens: Tokens) -> None:
        """Read ``secret``; it is judged when it is needed."""
        self._secret = secret.strip()
        self._tokens = tokens
        self._sent = ""

    def header(self, wire: Wire) -> Header:
        """What to send now.

        Raises:
            FeedTrouble: ``feed_not_authorised``, or the token's server can't be asked.
        """
        if not self._secret:
            return Header()
        if self._is_granted:
            return Header(f"Bearer {self._granted(wire)}")
        if ":" in self._secret:
            return _basic(self._secret)
        return Header(f"Bearer {_plain(self._secret)}")

    def forget(self) -> bool:
        """The token that was sent was refused; whether another can be asked for."""
        self._tokens.drop(self._secret, self._sent)
        return self._is_granted

    @property
    def _is_granted(self) -> bool:
        return self._secret.startswith("{")

    def _granted(self, wire: Wire) -> str:
        self._sent = self._tokens.find(self._secret)
        if not self._sent:
            granted = _grant(wire, _client(self._secret))
            self._sent = _plain(granted.access_token)
            self._tokens.keep(self._secret, self._sent, _lifetime(granted))
        return self._sent


def _client(secret: str) -> Client:
    try:
        return msgspec.json.decode(secret, type=Client)
    except (msgspec.MsgspecError, UnicodeError):
        pass
    raise FeedTrouble("feed_not_authorised", "secret")


def _grant(wire: Wire, client: Client) -> _Granted:
    form = {"grant_type": "client_credentials"} | ({"scope": client.scope} if client.scope else {})
    who = _basic(f"{client.client_id}:{client.client_secret}")
    granted = _read(wire.ask(client.token_url, who, form))
    if granted is None:
        raise FeedTrouble("feed_not_authorised", "token_url")
    return granted


def _read(answer: Answer) -> _Granted | None:
    if answer.status != _OK:
        if answer.status not in _REFUSED:
            raise FeedTrouble("feed_unreachable", f"token_url {answer.status}")
        return None
    try:
        return msgspec.json.decode(answer.body, type=_Granted)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _lifetime(granted: _Granted) -> float:
    """Seconds; the usual ones where the server says none that could be meant."""
    with suppress(ValueError):
        seconds = float(granted.expires_in or _USUAL_SECONDS)
        return seconds if 0 < seconds < inf else _USUAL_SECONDS
    return _USUAL_SECONDS


def _basic(pair: str) -> Header:
    return Header(f"Basic {b64encode(pair.encode()).decode()}")


def _plain(token: str) -> str:
    """A token that fits on a header's line."""
    if not _BEARER.fullmatch(token):
        raise FeedTrouble("feed_not_authorised", "secret")
    return token
