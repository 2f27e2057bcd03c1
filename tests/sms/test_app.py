"""What every answer carries, errors in words, health, and the demo's closed door."""

from __future__ import annotations

import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.messages.language import Catalogues
from sms.app import create_app
from tests.sms.conftest import furnish
from tests.sms.fakes import World


@pytest.mark.parametrize("path", ["/", "/nowhere", "/k/x", "/staff/sign-in", "/open"])
def test_every_page_forbids_framing_keeping_and_scripts(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "img-src 'self' data:" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/nowhere", "/k/x"])
def test_pages_for_everybody_set_no_cookie_and_have_no_script(
    client: FlaskClient, path: str
) -> None:
    answer = client.get(path)
    assert "Set-Cookie" not in answer.headers
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert " onclick" not in answer.text


VERIFIER = [
    "/verify",
    "/verify/settings.json",
    "/verify/manifest.webmanifest",
    "/verify/service-worker.js",
    "/static/verify/page.js",
    "/static/verify/checker.js",
]


@pytest.mark.parametrize("path", VERIFIER)
def test_only_the_verifier_may_run_its_scripts_and_use_the_camera(
    client: FlaskClient, path: str
) -> None:
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
    assert {"script-src 'self' 'wasm-unsafe-eval'", "connect-src 'self'"} <= set(policy)
    assert {"worker-src 'self'", "manifest-src 'self'"} <= set(policy)
    assert "camera=(self)" in answer.headers["Permissions-Policy"]
    assert "Set-Cookie" not in answer.headers
    for other in ("/", "/static/style.css", "/staff/sign-in"):
        assert "script-src" not in client.get(other).headers["Content-Security-Policy"]
        assert "camera=()" in client.get(other).headers["Permissions-Policy"]


def test_the_verifier_has_no_script_between_its_lines(client: FlaskClient) -> None:
    page = client.get("/verify").text
    assert page.count("<script") == page.count("<script src=") == 1
    assert " style=" not in page
    assert " onclick" not in page


def test_the_stylesheet_may_be_kept_for_long(client: FlaskClient) -> None:
    assert "immutable" in client.get("/static/style.css?v=1").headers["Cache-Control"]


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("get", "/nowhere", 404, "Không có trang này"),
        ("put", "/", 405, "Hãy bắt đầu lại từ trang đầu"),
        ("post", "/healthz", 405, "Hãy bắt đầu lại từ trang đầu"),
        ("get", "/sim/", 404, "Không có trang này"),
    ],
)
def test_errors_are_pages_in_words(
    client: FlaskClient, method: str, path: str, status: int, sentence: str
) -> None:
    answer = getattr(client, method)(path)
    assert answer.status_code == status
    assert sentence in answer.text
    assert 'class="button" href="/"' in answer.text


def test_a_405_names_the_allowed_methods(client: FlaskClient) -> None:
    assert "POST" in client.put("/").headers["Allow"]


def test_an_ordinary_form_may_not_be_large(client: FlaskClient) -> None:
    answer = client.post("/", data={"phone": "9" * 100_000})
    assert answer.status_code == 413
    assert "Tệp quá lớn" in answer.text


@pytest.mark.parametrize("character", ["\0", "\x01", "\x08", "\x0b", "\x1f", "\x7f"])
@pytest.mark.parametrize(
    ("path", "field"),
    [("/", "phone"), ("/", "lang"), ("/open", "person"), ("/verify", "text"), ("/open", "ti{}")],
)
def test_a_form_with_a_control_character_is_refused(
    client: FlaskClient, path: str, field: str, character: str
) -> None:
    answer = client.post(path, data={field.format(character): f"0900{character}000123"})
    assert answer.status_code == 400
    assert "Yêu cầu chưa đúng" in answer.text


def test_a_query_with_a_control_character_is_refused(client: FlaskClient) -> None:
    assert client.get("/?lang=v%00i").status_code == 400


def test_tabs_and_line_ends_may_be_pasted(client: FlaskClient) -> None:
    assert client.post("/verify", data={"text": "HC1:\tX\r\nY\n"}).status_code == 200


def test_a_form_refused_for_its_characters_stores_nothing(
    world: World, client: FlaskClient
) -> None:
    client.post("/", data={"phone": "0900000123", "other": "\0"})
    assert world.challenges.rows == {}
    assert world.visits.rows == {}


def test_what_nobody_foresaw_is_a_calm_page_and_a_log_without_tokens(
    app: Flask, world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("the shelf fell down")

    monkeypatch.setattr(world.shelf, "link", break_down)
    with caplog.at_level(logging.ERROR):
        answer = app.test_client().get("/k/SecretSecretSecretToken")
    assert answer.status_code == 500
    assert "Có lỗi phía chúng tôi" in answer.text
    assert "fell down" not in answer.text
    assert "GET /k/<token> failed" in caplog.text
    assert "SecretSecret" not in caplog.text


def test_healthz_is_two_letters(client: FlaskClient) -> None:
    assert client.get("/healthz").text == "ok"


@pytest.mark.parametrize(("works", "status"), [(True, 200), (False, 503)])
def test_readyz_fails_when_one_check_fails(
    world: World, words: Catalogues, works: bool, status: int
) -> None:
    checks = {"database": True, "signing": works}
    answer = create_app(furnish(world, words, ready=lambda: checks)).test_client().get("/readyz")
    assert (answer.status_code, answer.json) == (status, checks)


def test_metrics_count_pages_without_tokens_or_numbers(world: World, client: FlaskClient) -> None:
    client.get(world.link(world.release()))
    client.post("/", data={"phone": "0900000123"})
    text = client.get("/metrics").text
    assert 'ketqua_web_answers_total{page="citizens.follow_link",status="200"} 1.0' in text
    assert "0000000000" not in text
    assert "900000123" not in text


def test_asking_for_a_code_pokes_the_postroom(world: World, words: Catalogues) -> None:
    pokes: list[bool] = []
    app = create_app(furnish(world, words, poke=lambda: pokes.append(True)))
    app.test_client().post("/", data={"phone": "0900000123"})
    app.test_client().post("/", data={"phone": "no number"})
    assert pokes == [True]
