"""HL7 v2 over MLLP: a server that answers a message only after it is stored.

Rules: one message at a time on a connection, several connections at once; half a message is
never taken (its sender, who got no answer, sends it again); whatever a peer does, it costs a
bounded amount of memory and time, and no other peer waits for it. Senders that forget the
leading block character, or the CR at the end, are understood.

Source: HL7 Version 3 Standard: Transport Specification, MLLP Release 1 (``<VT>…<FS><CR>``).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

log = logging.getLogger("ketqua.mllp")
START, END, CR = b"\x0b", b"\x1c", b"\r"
_BLANK = b"\r\n\t \x00"
_CHUNK = 64 * 1024

Take = Callable[[bytes, str], bytes]
Refuse = Callable[[bytes, str], bytes]


@dataclass(frozen=True, slots=True)
class MllpLimits:
    """What a peer may cost. Times are seconds, sizes bytes.

    Args:
        silence: Within a message.
        message: From a message's first byte to its last.
        idle: Between messages.
        at_once: Messages that are being stored, over all connections.
    """

    largest: int = 64 * 1024 * 1024
    silence: float = 30
    message: float = 120
    idle: float = 600
    handshake: float = 10
    connections: int = 200
    per_peer: int = 20
    at_once: int = 8


class _TooLarge(Exception):
    """The message passed the limit; the argument is what came of it."""


class Frames:
    """Cuts what a connection sends into messages.

    Bytes between two messages are skipped, unless a message begins there without its VT.
    """

    def __init__(self, largest: int) -> None:
        """Refuse messages of more than ``largest`` bytes."""
        self._buffer = bytearray()
        self._largest = largest
        self._looked = 0

    @property
    def inside(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._buffer.lstrip(_BLANK))

    def feed(self, data: bytes) -> None:
        """Take what came. Raises: _TooLarge."""
        self._buffer += data
        if len(self._buffer) > self._largest + 2 and self._end() < 0:
            raise _TooLarge(bytes(self._buffer[:_CHUNK]))

    def next(self) -> bytes | None:
        """The next whole message, or None. Raises: _TooLarge."""
        while (end := self._end()) >= 0:
            block = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._looked = 0
            message = self._message(block)
            if len(message) > self._largest:
                raise _TooLarge(message[:_CHUNK])
            if message:
                return message
        return None

    def _end(self) -> int:
        found = self._buffer.find(END, self._looked)
        self._looked = len(self._buffer) if found < 0 else found
        return found

    @staticmethod
    def _message(block: bytes) -> bytes:
        """What stands behind the last VT (a peer that began anew), else all of it."""
        return block.rpartition(START)[2].strip(_BLANK)


class MllpServer:
    """Listens in a thread of its own.

    Args:
        take: Stores a message of a peer and returns the answer; empty: none. Runs in a
            worker thread; raising means that nothing was stored.
        refuse: Answers a message that is too large, from its beginning.
        failed: Answers a message of which ``take`` raised.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        take: Take,
        refuse: Refuse,
        failed: Refuse,
        tls: ssl.SSLContext | None = None,
        limits: MllpLimits | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._take, self._refuse, self._failed = take, refuse, failed
        self._tls = tls
        self._limits = limits or MllpLimits()
        self._peers: Counter[str] = Counter()
        self._busy: set[asyncio.Task[None]] = set()
        self._connected: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._started = threading.Event()
        self._trouble: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="mllp", daemon=True)
        self.port = port

    def start(self) -> None:
        """Begin to listen. Raises: OSError, the port can't be had."""
        self._thread.start()
        self._started.wait()
        if self._trouble is not None:
            raise self._trouble

    def stop(self) -> None:
        """Take no more; answer the messages at hand, then hang up."""
        if self._loop is not None and self._stop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=30)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._trouble = error
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._storing = asyncio.Semaphore(self._limits.at_once)
        server = await asyncio.start_server(
            self._meet,
            self._host,
            self._port,
            limit=_CHUNK,
            ssl=self._tls,
            ssl_handshake_timeout=self._limits.handshake if self._tls else None,
        )
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        self._stopping = True
        server.close()
        at_hand = list(self._busy)
        for task in self._connected.difference(at_hand):
            task.cancel()
        if at_hand:
            await asyncio.wait(at_hand)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str(writer.get_extra_info("peername")[0])
        full = self._peers.total() >= self._limits.connections
        if full or self._peers[peer] >= self._limits.per_peer:
            log.warning("mllp: too many connections, %s is turned away", peer)
            writer.close()
            return
        self._peers[peer] += 1
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (asyncio runs this as one)
        self._connected.add(task)
        try:
            await self._talk(reader, writer, peer)
        except (OSError, TimeoutError, asyncio.CancelledError) as error:
            log.info("mllp: connection of %s ended: %s", peer, type(error).__name__)
        finally:
            self._connected.discard(task)
            self._peers[peer] -= 1
            writer.close()

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str
    ) -> None:
        frames, limits = Frames(self._limits.largest), self._limits
        began: float | None = None
        while self._goes_on():
            wait = limits.idle if began is None else self._patience(began)
            data = await asyncio.wait_for(reader.read(_CHUNK), wait)
            if not data:
                if frames.inside:
                    log.warning("mllp: %s hung up within a message", peer)
                return
            try:
                frames.feed(data)
                while self._goes_on() and (message := frames.next()) is not None:
                    began = None
                    await self._answer(writer, message, peer)
            except _TooLarge as large:
                log.warning("mllp: a message of %s is too large", peer)
                await self._say(writer, self._refuse(large.args[0], peer))
                return
            if not frames.inside:
                began = None
            elif began is None:
                began = asyncio.get_running_loop().time()

    def _goes_on(self) -> bool:
        return not self._stopping

    def _patience(self, began: float) -> float:
        """How long the next byte may take. Raises: TimeoutError, the message took too long."""
        left = began + self._limits.message - asyncio.get_running_loop().time()
        if left <= 0:
            raise TimeoutError
        return min(left, self._limits.silence)

    async def _answer(self, writer: asyncio.StreamWriter, message: bytes, peer: str) -> None:
        """Store and acknowledge; once begun, it is finished even when the server stops."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (asyncio runs this as one)
        self._busy.add(task)
        try:
            await self._store_and_say(writer, message, peer)
        finally:
            self._busy.discard(task)

    async def _store_and_say(self, writer: asyncio.StreamWriter, message: bytes, peer: str) -> None:
        async with self._storing:
            try:
                reply = await asyncio.to_thread(self._take, message, peer)
            except Exception:
                log.exception("mllp: a message of %s could not be stored", peer)
                reply = self._failed(message, peer)
        await self._say(writer, reply)

    async def _say(self, writer: asyncio.StreamWriter, reply: bytes) -> None:
        if reply:
            writer.write(START + reply + END + CR)
            await asyncio.wait_for(writer.drain(), self._limits.silence)


def server_context(certificate: str, key: str, client_ca: str = "") -> ssl.SSLContext:
    """TLS for the server, 1.2 or later; senders must show a certificate where a CA is given.

    Args:
        certificate, key, client_ca: Paths of PEM files.

    Raises:
        OSError: one can't be read. ssl.SSLError: or is none.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
