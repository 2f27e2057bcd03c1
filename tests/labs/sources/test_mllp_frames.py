"""MLLP framing: however the bytes come, the messages are the same."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs.sources.mllp_frames import Frames
from tests.labs.sources.test_mllp import MESSAGE, Store, answer, connect, framed, serving
from tests.services import count


@pytest.mark.parametrize(
    "sent",
    [
        b"\x0b" + MESSAGE + b"\x1c",
        MESSAGE + b"\x1c\r",
        MESSAGE + b"\x1c",
        b"\x0b" + MESSAGE.rstrip() + b"\x1c\r",
        b"\r\n \0\r\n" + framed(),
        b"knock knock\r\n" + framed(),
        b"knock knock\r\n" + MESSAGE + b"\x1c\r",
        b"\x0bMSH|half" + framed(),
        b"\x0bMSH|half" + framed(b"\xef\xbb\xbf" + MESSAGE)[:1] + b"\r\n" + framed()[1:],
        b"\x1c\r\x0b\x1c\r" + framed(),
        framed() + b"\r\n\r\n",
    ],
    ids=[
        "no CR", "no VT", "neither", "last segment not ended", "blank lines", "words",
        "words, no VT", "begun anew", "begun anew, a line lower", "ends before", "blanks behind",
    ],
)  # fmt: skip
def test_sloppy_framing_is_understood(sent: bytes) -> None:
    store = Store()
    with serving(store) as server, connect(server) as peer:
        peer.sendall(sent)
        assert answer(peer) == framed(b"ACK M1")
    assert store.messages == [MESSAGE]


@pytest.mark.parametrize("inside", [b"one\x0btwo", b"one\x1ctwo", b"one\x1c two\x0b"])
def test_a_block_character_inside_a_text_neither_ends_nor_begins_a_message(inside: bytes) -> None:
    message = MESSAGE + b"NTE|1||" + inside + b"\rSPM|1|||POOL\r"
    store = Store()
    with serving(store) as server, connect(server) as peer:
        peer.sendall(framed(message))
        assert answer(peer) == framed(b"ACK M1")
    assert store.messages == [message]


def test_a_batch_in_one_frame_is_one_message() -> None:
    batch = b"FHS|^~\\&|LIS\rBHS|^~\\&|LIS\r" + MESSAGE + MESSAGE + b"BTS|2\rFTS|1\r"
    store = Store()
    with serving(store) as server, connect(server) as peer:
        peer.sendall(framed(batch))
        answer(peer)
    assert store.messages == [batch]


def test_messages_in_one_segment_are_answered_in_their_order() -> None:
    store, peer_answers = Store(), b""
    numbers = [b"M%d" % number for number in range(1, 21)]
    with serving(store) as server, connect(server) as peer:
        peer.sendall(b"".join(framed(MESSAGE.replace(b"M1", number)) for number in numbers))
        while peer_answers.count(b"\x1c") < len(numbers):
            peer_answers += peer.recv(4096)
    assert peer_answers == b"".join(framed(b"ACK " + number) for number in numbers)


def test_a_message_that_comes_byte_by_byte_is_one() -> None:
    store = Store()
    with serving(store) as server, connect(server) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(framed())):
            peer.sendall(framed()[at : at + 1])
        assert answer(peer) == framed(b"ACK M1")
    assert store.messages == [MESSAGE]


def test_a_large_message_is_taken_whole() -> None:
    message = MESSAGE + b"OBX|1|ED|||" + b"QUJD" * count(1, 12) * 1024 * 1024 + b"\r"
    store = Store()
    with serving(store) as server, connect(server) as peer:
        peer.sendall(framed(message))
        assert answer(peer) == framed(b"ACK M1")
    assert store.messages == [message]


PIECES = [b"a", b"|", b"\r", b"\n", b" ", b"\0", b"\x1cx", b"\x0bx", b"MS", "ễ".encode()]
BODIES = st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join)
CUTS = st.lists(st.integers(1, 30), max_size=30)


def cut(stream: bytes, cuts: list[int]) -> list[bytes]:
    """The messages of a stream that comes in pieces."""
    frames, got, at = Frames(10_000), [], 0
    for size in [*cuts, len(stream)]:
        frames.feed(stream[at : at + size])
        at += size
        while (message := frames.next()) is not None:
            got.append(message)
    return got


@settings(max_examples=count(100, 20_000))
@given(st.lists(BODIES.map(b"MSH|".__add__), max_size=5), CUTS)
def test_however_the_bytes_are_cut_the_messages_are_the_same(
    messages: list[bytes], cuts: list[int]
) -> None:
    stream = b"\r\n".join(map(framed, messages))
    ended = [m if m.endswith((b"\r", b"\n")) else m + b"\r" for m in messages]
    assert cut(stream, cuts) == ended


NOISE = [*PIECES, b"\x0b", b"\x1c", b"MSH|", b"FHS", b"B", b"H", b"S", b"\xef\xbb\xbf"]


@settings(max_examples=count(100, 20_000))
@given(st.lists(st.sampled_from(NOISE), max_size=60).map(b"".join), CUTS)
def test_noise_is_cut_the_same_however_it_comes(noise: bytes, cuts: list[int]) -> None:
    whole = cut(noise, [])
    assert cut(noise, cuts) == whole
    for message in whole:
        assert message.endswith((b"\r", b"\n"))
        assert message in noise + b"\r" or message[:-1] in noise
