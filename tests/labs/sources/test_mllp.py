"""MLLP: an acknowledgement means stored, and one bad peer costs the others nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import hl7.client
import hl7.mllp
import pytest

from labs.sources.mllp import MllpLimits, MllpServer, Take, server_context

MESSAGE = b"MSH|^~\\&|LIS|BVX|KQ|SYT|20260304||ORU^R01|M1|P|2.5.1\rPID|1\r"
MIB = 1024 * 1024
QUICK = MllpLimits(silence=0.2, message=0.5, idle=5, handshake=0.5, farewell=0.2)


class Store:
    """Keeps messages; ``gate`` holds every storing back until it is set."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()
        self.broken = False

    def take(self, message: bytes, _peer: str) -> bytes:
        self.begun.set()
        assert self.gate.wait(10)
        if self.broken:
            raise OSError
        self.messages.append(message)
        return b"ACK " + message.split(b"|")[9]


@contextmanager
def serving(
    store: Store,
    limits: MllpLimits | None = None,
    tls: ssl.SSLContext | None = None,
    take: Take | None = None,
) -> Iterator[MllpServer]:
    server = MllpServer(
        "127.0.0.1", 0, take=take or store.take, refuse=lambda *_: b"AR", failed=lambda *_: b"AE",
        tls=tls, limits=limits,
    )  # fmt: skip
    server.start()
    try:
        yield server
    finally:
        server.stop()


def connect(server: MllpServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def framed(message: bytes = MESSAGE) -> bytes:
    return b"\x0b" + message + b"\x1c\r"


def answer(peer: socket.socket) -> bytes:
    """One framed answer, or what came before the other side hung up."""
    got = b""
    while not got.endswith(b"\x1c\r"):
        more = peer.recv(4096)
        if not more:
            return got
        got += more
    return got


def test_somebody_elses_client_gets_its_acknowledgement() -> None:
    store = Store()
    with serving(store) as server, hl7.client.MLLPClient("127.0.0.1", server.port) as client:
        assert client.send_message(MESSAGE) == b"\x0bACK M1\x1c\r"
        assert client.send_message(MESSAGE.replace(b"M1", b"M2")) == b"\x0bACK M2\x1c\r"
    assert len(store.messages) == 2


def test_somebody_elses_command_sends_a_file(tmp_path: Path) -> None:
    store, file = Store(), tmp_path / "messages.hl7"
    file.write_bytes(framed() + framed(MESSAGE.replace(b"M1", b"M2")))
    with serving(store) as server:
        sent = subprocess.run(
            [Path(sys.executable).with_name("mllp_send"), "--port", str(server.port),
             "--file", file, "127.0.0.1"],
            capture_output=True, check=True, timeout=60,
        )  # fmt: skip
    assert b"ACK M1" in sent.stdout
    assert b"ACK M2" in sent.stdout
    assert len(store.messages) == 2


def test_nothing_is_acknowledged_before_it_is_stored() -> None:
    store = Store()
    store.gate.clear()
    with serving(store) as server, connect(server) as peer:
        peer.sendall(framed())
        assert store.begun.wait(10)
        peer.settimeout(0.2)
        with pytest.raises(TimeoutError):
            peer.recv(1)
        store.gate.set()
        peer.settimeout(10)
        assert answer(peer) == framed(b"ACK M1")


def test_what_could_not_be_stored_is_answered_so_and_the_line_stays_open() -> None:
    store = Store()
    store.broken = True
    with serving(store) as server, connect(server) as peer:
        peer.sendall(framed())
        assert answer(peer) == framed(b"AE")
        store.broken = False
        peer.sendall(framed())
        assert answer(peer) == framed(b"ACK M1")


def test_somebody_elses_asynchronous_client_gets_its_acknowledgement() -> None:
    ack = MESSAGE.replace(b"ORU^R01", b"ACK").replace(b"PID|1", b"MSA|AA|M1")

    async def send(port: int) -> list[str]:
        reader, writer = await hl7.mllp.open_hl7_connection("127.0.0.1", port)
        codes = []
        for _ in range(3):
            writer.writemessage(hl7.parse(MESSAGE.decode()))
            await writer.drain()
            codes.append(str((await reader.readmessage()).segment("MSA")[1]))
        writer.close()
        return codes

    server = MllpServer(
        "127.0.0.1", 0, take=lambda *_: ack, refuse=lambda *_: b"", failed=lambda *_: b""
    )
    server.start()
    try:
        assert asyncio.run(send(server.port)) == ["AA"] * 3
    finally:
        server.stop()


def test_half_a_message_is_never_taken() -> None:
    store = Store()
    with serving(store) as server:
        with connect(server) as peer:
            peer.sendall(framed()[:-2])
            peer.shutdown(socket.SHUT_WR)
            assert peer.recv(1) == b""
        with connect(server) as peer:
            peer.sendall(framed())
            assert answer(peer) == framed(b"ACK M1")
        assert server.counts["half"] == 1
    assert len(store.messages) == 1


def test_a_peer_that_closes_its_side_still_gets_its_answer() -> None:
    store = Store()
    with serving(store) as server, connect(server) as peer:
        peer.sendall(framed()[:-1])
        peer.shutdown(socket.SHUT_WR)
        assert answer(peer) == framed(b"ACK M1")


def test_a_message_that_never_ends_is_refused_in_bounded_memory() -> None:
    store = Store()
    with serving(store, MllpLimits(largest=10_000)) as server, connect(server) as peer:
        peer.sendall(b"\x0b" + MESSAGE + b"x" * 9_990)
        assert answer(peer) == framed(b"AR")
        peer.close()
        assert server.counts["too_large"] == 1
    assert store.messages == []


def test_who_still_sends_what_is_too_large_can_read_its_refusal() -> None:
    store = Store()
    limits = MllpLimits(largest=4 * MIB, farewell=10)
    with serving(store, limits) as server, connect(server) as peer:
        peer.sendall(b"\x0b" + MESSAGE + b"x" * 7 * MIB)
        peer.shutdown(socket.SHUT_WR)
        assert answer(peer) == framed(b"AR")
        assert peer.recv(1) == b""
    assert store.messages == []


def test_a_message_that_never_ends_is_read_no_further_than_twice_the_largest() -> None:
    limits = MllpLimits(largest=MIB, farewell=10)
    with serving(Store(), limits) as server, connect(server) as peer:
        peer.sendall(b"\x0b" + MESSAGE)
        with pytest.raises(OSError, match=r"reset|pipe"):
            peer.sendall(b"x" * 100 * MIB)


def test_a_message_of_the_largest_size_is_taken_and_one_more_byte_is_not() -> None:
    filled = MESSAGE + b"x" * (1000 - len(MESSAGE) - 1) + b"\r"
    store = Store()
    with serving(store, MllpLimits(largest=1000)) as server, connect(server) as peer:
        peer.sendall(framed(filled))
        assert answer(peer) == framed(b"ACK M1")
        peer.sendall(framed(b"MSH|x" + filled))
        assert answer(peer) == framed(b"AR")
    assert store.messages == [filled]


def test_who_holds_most_is_hung_up_on_when_all_hold_too_much() -> None:
    store = Store()
    with serving(store, MllpLimits(together=100_000)) as server, connect(server) as greedy:
        greedy.sendall(b"\x0bMSH|" + b"x" * 90_000)
        with connect(server) as modest:
            modest.sendall(b"\x0b" + MESSAGE + b"x" * 20_000)
            assert _until_hung_up(greedy, b"")
            modest.sendall(b"\x1c\r")
            assert answer(modest) == framed(b"ACK M1")
        assert server.counts["crowded_out"] == 1


def test_a_connection_killed_before_its_answer_costs_nobody_anything() -> None:
    store = Store()
    store.gate.clear()
    with serving(store) as server:
        with connect(server) as peer:
            peer.sendall(framed())
            assert store.begun.wait(10)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        store.gate.set()
        with connect(server) as again:
            again.sendall(framed())
            assert answer(again) == framed(b"ACK M1")
    assert store.messages == [MESSAGE, MESSAGE]  # stored twice; intake knows a duplicate


def test_other_peers_are_served_while_one_message_is_being_stored() -> None:
    held, store = threading.Event(), Store()

    def take(message: bytes, peer: str) -> bytes:
        if b"SLOW" in message:
            assert held.wait(10)
        return store.take(message, peer)

    with serving(store, take=take) as server, connect(server) as slow, connect(server) as quick:
        slow.sendall(framed(MESSAGE.replace(b"M1", b"SLOW")))
        for _ in range(3):
            quick.sendall(framed())
            assert answer(quick) == framed(b"ACK M1")
        held.set()
        assert answer(slow) == framed(b"ACK SLOW")


def test_two_hundred_connections_are_served_at_once_and_no_more() -> None:
    store = Store()
    limits = MllpLimits(connections=200, per_peer=1000)
    with serving(store, limits) as server:
        peers = [connect(server) for _ in range(200)]
        try:
            for number, peer in enumerate(peers):
                peer.sendall(framed(MESSAGE.replace(b"M1", b"M%d" % number)))
            for number, peer in enumerate(peers):
                assert answer(peer) == framed(b"ACK M%d" % number)
            with connect(server) as one_more:
                assert one_more.recv(1) == b""
        finally:
            for peer in peers:
                peer.close()
        assert server.counts["turned_away"] == 1
    assert len(store.messages) == 200


def test_no_log_repeats_what_an_error_says(caplog: pytest.LogCaptureFixture) -> None:
    def take(message: bytes, _peer: str) -> bytes:
        raise ValueError(message.decode())

    def failed(message: bytes, _peer: str) -> bytes:
        raise KeyError(message)

    secret = MESSAGE + b"PID|1||||NGUYEN\r"
    with caplog.at_level(logging.DEBUG):
        with serving(Store(), take=take) as server, connect(server) as peer:
            peer.sendall(framed(secret))
            assert answer(peer) == framed(b"AE")
        server = MllpServer("127.0.0.1", 0, take=take, refuse=failed, failed=failed)
        server.start()
        with connect(server) as peer:
            peer.sendall(framed(secret))
            assert peer.recv(1) == b""  # no answer: it will be sent again
        server.stop()
    assert "ValueError" in caplog.text
    assert "KeyError" in caplog.text
    assert "NGUYEN" not in caplog.text


@pytest.mark.parametrize("drip", [b"", b"x"], ids=["silent", "dripping"])
def test_a_slow_peer_is_hung_up_on_and_delays_nobody(drip: bytes) -> None:
    store = Store()
    with serving(store, QUICK) as server, connect(server) as slow:
        slow.sendall(b"\x0bMSH|^~")
        with connect(server) as quick:
            quick.sendall(framed())
            assert answer(quick) == framed(b"ACK M1")
        slow.settimeout(0.1)
        assert _until_hung_up(slow, drip)
        assert server.counts["slow"] == 1


def test_an_idle_connection_is_hung_up_on() -> None:
    store = Store()
    with serving(store, MllpLimits(idle=0.2)) as server, connect(server) as peer:
        peer.sendall(framed() + b"\r\n")
        assert answer(peer) == framed(b"ACK M1")
        peer.sendall(b"\r\n\0")  # keeps the line alive; no message has begun
        assert peer.recv(1) == b""
        assert server.counts["idle"] == 1


def _until_hung_up(peer: socket.socket, drip: bytes) -> bool:
    for _ in range(100):
        try:
            if drip:
                peer.sendall(drip)
            if peer.recv(1) == b"":
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def test_one_peer_gets_only_so_many_connections() -> None:
    store = Store()
    with serving(store, MllpLimits(per_peer=2)) as server:
        with connect(server) as one, connect(server) as two:
            for peer in (one, two):
                peer.sendall(framed())
                assert answer(peer) == framed(b"ACK M1")
            with connect(server) as three:
                assert three.recv(1) == b""
        with connect(server) as again:
            again.sendall(framed())
            assert _answered(again, server)


def _answered(peer: socket.socket, server: MllpServer) -> bool:
    """The two before may still be hanging up: ask again until there is room."""
    for _ in range(100):
        try:
            if answer(peer) == framed(b"ACK M1"):
                return True
        except OSError:
            pass
        peer = connect(server)
        peer.sendall(framed())
    return False


def test_stopping_answers_the_message_at_hand() -> None:
    store = Store()
    store.gate.clear()
    with (
        serving(store, MllpLimits(farewell=0.1)) as server,
        connect(server) as idle,
        connect(server) as peer,
    ):
        peer.sendall(framed())
        assert store.begun.wait(10)
        stopper = threading.Thread(target=server.stop)
        stopper.start()
        assert idle.recv(1) == b""  # it is stopping
        store.gate.set()
        assert answer(peer) == framed(b"ACK M1")
        stopper.join(timeout=10)
        assert not stopper.is_alive()


def test_stopping_what_never_started_does_nothing() -> None:
    server = MllpServer(
        "127.0.0.1", 0, take=lambda *_: b"", refuse=lambda *_: b"", failed=lambda *_: b""
    )
    server.stop()
    server.start()
    server.stop()
    server.stop()


def test_a_port_that_is_taken_is_an_error_at_the_start() -> None:
    with serving(Store()) as server:
        second = MllpServer(
            "127.0.0.1", server.port, take=lambda *_: b"", refuse=lambda *_: b"",
            failed=lambda *_: b"",
        )  # fmt: skip
        with pytest.raises(OSError, match="in use"):
            second.start()


def test_senders_without_a_certificate_of_the_ca_stay_out(
    tmp_path: Path, make_certificate: Callable[[str], tuple[str, str]]
) -> None:
    certificate, key = make_certificate("server")
    store = Store()
    tls = server_context(certificate, key, certificate)
    with serving(store, tls=tls) as server:
        client = ssl.create_default_context(cafile=certificate)
        assert not _talks(client, server)
        client.load_cert_chain(certificate, key)
        assert _talks(client, server)
    assert len(store.messages) == 1


def test_a_peer_that_never_shakes_hands_counts_and_is_hung_up_on(
    make_certificate: Callable[[str], tuple[str, str]],
) -> None:
    certificate, key = make_certificate("server")
    store, limits = Store(), MllpLimits(per_peer=1, handshake=1)
    client = ssl.create_default_context(cafile=certificate)
    with serving(store, limits, server_context(certificate, key)) as server:
        with connect(server) as mute:
            assert not _talks(client, server)  # there is no room beside it
            assert mute.recv(1) == b""
        assert any(_talks(client, server) for _ in range(100))


def test_plain_text_is_not_taken_where_tls_is_spoken(
    make_certificate: Callable[[str], tuple[str, str]],
) -> None:
    store = Store()
    tls = server_context(*make_certificate("server"))
    with serving(store, tls=tls) as server, connect(server) as peer:
        peer.sendall(framed())
        assert b"ACK" not in _rest(peer)
    assert store.messages == []


def _rest(peer: socket.socket) -> bytes:
    try:
        return answer(peer)
    except OSError:
        return b""


def _talks(client: ssl.SSLContext, server: MllpServer) -> bool:
    """TLS 1.3 tells a client that it is refused only when it reads."""
    try:
        with client.wrap_socket(connect(server), server_hostname="localhost") as peer:
            peer.sendall(framed())
            return answer(peer) == framed(b"ACK M1")
    except OSError:
        return False


@pytest.fixture
def make_certificate(tmp_path: Path) -> Callable[[str], tuple[str, str]]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def make(name: str) -> tuple[str, str]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem, secret = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return str(pem), str(secret)

    return make
