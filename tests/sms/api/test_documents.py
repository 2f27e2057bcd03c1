"""Signed documents over HTTP: byte for byte, for everybody, kept by caches."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from core.certificates.documents import DocumentType
from core.certificates.publishing import Published
from core.certificates.revocations import Batch, HashKind
from tests.sms.fakes import NOON, World

KINDS = {
    "/api/v1/trust-list": DocumentType.TRUST_LIST,
    "/api/v1/revocations": DocumentType.REVOCATIONS,
    "/api/v1/rules": DocumentType.RULES,
}
BATCH = Batch(HashKind.UVCI, None, bytes(range(32)))


@pytest.fixture
def published(world: World) -> World:
    for number, kind in enumerate(KINDS.values(), 1):
        document = Published(kind, number, NOON, NOON, "s", f"e30.{kind.value}.AA")
        world.publications.publish(document, after=0, batches=[BATCH], now=NOON)
    return world


@pytest.mark.parametrize(("path", "kind"), KINDS.items())
def test_each_document_is_served_as_it_was_signed(
    published: World, client: FlaskClient, path: str, kind: DocumentType
) -> None:
    answer = client.get(path, headers={"Origin": "https://partner.example"})
    assert (answer.status_code, answer.text) == (200, f"e30.{kind.value}.AA")
    assert answer.content_type == "application/jose"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in answer.headers
    tag, weak = answer.get_etag()
    assert (tag, weak) == (published.publications.kept[kind].etag, False)


@pytest.mark.parametrize("path", KINDS)
def test_who_has_it_already_gets_304_without_a_body(
    published: World, client: FlaskClient, path: str
) -> None:
    etag = client.get(path).headers["ETag"]
    again = client.get(path, headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == etag
    assert again.headers["Cache-Control"] == "public, max-age=300"
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", KINDS)
def test_head_answers_like_get_without_a_body(
    published: World, client: FlaskClient, path: str
) -> None:
    whole, head = client.get(path), client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    for name in ("ETag", "Content-Length", "Cache-Control", "Content-Type"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize("path", KINDS)
def test_before_the_first_one_machines_are_asked_to_come_again(
    client: FlaskClient, path: str
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "not_published")
    assert answer.headers["Retry-After"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_batch_may_be_kept_for_a_year(published: World, client: FlaskClient) -> None:
    answer = client.get(f"/api/v1/revocations/{BATCH.id}")
    assert (answer.status_code, answer.data) == (200, BATCH.entries)
    assert answer.content_type == "application/octet-stream"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.get_etag() == (BATCH.id, False)


def test_an_unknown_batch_is_not_there_and_not_kept(client: FlaskClient) -> None:
    answer = client.get("/api/v1/revocations/00")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
    assert answer.content_type == "application/problem+json"


def test_the_description_names_every_address(client: FlaskClient) -> None:
    paths = client.get("/api/openapi.json").get_json()["paths"]
    assert {*KINDS, "/api/v1/revocations/{id}", "/api/v1/verify"} <= paths.keys()
