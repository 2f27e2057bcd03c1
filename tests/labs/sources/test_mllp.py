"""MLLP: an acknowledgement means stored, and one bad peer costs the others nothing."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import hl7.client
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.sources.mllp import Frames, MllpLimits, MllpServer, server_context

MESSAGE = b"MSH|^~\\&|LIS|BVX|KQ|SYT|20260304||ORU^R01|M1|P|2.5.1\rPID|1\r"
QUICK = MllpLimits(silence=0.2, message=0.5, idle=5, handshake=0.5)


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
    store: Store, limits: MllpLimits | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[MllpServer]:
    server = MllpServer(
        "127.0.0.1", 0, take=store.take, refuse=lambda *_: b"AR", failed=lambda *_: b"AE",
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


@pytest.mark.parametrize(
    "sent",
    [
        b"\x0b" + MESSAGE + b"\x1c",
        MESSAGE + b"\x1c\r",
        b"\r\n\r\n" + framed(),
        b"\x0bMSH|half" + framed(),
        b"\x1c\r" + framed(),
    ],
    ids=["no CR", "no VT", "blank lines", "begun anew", "an end before"],
)
def test_sloppy_framing_is_understood(sent: bytes) -> None:
    store = Store()
    with serving(store) as server, connect(server) as peer:
        peer.sendall(sent)
        assert answer(peer) == framed(b"ACK M1")
    assert store.messages == [MESSAGE.strip()]


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
    assert len(store.messages) == 1


def test_a_peer_that_closes_its_side_still_gets_its_answer() -> None:
    store = Store()
    with serving(store) as server, connect(server) as peer:
        peer.sendall(framed())
        peer.shutdown(socket.SHUT_WR)
        assert answer(peer) == framed(b"ACK M1")


def test_a_message_that_never_ends_is_refused_in_bounded_memory() -> None:
    store = Store()
    with serving(store, MllpLimits(largest=10_000)) as server, connect(server) as peer:
        peer.sendall(b"\x0b" + MESSAGE + b"x" * 9_990)
        assert answer(peer) == framed(b"AR")
        assert peer.recv(1) == b""
    assert store.messages == []


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
    with serving(store) as server, connect(server) as peer, connect(server):
        peer.sendall(framed())
        assert store.begun.wait(10)
        stopper = threading.Thread(target=server.stop)
        stopper.start()
        store.gate.set()
        assert answer(peer) == framed(b"ACK M1")
        stopper.join(timeout=10)
        assert not stopper.is_alive()


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


MESSAGES = st.lists(st.binary(min_size=1, max_size=40).map(
    lambda body: b"MSH|" + body.translate(None, b"\x0b\x1c")), max_size=5)  # fmt: skip


@given(MESSAGES, st.lists(st.integers(1, 30), max_size=30))
def test_however_the_bytes_are_cut_the_messages_are_the_same(
    messages: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(map(framed, messages))
    frames, got, at = Frames(10_000), [], 0
    for size in [*cuts, len(stream)]:
        frames.feed(stream[at : at + size])
        at += size
        while (message := frames.next()) is not None:
            got.append(message)
    assert got == [message.strip(b"\r\n\t \x00") for message in messages]
    assert not frames.inside
