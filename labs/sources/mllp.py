"""HL7 v2 over MLLP: a server that answers a message only after it is stored.

Rules: one message at a time on a connection, several connections at once; a message whose end
block did not come is never taken (its sender, who got no answer, sends it again); whatever a
peer does, it costs a bounded amount of memory and time, and no other peer waits for it. Senders
that forget the leading block character, or the CR at the end, are understood. Logs tell peers
and codes, never what a message says.

Source: HL7 Version 3 Standard: Transport Specification, MLLP Release 1 (``<VT>…<FS><CR>``).
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from labs.sources.mllp_frames import CR, END, START, Frames, TooLarge

log = logging.getLogger("ketqua.mllp")
_CHUNK = 64 * 1024
_BREATH = 0.1  # seconds until the next try where no connection can be accepted

Take = Callable[[bytes, str], bytes]
Refuse = Callable[[bytes, str], bytes]


@dataclass(frozen=True, slots=True)
class MllpLimits:
    """What a peer may cost. Times are seconds, sizes bytes.

    Args:
        together: All messages that are being received or stored; who holds most is hung up on.
        silence: Within a message.
        message: From a message's first byte to its last.
        idle: Between messages.
        pause: After which an end block without its CR is one.
        farewell: For a peer to read the last answer and hang up.
        at_once: Messages that are being stored, over all connections.
    """

    largest: int = 64 * 1024 * 1024
    together: int = 512 * 1024 * 1024
    silence: float = 30
    message: float = 120
    idle: float = 600
    pause: float = 0.1
    handshake: float = 10
    farewell: float = 1
    connections: int = 200
    per_peer: int = 20
    at_once: int = 8


@dataclass(eq=False, slots=True)
class _Line:
    """A connection.

    Args:
        began: When its message began (the loop's time); None between messages.
        at_hand: Size of the message that is being stored.
    """

    peer: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    frames: Frames
    began: float | None = None
    at_hand: int = 0

    def mark(self, now: float) -> None:
        """Remember when the message began that has begun."""
        if not self.frames.inside:
            self.began = None
        elif self.began is None:
            self.began = now


class MllpServer:
    """Listens in a thread of its own.

    ``counts`` tells how often what happened: ``taken``, ``failed``, ``half``, ``slow``, ``idle``,
    ``too_large``, ``turned_away``, ``crowded_out``.

    Args:
        host: One address: IPv4, a name of one, IPv6 (``::``), or empty for all of IPv4.
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
        self._host = host
        self._take, self._refuse, self._failed = take, refuse, failed
        self._tls = tls
        self._limits = limits or MllpLimits()
        self._peers: Counter[str] = Counter()
        self._lines: set[_Line] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._connected: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self.counts: Counter[str] = Counter()
        self.port = port

    def start(self) -> None:
        """Begin to listen. Raises: OSError, the port can't be had."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self.port), family=family, backlog=128)
        listener.setblocking(False)  # noqa: FBT003  (its only form)
        self.port = listener.getsockname()[1]
        run = threading.Thread(target=self._run, args=(listener,), name="mllp", daemon=True)
        self._thread = run
        run.start()
        self._started.wait()

    def stop(self) -> None:
        """Take no more; answer the messages at hand, then hang up."""
        if self._thread is None or self._loop is None or self._stop is None:
            return
        with suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=30)

    def _run(self, listener: socket.socket) -> None:
        try:
            with listener:
                asyncio.run(self._serve(listener))
        finally:
            self._started.set()

    async def _serve(self, listener: socket.socket) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_default_executor(ThreadPoolExecutor(self._limits.at_once, "mllp-store"))
        accepting = asyncio.create_task(self._accept(listener))
        self._started.set()
        await self._stop.wait()
        self._stopping = True
        accepting.cancel()
        listener.close()
        at_hand = list(self._busy)
        for task in self._connected.difference(at_hand):
            task.cancel()
        if at_hand:
            await asyncio.wait(at_hand)

    async def _accept(self, listener: socket.socket) -> None:
        """Meet whoever there is room for; handshakes count, so nobody holds more by being slow."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listener)
            except OSError as error:  # no descriptor is left, or the peer has gone again
                log.warning("mllp: a connection can't be accepted: %s", type(error).__name__)
                await asyncio.sleep(_BREATH)
                continue
            peer = str(address[0])
            if self._is_full(peer):
                self._count("turned_away", peer)
                connection.close()
            else:
                self._welcome(connection, peer)

    def _is_full(self, peer: str) -> bool:
        limits = self._limits
        return len(self._connected) >= limits.connections or self._peers[peer] >= limits.per_peer

    def _welcome(self, connection: socket.socket, peer: str) -> None:
        self._peers[peer] += 1
        task = asyncio.create_task(self._meet(connection, peer))
        self._connected.add(task)

        def forget(done: asyncio.Task[None]) -> None:
            self._connected.discard(done)
            self._peers -= Counter([peer])  # drops a peer with none

        task.add_done_callback(forget)

    async def _meet(self, connection: socket.socket, peer: str) -> None:
        try:
            line = await self._connect(connection, peer)
        except OSError as error:
            log.info("mllp: no connection with %s: %s", peer, type(error).__name__)
            return
        self._lines.add(line)
        try:
            await self._talk(line)
            await self._part(line)
        except TimeoutError:
            self._count("idle" if line.began is None else "slow", peer)
        except OSError as error:
            log.info("mllp: connection of %s ended: %s", peer, type(error).__name__)
        except Exception as error:  # noqa: BLE001  (no answer could be made)
            log.error("mllp: connection of %s ended: %s", peer, _where(error))  # noqa: TRY400
        finally:
            self._lines.discard(line)
            line.writer.transport.abort()

    async def _connect(self, connection: socket.socket, peer: str) -> _Line:
        """Shake hands. Raises: OSError."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_CHUNK)
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol,
            connection,
            ssl=self._tls,
            ssl_handshake_timeout=self._limits.handshake if self._tls else None,
        )
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        return _Line(peer, reader, writer, Frames(self._limits.largest))

    async def _talk(self, line: _Line) -> None:
        """Until the peer hangs up or sends too much, or the server stops. Raises: OSError."""
        try:
            while not self._stopping:
                data = await self._hear(line)
                line.frames.feed(data or b"")
                self._make_room()
                await self._answer_all(line, paused=not data)
                if data == b"":
                    if line.frames.inside:
                        self._count("half", line.peer)
                    return
                line.mark(asyncio.get_running_loop().time())
        except TooLarge as large:
            self._count("too_large", line.peer)
            await self._say(line, self._refuse(large.args[0], line.peer))

    async def _hear(self, line: _Line) -> bytes | None:
        """What comes; empty: the peer hung up; None: a pause. Raises: TimeoutError."""
        wait = self._limits.idle if line.began is None else self._patience(line.began)
        may_have_ended = line.frames.may_have_ended
        if may_have_ended:
            wait = min(wait, self._limits.pause)
        try:
            return await asyncio.wait_for(line.reader.read(_CHUNK), wait)
        except TimeoutError:
            if may_have_ended:
                return None
            raise

    def _patience(self, began: float) -> float:
        """How long the next byte may take. Raises: TimeoutError, the message took too long."""
        left = began + self._limits.message - asyncio.get_running_loop().time()
        if left <= 0:
            raise TimeoutError
        return min(left, self._limits.silence)

    def _make_room(self) -> None:
        """Hang up on whoever holds most, where all together hold too much."""
        if sum(line.frames.size + line.at_hand for line in self._lines) > self._limits.together:
            greedy = max(self._lines, key=lambda line: line.frames.size)
            self._count("crowded_out", greedy.peer)
            greedy.frames = Frames(self._limits.largest)
            greedy.writer.transport.abort()

    async def _answer_all(self, line: _Line, *, paused: bool) -> None:
        while not self._stopping and (message := line.frames.next(paused=paused)) is not None:
            line.began, line.at_hand = None, len(message)
            try:
                await self._answer(line, message)
            finally:
                line.at_hand = 0

    async def _answer(self, line: _Line, message: bytes) -> None:
        """Store and acknowledge; once begun, it is finished even when the server stops."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (asyncio runs this as one)
        self._busy.add(task)
        try:
            await self._say(line, await self._store(message, line.peer))
        finally:
            self._busy.discard(task)

    async def _store(self, message: bytes, peer: str) -> bytes:
        """The answer to a message; there are ``at_once`` threads to store in."""
        try:
            reply = await asyncio.to_thread(self._take, message, peer)
        except Exception as error:  # noqa: BLE001  (whatever it was, nothing was stored)
            self.counts["failed"] += 1
            log.error("mllp: not stored, of %s: %s", peer, _where(error))  # noqa: TRY400
            return await asyncio.to_thread(self._failed, message, peer)
        self.counts["taken"] += 1
        return reply

    async def _say(self, line: _Line, reply: bytes) -> None:
        if reply:
            line.writer.write(START + reply + END + CR)
            await asyncio.wait_for(line.writer.drain(), self._limits.silence)

    async def _part(self, line: _Line) -> None:
        """Let the peer read the last answer: to close on unread bytes would take it back."""
        if line.writer.can_write_eof():
            line.writer.write_eof()
        left = self._limits.largest
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.farewell):
                while left > 0 and (ignored := await line.reader.read(_CHUNK)):
                    left -= len(ignored)
                line.writer.close()
                await line.writer.wait_closed()

    def _count(self, what: str, peer: str) -> None:
        self.counts[what] += 1
        log.warning("mllp: %s: %s", peer, what)


def _where(error: BaseException) -> str:
    """The kind of ``error`` and the lines of code it came through; its text may quote a message."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"


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
