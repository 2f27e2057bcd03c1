"""The FHIR feed: no server can hurt it, and no secret goes where it does not belong."""

from __future__ import annotations

import gzip
import json
import logging
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.feeds.source import FeedTrouble
from labs.sources.http import Wire, lead
from labs.sources.tokens import Tokens
from tests.labs.sources.fhir_peer import (
    BASE,
    Misbehaving,
    Play,
    bundle,
    misbehaving,
    report,
    say,
)
from tests.labs.sources.test_fhir_server import (
    NOW,
    SECRET,
    SMALL,
    accessions_raw,
    minute,
    poll,
    source,
    trouble,
)
from tests.services import free_port

# ------------------------------------------------------------------ servers that mean us harm


def drip_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    drip(handler, b" ")


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    drip(handler, b"x")


def drip(handler: BaseHTTPRequestHandler, piece: bytes) -> None:
    import time

    while True:
        handler.wfile.write(piece)
        handler.wfile.flush()
        time.sleep(0.02)


def say_nothing(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65536)


def half(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"resourceType":"Bundle"')


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


PACKED = {"Content-Encoding": "gzip"}
BOMB = gzip.compress(b" " * 50_000_000)
DEEP = b'{"entry":' + b"[" * 100_000


@pytest.mark.parametrize(
    ("play", "code"),
    [
        (drip_body, "feed_timed_out"),
        (drip_headers, "feed_timed_out"),
        (say_nothing, "feed_timed_out"),
        (endless, "feed_too_large"),
        (say(BOMB, headers=PACKED), "feed_too_large"),
        (
            say(gzip.compress(BOMB), headers={"Content-Encoding": "gzip, gzip"}),
            "feed_unexpected_answer",
        ),
        (say(b"not gzip", headers=PACKED), "feed_unexpected_answer"),
        (half, "feed_unreachable"),
        (hang_up, "feed_unreachable"),
        (say(b"", 401), "feed_not_authorised"),
        (say(b"", 403), "feed_not_authorised"),
        (say(b"", 500), "feed_unreachable"),
        (say(b"", 503, {"Retry-After": "9"}), "feed_unreachable"),
        (say(b"", 429), "feed_unreachable"),
        (say(b"", 204), "feed_unexpected_answer"),
        (say(b"", 410), "feed_unexpected_answer"),
        (say(b"<html>Please log in</html>"), "feed_unexpected_answer"),
        (say(b'{"resourceType":"Bundle","entry":['), "feed_unexpected_answer"),
        (say(b'{"resourceType":"Bundle","entry":7}'), "feed_unexpected_answer"),
        (say(b'{"resourceType":"OperationOutcome"}'), "feed_unexpected_answer"),
        (say(b'{"resourceType":"Patient"}'), "feed_unexpected_answer"),
        (say(b"\xff\xfe"), "feed_unexpected_answer"),
        (say(DEEP), "feed_unexpected_answer"),
        (say(b"", 302, {"Location": "http://127.0.0.2/fhir"}), "feed_leads_elsewhere"),
        (say(b"", 302, {"Location": "https://127.0.0.1/fhir"}), "feed_leads_elsewhere"),
        (say(b"", 302, {"Location": "/fhir/again"}), "feed_unexpected_answer"),
        (say(b"", 302), "feed_unexpected_answer"),
        (say(bundle(following="http://127.0.0.2/next")), "feed_leads_elsewhere"),
        (say(bundle(following="file:///etc/passwd")), "feed_leads_elsewhere"),
        (say(bundle(following="http://[")), "feed_unexpected_answer"),
        (say(bundle(following="?page=2")), "feed_unexpected_answer"),
    ],
)
def test_a_server_that_misbehaves_costs_little_and_tells_its_code(
    play: Play, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    quick = replace(SMALL, total_seconds=0.7)
    with misbehaving(play) as peer:
        error = trouble(source(f"{peer.base}?private=word", SECRET, quick))
    assert error.code == code
    assert error.__context__ is None
    assert error.__cause__ is None
    told = f"{error!s} {error!r} {caplog.text}"
    assert SECRET not in told
    assert "private" not in told


def test_nobody_listening_is_unreachable() -> None:
    assert trouble(source(f"http://127.0.0.1:{free_port()}/fhir")).code == "feed_unreachable"


def test_a_secret_is_never_sent_to_where_a_redirect_or_a_page_leads() -> None:
    with misbehaving(say(bundle())) as stranger:
        elsewhere = say(b"", 307, {"Location": f"{stranger.base}/DiagnosticReport"})
        with misbehaving(elsewhere) as peer:
            assert trouble(source(peer.base, SECRET)).code == "feed_leads_elsewhere"
        with misbehaving(say(bundle(following=f"{stranger.base}/2"))) as peer:
            assert trouble(source(peer.base, SECRET)).code == "feed_leads_elsewhere"
        assert stranger.heard == []


def test_a_redirect_within_the_server_is_followed() -> None:
    def play(handler: BaseHTTPRequestHandler) -> None:
        moved = handler.path.startswith("/fhir/new")
        answer = say(bundle(report("R1", minute(0), subject={})))
        (answer if moved else say(b"", 308, {"Location": "/fhir/new?x"}))(handler)

    with misbehaving(play) as peer:
        pieces, _ = poll(source(peer.base, SECRET))
        assert accessions_raw(pieces) == {"R1"}
        assert {sent for _, sent in peer.heard} == {f"Bearer {SECRET}"}


def test_a_gzipped_page_is_read() -> None:
    body = gzip.compress(bundle(report("R1", minute(0), subject={})))
    with misbehaving(say(body, headers=PACKED)) as peer:
        assert accessions_raw(poll(source(peer.base))[0]) == {"R1"}


def test_a_page_that_fails_leaves_the_ones_before_it_good() -> None:
    def play(handler: BaseHTTPRequestHandler) -> None:
        broken = handler.path.endswith("page=2")
        first = bundle(report("R1", minute(0), subject={}), following="DiagnosticReport?page=2")
        say(b"" if broken else first, 500 if broken else 200)(handler)

    with misbehaving(play) as peer:
        pages = source(peer.base).fetch("", NOW)
        assert b"R1" in next(pages).data
        with pytest.raises(FeedTrouble, match="feed_unreachable"):
            next(pages)


# ------------------------------------------------------------------ who we say we are


@pytest.mark.parametrize(
    ("secret", "sent"),
    [
        ("", ""),
        ("user:pass:word", "Basic dXNlcjpwYXNzOndvcmQ="),
        ("abc.def\n", "Bearer abc.def"),
    ],
)
def test_a_secret_becomes_the_header_that_it_looks_like(secret: str, sent: str) -> None:
    with misbehaving(say(bundle())) as peer:
        poll(source(peer.base, secret))
        assert [header for _, header in peer.heard] == [sent]


@pytest.mark.parametrize("secret", ["two words", "mật-khẩu", "{", '{"token_url":"x"}'])
def test_a_secret_that_fits_no_header_is_not_sent(secret: str) -> None:
    with misbehaving(say(bundle())) as peer:
        assert trouble(source(peer.base, secret)).code == "feed_not_authorised"
        assert peer.heard == []


def oauth(base: str) -> str:
    asked = {"token_url": f"{base}/token", "client_id": "id", "client_secret": "s", "scope": "x"}
    return json.dumps(asked)


def granting(*tokens: str, refused: tuple[str, ...] = (), status: int = 401) -> Play:
    """A server that gives these tokens in turn, and refuses some of them elsewhere."""
    left = iter(tokens)

    def play(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/fhir/token":
            granted = {"access_token": next(left), "expires_in": 3600}
            say(json.dumps(granted).encode())(handler)
        elif handler.headers["Authorization"].removeprefix("Bearer ") in refused:
            say(b"", status)(handler)
        else:
            say(bundle())(handler)

    return play


def walked(peer: Misbehaving) -> list[str]:
    return [path.partition("?")[0].rpartition("/")[2] for path, _ in peer.heard]


def test_feeds_of_one_process_share_a_token_over_their_polls() -> None:
    tokens = Tokens()
    with misbehaving(granting("first")) as peer:
        for _ in range(3):
            poll(replace(source(peer.base, oauth(peer.base)), tokens=tokens))
        assert walked(peer) == ["token", *["DiagnosticReport"] * 3]
        assert peer.heard[0][1] == "Basic aWQ6cw=="
        assert {sent for _, sent in peer.heard[1:]} == {"Bearer first"}
        assert peer.bodies[0] == "grant_type=client_credentials&scope=x"


def test_a_token_that_was_refused_is_replaced_within_the_poll_once() -> None:
    tokens = Tokens()
    with misbehaving(granting("second", refused=("first",))) as peer:
        secret = oauth(peer.base)
        tokens.keep(secret, "first", 3600)
        poll(replace(source(peer.base, secret), tokens=tokens))
        assert walked(peer) == ["DiagnosticReport", "token", "DiagnosticReport"]
        assert peer.heard[-1][1] == "Bearer second"
        assert tokens.find(secret) == "second"


def test_a_server_that_refuses_every_token_is_asked_for_no_third() -> None:
    refused = ("first", "second", "third")
    with misbehaving(granting(*refused, refused=refused)) as peer:
        assert trouble(source(peer.base, oauth(peer.base))).code == "feed_not_authorised"
        assert walked(peer) == ["token", "DiagnosticReport", "token", "DiagnosticReport"]


def test_a_token_that_a_server_forbids_is_not_used_in_the_next_poll() -> None:
    tokens = Tokens()
    with misbehaving(granting("first", "second", refused=("first",), status=403)) as peer:
        feed = replace(source(peer.base, oauth(peer.base)), tokens=tokens)
        assert trouble(feed).code == "feed_not_authorised"
        poll(feed)
        assert walked(peer) == ["token", "DiagnosticReport", "token", "DiagnosticReport"]


def test_a_plain_secret_that_is_refused_is_not_tried_again() -> None:
    with misbehaving(say(b"", 401)) as peer:
        assert trouble(source(peer.base, SECRET)).code == "feed_not_authorised"
        assert len(peer.heard) == 1


@pytest.mark.parametrize("lasts", ["-5", '"soon"', '"1e999"', "0", "null", '"NaN"'])
def test_a_lifetime_that_nobody_can_have_meant_is_the_usual_one(lasts: str) -> None:
    def play(handler: BaseHTTPRequestHandler) -> None:
        granted = b'{"access_token":"t","expires_in":%s}' % lasts.encode()
        say(granted if handler.path == "/fhir/token" else bundle())(handler)

    tokens = Tokens()
    with misbehaving(play) as peer:
        feed = replace(source(peer.base, oauth(peer.base)), tokens=tokens)
        poll(feed)
        poll(feed)
        assert walked(peer).count("token") == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (say(b"", 401), "feed_not_authorised"),
        (say(b"<html>"), "feed_not_authorised"),
        (say(b'{"access_token":"a b"}'), "feed_not_authorised"),
        (say(b"", 502), "feed_unreachable"),
        (endless, "feed_too_large"),
    ],
)
def test_a_token_s_server_that_misbehaves_is_a_trouble(answer: Play, code: str) -> None:
    with misbehaving(answer) as peer:
        assert trouble(source(peer.base, oauth(peer.base))).code == code


def test_no_secret_shows_in_what_a_source_looks_like() -> None:
    assert SECRET not in repr(source(BASE, SECRET))


@given(st.text(max_size=60))
def test_no_link_leads_to_another_server(link: str) -> None:
    try:
        there = lead("http://lis.example:8080/fhir/DiagnosticReport?x=1", link)
    except FeedTrouble:
        return
    assert there.startswith(("http://lis.example:8080/", "http://lis.example:8080?"))


def test_a_deadline_that_is_over_sends_nothing() -> None:
    ticks = iter([0.0, 99.0, 99.0, 99.0])
    wire = Wire(SMALL, clock=lambda: next(ticks))
    from labs.sources.authorisation import Header

    with pytest.raises(FeedTrouble, match="feed_timed_out"):
        wire.get(BASE, Header())
