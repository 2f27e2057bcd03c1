"""A line to an SSH server: its key is checked before anything is said to it.

Only pinned keys are trusted, never the first one seen; no agent, no keys or known hosts of
this machine's user. Each stage has its own time, and a watchdog hangs up at the end of it,
for a peer that sends a byte now and then never runs into a time-out. Whatever the peer or the
library does wrong becomes a ``FeedTrouble`` that carries none of the peer's words.

Source: RFC 4253 (transport), RFC 4252 (authentication), draft-ietf-secsh-scp-sftp-ssh-uri-04.
"""

from __future__ import annotations

import errno
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import StringIO
from urllib.parse import unquote, urlsplit

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from core.feeds.source import FeedTrouble, Limits

_PORT = 22
_HOME = "/~"
# paramiko logs what peers say, names of files too; on a channel of ours that can be closed.
_CHANNEL = "ketqua.ssh"
_LATER = 1.0  # seconds by which paramiko's own limits come after ours
_NOT_OPEN = (errno.EACCES, errno.EPERM)


@dataclass(frozen=True, slots=True)
class Address:
    """``sftp://user@host:port/folder``; ``/~/folder`` begins at the user's home."""

    user: str
    host: str
    port: int
    folder: bytes

    @classmethod
    def of(cls, text: str) -> Address:
        """Read an address.

        Raises:
            FeedTrouble: ``feed_address_unusable``, also where it holds a password: addresses
                are shown.
        """
        try:
            parts = urlsplit(text)
            host, user, port = parts.hostname or "", unquote(parts.username or ""), parts.port
            host.encode("idna")
        except ValueError:
            raise FeedTrouble("feed_address_unusable") from None
        odd = parts.password is not None or parts.query or parts.fragment
        if parts.scheme != "sftp" or not host or not user or odd or port == 0:
            raise FeedTrouble("feed_address_unusable")
        return cls(user, host, port or _PORT, _folder(parts.path))


def _folder(path: str) -> bytes:
    if path in ("", _HOME) or path.startswith(f"{_HOME}/"):
        path = f".{path.removeprefix(_HOME)}"
    folder = unquote(path).encode()
    if b"\0" in folder:
        raise FeedTrouble("feed_address_unusable")
    return folder.rstrip(b"/") or b"/"


class Line:
    """A connection to one server, open within ``with``."""

    def __init__(self, address: Address, limits: Limits) -> None:
        """Call nobody yet."""
        self._address = address
        self._limits = limits
        self._socket: socket.socket | None = None
        self._transport: paramiko.Transport | None = None
        self._channel: paramiko.Channel | None = None
        self._cut_off = False

    @contextmanager
    def open(self) -> Iterator[Line]:
        """Call the server; hang up at the end, or when the time of a poll is over.

        Raises:
            FeedTrouble: from here, and for whatever goes wrong within ``with``.
        """
        try:
            with self._for_at_most(self._limits.total_seconds):
                with self._for_at_most(2 * self._limits.connect_seconds):
                    self._call()
                yield self
        except FeedTrouble:
            raise
        except Exception as error:  # noqa: BLE001 - what parsers of a hostile answer may raise
            raise self._trouble(error) from None
        finally:
            self._hang_up()

    @property
    def host_key(self) -> str:
        """The key that the server has shown and proven, as OpenSSH prints it."""
        return self._there.get_remote_server_key().fingerprint

    def trust(self, pinned: str) -> None:
        """Go on only if the server's key is pinned.

        Args:
            pinned: ``SHA256:…``; several, separated by spaces, while a server changes its key.

        Raises:
            FeedTrouble: ``feed_host_key_unknown`` where none is pinned, ``feed_host_key_changed``.
        """
        shown = self.host_key
        if not pinned.split():
            raise FeedTrouble("feed_host_key_unknown", shown)
        if shown not in pinned.split():
            raise FeedTrouble("feed_host_key_changed", shown)

    def sign_in(self, secret: str) -> paramiko.Channel:
        """Say who we are, and ask for SFTP.

        Args:
            secret: A password, or a private key (PEM or OpenSSH) without a pass phrase.

        Raises:
            FeedTrouble: ``feed_not_authorised``.
        """
        with self._for_at_most(self._limits.read_seconds):
            if secret.lstrip().startswith("-----BEGIN "):
                self._there.auth_publickey(self._address.user, private_key(secret))
            else:
                self._there.auth_password(self._address.user, secret)
            if not self._there.is_authenticated():
                raise FeedTrouble("feed_not_authorised")  # it wants a second factor
            channel = self._channel = self._there.open_session()
            channel.settimeout(self._limits.read_seconds)
            channel.invoke_subsystem("sftp")
        return channel

    @property
    def alive(self) -> bool:
        """Whether the server is still there; of a line that breaks, the channel closes first."""
        if self._transport is None or (self._channel is not None and self._channel.closed):
            return False
        return self._transport.is_active()

    @property
    def _there(self) -> paramiko.Transport:
        if self._transport is None:
            raise FeedTrouble("feed_unreachable")
        return self._transport

    def _call(self) -> None:
        where, seconds = (self._address.host, self._address.port), self._limits.connect_seconds
        self._socket = socket.create_connection(where, timeout=seconds)
        if self._cut_off:
            raise TimeoutError
        logging.getLogger(_CHANNEL).setLevel(logging.CRITICAL + 1)
        transport = self._transport = paramiko.Transport(self._socket)
        transport.set_log_channel(_CHANNEL)
        transport.banner_timeout = transport.handshake_timeout = 2 * seconds + _LATER
        transport.auth_timeout = transport.channel_timeout = self._limits.read_seconds + _LATER
        transport.start_client()

    @contextmanager
    def _for_at_most(self, seconds: float) -> Iterator[None]:
        watchdog = threading.Timer(seconds, self._cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()

    def _cut(self) -> None:
        self._cut_off = True
        self._hang_up()

    def _hang_up(self) -> None:
        with suppress(Exception):  # what is left of a broken line
            if self._transport is not None:
                self._transport.close()
        if self._socket is not None:
            self._socket.close()

    def _trouble(self, error: Exception) -> FeedTrouble:
        if self._cut_off or isinstance(error, TimeoutError):
            return FeedTrouble("feed_timed_out")
        if isinstance(error, paramiko.AuthenticationException):
            return FeedTrouble("feed_not_authorised")
        if _is_of_the_network(error) or (isinstance(error, OSError) and not self.alive):
            return FeedTrouble("feed_unreachable")
        if isinstance(error, OSError) and error.errno in _NOT_OPEN:
            return FeedTrouble("feed_not_authorised")
        return FeedTrouble("feed_unexpected_answer", type(error).__name__)


def _is_of_the_network(error: BaseException | None) -> bool:
    """Whether a line that broke is behind this; paramiko wraps it in exceptions of its own."""
    network = (EOFError, ConnectionError, socket.gaierror)
    while error is not None and not isinstance(error, network):
        error = error.__cause__ or error.__context__
    return error is not None


def private_key(text: str) -> paramiko.PKey:
    """A private key, whichever of its usual forms it has (paramiko reads no PKCS #8).

    Raises:
        FeedTrouble: ``feed_not_authorised``: no key, one with a pass phrase, or of a kind that
            nobody should use any more.
    """
    data = text.strip().encode() + b"\n"
    openssh = data.startswith(b"-----BEGIN OPENSSH")
    load = serialization.load_ssh_private_key if openssh else serialization.load_pem_private_key
    try:
        key = load(data, password=None)
        if not isinstance(key, tuple(_KINDS)):
            raise FeedTrouble("feed_not_authorised", "private key")
        plain = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        ).decode()
        kind = next(_KINDS[each] for each in _KINDS if isinstance(key, each))
        return kind.from_private_key(StringIO(plain))
    except (ValueError, TypeError, UnsupportedAlgorithm, paramiko.SSHException):
        raise FeedTrouble("feed_not_authorised", "private key") from None


_KINDS: dict[type, type[paramiko.PKey]] = {
    ed25519.Ed25519PrivateKey: paramiko.Ed25519Key,
    ec.EllipticCurvePrivateKey: paramiko.ECDSAKey,
    rsa.RSAPrivateKey: paramiko.RSAKey,
}
