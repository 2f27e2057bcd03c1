"""``POST /api/v1/verify``: the verdict of a text or a picture, for programs."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from core.certificates.issue import as_text
from core.certificates.picture import png
from core.certificates.revocations import Entry, HashKind, uvci_hash
from core.certificates.revoking import Act
from core.certificates.verdict import Standing
from core.ports import ShelfItem
from core.results.result import Outcome
from tests.sms.fakes import NOON, World

PATH = "/api/v1/verify"


def text_of(item: ShelfItem) -> str:
    assert item.certificate is not None
    return as_text(item.certificate)


@pytest.fixture
def text(world: World) -> str:
    return text_of(world.release())


def test_a_genuine_one_is_valid_with_its_claims(client: FlaskClient, text: str) -> None:
    answer = client.post(PATH, json={"text": text})
    assert (answer.status_code, answer.get_json()["verdict"]) == (200, "valid")
    assert answer.get_json()["claims"]["outcome"] == "negative"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "rule_valid_until" not in answer.get_json()


def test_a_picture_is_the_body(client: FlaskClient, text: str) -> None:
    answer = client.post(PATH, data=png(text), content_type="image/png")
    assert answer.get_json()["verdict"] == "valid"


def test_a_rule_is_applied_only_where_a_place_is_named(world: World, client: FlaskClient) -> None:
    positive = text_of(world.release(outcome=Outcome.POSITIVE))
    assert client.post(PATH, json={"text": positive}).get_json()["verdict"] == "valid"
    ruled = client.post(f"{PATH}?place=DEFAULT", json={"text": positive}).get_json()
    assert (ruled["verdict"], ruled["reason"]) == ("rule_not_met", "positive")


def test_a_corrected_one_is_corrected(world: World, client: FlaskClient) -> None:
    item = world.release()
    world.standings[item.uvci or ""] = Standing.CORRECTED
    assert client.post(PATH, json={"text": text_of(item)}).get_json()["verdict"] == "corrected"


def test_one_that_is_listed_by_hash_is_revoked_and_shows_nobody(
    world: World, client: FlaskClient
) -> None:
    item = world.release()
    entry = Entry(HashKind.UVCI, uvci_hash(item.uvci or ""))
    world.revocations.revoke_hashes([entry], Act(NOON, "van", "x"))
    found = client.post(PATH, json={"text": text_of(item)}).get_json()
    assert (found["verdict"], found["reason"]) == ("revoked", "revoked_by_issuer")
    assert "claims" not in found


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [(b"", "application/json", 400, "no_text"), (b"{", "application/json", 400, "no_text"),
     (b"[]", "application/json", 400, "no_text"),
     (b'{"text":7}', "application/json", 400, "no_text"),
     (b"[" * 30_000, "application/json", 400, "no_text"),
     (b"HC1:", "text/plain", 415, "media_type_verify"),
     (b"x" * 40_000, "application/json", 413, "http_413"),
     (b"x" * (10 * 1024 * 1024 + 1), "image/png", 413, "http_413")],
)  # fmt: skip
def test_what_can_not_be_judged_is_a_problem_with_a_code(
    client: FlaskClient, body: bytes, kind: str, status: int, code: str
) -> None:
    answer = client.post(PATH, data=body, content_type=kind)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


def test_nonsense_is_a_verdict(client: FlaskClient) -> None:
    assert client.post(PATH, json={"text": "x"}).get_json()["verdict"] == "malformed"
    picture = client.post(PATH, data=b"x", content_type="image/png")
    assert picture.get_json()["step"] == "image"


def test_an_unknown_place_is_refused(client: FlaskClient, text: str) -> None:
    answer = client.post(f"{PATH}?place=MARS", json={"text": text})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "unknown_place")


def test_too_many_checks_of_one_address_wait(world: World, client: FlaskClient) -> None:
    for _ in range(5):
        assert client.post(PATH, json={"text": "x"}).status_code == 200
    refused = client.post(PATH, json={"text": "x"})
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_checks")
    assert refused.headers["Retry-After"] == "12"
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    other = client.post(PATH, json={"text": "x"}, environ_base=elsewhere)
    assert other.status_code == 200
    world.clock.wait(seconds=12)
    assert client.post(PATH, json={"text": "x"}).status_code == 200
