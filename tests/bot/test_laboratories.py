"""Laboratories push over HTTP and MLLP into a real installation, and read what became of it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hl7
import hl7.client
import pytest
from flask.testing import FlaskClient

from bot.app import Installation
from bot.hl7 import Hl7Desk, mllp_server
from bot.opening import prepare
from bot.service import Service
from bot.settings import Settings
from core.feeds.feed import Feed, FeedKind
from core.feeds.push import new_key
from tests.journey.people import oru

PATH = "/api/v1/facilities/BVNDGD/results"
PHONE = "+84909000001"
UNKNOWN = "XN-COVID^?^LAB"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(Settings(data_dir=tmp_path).as_demo())
    prepare(made)
    return made


@pytest.fixture
def client(installation: Installation) -> FlaskClient:
    return Service(installation).pages().test_client()


@pytest.fixture
def key(installation: Installation) -> str:
    now = installation.clock()
    text, made = new_key("BVNDGD", "push", random=installation.random, now=now)
    installation.pushes.add_key(made, now)
    return text


Push = Callable[..., Any]


@pytest.fixture
def push(client: FlaskClient, key: str) -> Push:
    def pushed(body: bytes, path: str = PATH, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        chosen = {"Host": "127.0.0.1", "Authorization": f"Bearer {key}"} | named
        return client.post(path, data=body, headers=chosen)

    return pushed


def test_a_push_is_stored_and_accounted_for(push: Push, installation: Installation) -> None:
    answer = push(oru("P-1", PHONE), Content_Type="application/hl7-v2")
    assert (answer.status_code, answer.json["received"], answer.json["accepted"]) == (200, 1, 1)
    (found,) = installation.find_results("P-1", "BVNDGD")
    assert found.result_id == answer.json["items"][0]["result_id"]
    assert installation.feed_hours.latest().keys() == {("BVNDGD", "push")}


def test_the_answer_comes_in_the_senders_own_format(push: Push) -> None:
    bad = oru("P-2", PHONE, test=UNKNOWN)
    ack = push(bad, Accept="application/hl7-v2")
    assert b"MSA|AE|P-2" in ack.data
    assert ack.content_type.startswith("application/hl7-v2")
    outcome = push(bad, Accept="application/fhir+json").json
    assert outcome["issue"][0]["details"]["coding"][0]["code"] == "unknown_test"
    rows = push(bad, Accept="text/csv", Accept_Language="en").data.decode("utf-8-sig")
    assert rows.splitlines()[1].startswith("1,quarantined,unknown_test,test,")
    assert push(bad, Accept="*/*").json["quarantined"] == 1


@pytest.mark.parametrize("header", ["", "Bearer kqp_wrong", "Basic YTpi", "Bearer"])
def test_without_a_key_nothing_is_taken(push: Push, header: str) -> None:
    answer = push(oru("P-3", PHONE), Authorization=header)
    assert (answer.status_code, answer.json["code"]) == (401, "key_refused")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.content_type == "application/problem+json"


def test_a_key_opens_its_own_facility_only(push: Push, installation: Installation) -> None:
    answer = push(oru("P-4", PHONE), "/api/v1/facilities/BVTD/results")
    assert (answer.status_code, answer.json["code"]) == (403, "other_facility")
    assert installation.find_results("P-4", None) == []


def test_a_repeated_push_gets_its_first_answer(push: Push) -> None:
    body = oru("P-5", PHONE)
    first = push(body, Idempotency_Key="k1")
    again = push(body, Idempotency_Key="k1")
    assert again.json == first.json
    assert again.json["accepted"] == 1
    assert push(body).json["duplicate"] == 1
    other = push(oru("P-6", PHONE), Idempotency_Key="k1")
    assert (other.status_code, other.json["code"]) == (409, "idempotency_key_reused")
    assert push(body, Idempotency_Key="has blanks").status_code == 400


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content_Type": "image/png"}, 415, "media_type"),
        ({"Content_Encoding": "br"}, 415, "media_type"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_code(
    push: Push, headers: dict[str, str], status: int, code: str
) -> None:
    answer = push(oru("P-7", PHONE), **headers)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert not answer.json["title"].startswith("api.")


def test_an_empty_push_is_no_push(push: Push) -> None:
    assert push(b"").json["code"] == "empty_body"


def test_a_push_that_is_too_large_is_refused_in_words(
    installation: Installation, key: str, tmp_path: Path
) -> None:
    from dataclasses import replace

    installation.settings = replace(installation.settings, max_file_mib=1)
    client = Service(installation).pages().test_client()
    headers = {"Host": "127.0.0.1", "Authorization": f"Bearer {key}"}
    answer = client.post(PATH, data=b"x" * (1024 * 1024 + 1), headers=headers)
    assert (answer.status_code, (answer.json or {})["code"]) == (413, "http_413")


def test_an_unknown_address_of_machines_is_a_problem_document(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nothing", headers={"Host": "127.0.0.1"})
    assert (answer.status_code, (answer.json or {})["code"]) == (404, "http_404")
    wrong = client.get(PATH, headers={"Host": "127.0.0.1"})
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "OPTIONS, POST")


def test_the_description_names_every_address_of_machines(
    client: FlaskClient, installation: Installation
) -> None:
    described = client.get("/api/openapi.json", headers={"Host": "127.0.0.1"}).json or {}
    assert described["servers"] == [{"url": installation.settings.public_url}]
    rules = {
        rule.rule.replace("<code>", "{code}").replace("<batch_id>", "{id}")
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
    }
    assert rules == set(described["paths"])


def test_a_message_over_mllp_is_acknowledged_when_it_is_stored(installation: Installation) -> None:
    server = mllp_server(installation, lambda: None)
    server.start()
    try:
        with hl7.client.MLLPClient("127.0.0.1", server.port) as peer:
            taken = peer.send_message(oru("M-1", PHONE))
            assert b"MSA|AA|M-1" in taken
            assert b"MSA|AA|M-1" in peer.send_message(oru("M-1", PHONE))
            assert b"MSA|AE|M-2" in peer.send_message(oru("M-2", PHONE, test=UNKNOWN))
            stranger = oru("M-3", PHONE).replace(b"|BVNDGD|KETQUA", b"|NOBODY|KETQUA")
            assert b"MSA|AR|M-3" in peer.send_message(stranger)
            admission = oru("M-4", PHONE).replace(b"ORU^R01", b"ADT^A01")
            assert b"MSA|AA|M-4" in peer.send_message(admission)
    finally:
        server.stop()
    assert len(installation.find_results("M-1", "BVNDGD")) == 1
    assert installation.feed_hours.latest().keys() == {("BVNDGD", "mllp")}


def test_a_sender_is_known_by_its_feed_and_only_from_its_network(
    installation: Installation,
) -> None:
    lis = Feed(
        "BVTD", "lis", FeedKind.MLLP, "LAB9|CLINIC", peers=("10.0.0.0/8",), expected_every=None
    )
    installation.feeds.add(lis, installation.clock())
    server = mllp_server(installation, lambda: None)
    server.start()
    message = oru("M-5", PHONE).replace(b"|LIS|BVNDGD|", b"|LAB9|CLINIC|")
    try:
        with hl7.client.MLLPClient("127.0.0.1", server.port) as peer:
            assert b"MSA|AR|M-5" in peer.send_message(message)
            from dataclasses import replace

            allowed = replace(lis, peers=("127.0.0.1",))
            installation.feeds.add(allowed, installation.clock())
            assert b"MSA|AA|M-5" in peer.send_message(message)
    finally:
        server.stop()
    assert len(installation.find_results("M-5", "BVTD")) == 1


def test_a_message_under_a_facilitys_code_is_that_facilitys_whoever_had_the_name_before(
    installation: Installation,
) -> None:
    early = Feed("BVTD", "lis", FeedKind.MLLP, "LIS|BVNDGD", peers=("127.0.0.1",))
    installation.feeds.add(early, installation.clock())
    desk = Hl7Desk(installation, lambda: None)
    assert b"MSA|AA|M-6" in desk.take(oru("M-6", PHONE), "127.0.0.1")
    assert len(installation.find_results("M-6", "BVNDGD")) == 1
    assert installation.find_results("M-6", "BVTD") == []


def test_gzip_is_opened(push: Push) -> None:
    answer = push(gzip.compress(oru("P-9", PHONE)), Content_Encoding="gzip")
    assert answer.json["accepted"] == 1


def test_a_paused_feed_takes_neither_pushes_nor_messages(
    push: Push, installation: Installation
) -> None:
    from dataclasses import replace

    now = installation.clock()
    for paused in (
        Feed("BVNDGD", "push", FeedKind.PUSH, active=False),
        Feed("BVNDGD", "lis", FeedKind.MLLP, "BVNDGD", peers=("127.0.0.1",), active=False),
    ):
        installation.feeds.add(paused, now)
    assert push(oru("P-10", PHONE)).status_code == 401
    desk = Hl7Desk(installation, lambda: None)
    assert b"MSA|AR|P-10" in desk.take(oru("P-10", PHONE), "127.0.0.1")
    for paused, _ in installation.feeds.all():
        installation.feeds.add(replace(paused, active=True), now)
    assert push(oru("P-10", PHONE)).json["accepted"] == 1
    assert b"MSA|AA|P-10" in desk.take(oru("P-10", PHONE), "127.0.0.1")


def test_a_message_of_many_reports_costs_little_room_and_is_known_when_it_comes_again(
    installation: Installation,
) -> None:
    one = oru("Q-0", PHONE, test=UNKNOWN)
    at = one.index(b"OBR|")
    message = one[:at] + b"".join(one[at:].replace(b"Q-0", b"Q-%d" % n) for n in range(400))
    facility = installation.facilities.get("BVNDGD")
    assert facility
    for _ in range(2):
        installation.intake.receive(message, facility, source="push")
    kept = installation.inbox.kept("BVNDGD")
    assert len(kept) == 400
    assert sum(len(item.raw) for item in kept) < 4 * len(message)
    lineage = installation.inbox.lineage(kept[7].id)
    assert lineage
    assert lineage.seen == 2
    assert b"Q-7" in kept[7].raw
    assert b"Q-8" not in kept[7].raw
    again = installation.intake.replay(kept[7:8], facility)
    assert len(again.items) == 1
    assert len(installation.inbox.kept("BVNDGD")) == 400
