"""Signing in and out, and every way in which it is refused alike."""

from __future__ import annotations

import re

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.messages.language import Catalogues
from core.policy.staff import Role, StaffAccount, hash_password
from sms.app import create_app
from sms.staff import signing_in
from tests.sms.conftest import furnish
from tests.sms.fakes import World

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "correct horse"
HASH = hash_password(PASSWORD)


def hire(world: World, role: Role, *scopes: str, login: str = "") -> str:
    """Add an account; its login is its role unless given."""
    login = login or role.value
    world.staff.add(StaffAccount(login, f"Name of {login}", role, frozenset(scopes), HASH, SECRET))
    return login


def totp(world: World) -> str:
    return pyotp.TOTP(SECRET).at(world.clock())


def sign_in(
    client: FlaskClient, login: str, code: str, password: str = PASSWORD
) -> tuple[int, str]:
    form = client.get("/staff/sign-in").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token
    answer = client.post(
        "/staff/sign-in",
        data={"csrf_token": token[1], "login": login, "password": password, "code": code},
    )
    return answer.status_code, answer.text


@pytest.fixture
def browser(world: World, words: Catalogues) -> FlaskClient:
    """A browser that came by HTTPS, as the console's cookies demand."""
    app: Flask = create_app(furnish(world, words))
    app.config["PREFERRED_URL_SCHEME"] = "https"
    client = app.test_client()
    client.environ_base["wsgi.url_scheme"] = "https"
    return client


def test_password_and_totp_open_the_console(world: World, browser: FlaskClient) -> None:
    hire(world, Role.OPERATOR)
    assert sign_in(browser, "operator", totp(world))[0] == 303
    assert "Chào Name of operator" in browser.get("/staff/").text
    assert [entry.action for entry in world.audit.entries] == ["signed_in"]


def test_the_cookie_is_for_the_console_alone(world: World, browser: FlaskClient) -> None:
    hire(world, Role.OPERATOR)
    sign_in(browser, "operator", totp(world))
    cookie = browser.get_cookie("console", path="/staff")
    assert cookie
    assert (cookie.path, cookie.http_only, cookie.secure) == ("/staff", True, True)
    assert cookie.same_site == "Strict"
    assert len(cookie.value) == 43
    assert all(cookie.value.encode() != key for key in world.staff.sessions)


def test_every_refusal_reads_alike(world: World, browser: FlaskClient) -> None:
    hire(world, Role.OPERATOR)
    answers = {
        sign_in(browser, "operator", totp(world), "wrong"),
        sign_in(browser, "operator", "000000"),
        sign_in(browser, "operator", ""),
    }
    pages = {re.sub(r'csrf_token" value="[^"]+"', "", page) for _, page in answers}
    _, unknown = sign_in(browser, "operetta", totp(world))
    pages.add(re.sub(r'csrf_token" value="[^"]+"', "", unknown).replace("operetta", "operator"))
    assert len(pages) == 1
    assert {status for status, _ in answers} == {403}


def test_an_unknown_login_costs_the_same_work(
    browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(signing_in, "password_matches", lambda _, given: tried.append(given))
    sign_in(browser, "nobody", "123456", "guess")
    assert tried == ["guess"]


def test_a_refusal_is_audited_without_what_was_typed(world: World, browser: FlaskClient) -> None:
    hire(world, Role.OPERATOR)
    sign_in(browser, "operator", "000000")
    sign_in(browser, "my password", "000000")
    recorded = [(entry.actor, entry.action, entry.subject) for entry in world.audit.entries]
    assert recorded == [
        ("anonymous", "sign_in_refused", "operator"),
        ("anonymous", "sign_in_refused", "unknown"),
    ]


def test_a_totp_works_once(world: World, browser: FlaskClient) -> None:
    hire(world, Role.OPERATOR)
    assert sign_in(browser, "operator", totp(world))[0] == 303
    browser.delete_cookie("console", path="/staff")
    assert sign_in(browser, "operator", totp(world))[0] == 403


def test_a_form_without_its_token_is_refused_in_words(world: World, browser: FlaskClient) -> None:
    hire(world, Role.OPERATOR)
    data = {"login": "operator", "password": PASSWORD, "code": totp(world)}
    answer = browser.post("/staff/sign-in", data=data)
    assert answer.status_code == 400
    assert "Biểu mẫu đã cũ" in answer.text
    assert world.staff.sessions == {}


def test_signing_out_ends_the_session_on_the_server(world: World, browser: FlaskClient) -> None:
    hire(world, Role.OPERATOR)
    sign_in(browser, "operator", totp(world))
    token = re.search(r'csrf_token" value="([^"]+)"', browser.get("/staff/").text)
    assert token
    assert browser.post("/staff/sign-out", data={"csrf_token": token[1]}).status_code == 303
    assert world.staff.sessions == {}
    assert browser.get("/staff/").status_code == 303
    assert world.audit.entries[-1].action == "signed_out"


def test_a_session_ends_after_eight_hours(world: World, browser: FlaskClient) -> None:
    hire(world, Role.OPERATOR)
    sign_in(browser, "operator", totp(world))
    world.clock.wait(hours=8)
    assert browser.get("/staff/").status_code == 303


def test_a_closed_account_is_out_at_once(world: World, browser: FlaskClient) -> None:
    from dataclasses import replace

    hire(world, Role.OPERATOR)
    sign_in(browser, "operator", totp(world))
    world.staff.rows["operator"] = replace(world.staff.rows["operator"], active=False)
    assert browser.get("/staff/").status_code == 303


def test_five_failures_lock_and_say_so(world: World, browser: FlaskClient) -> None:
    hire(world, Role.OPERATOR)
    for _ in range(5):
        sign_in(browser, "operator", "000000")
    assert "tạm khóa" in sign_in(browser, "operator", totp(world))[1]
    assert world.audit.entries[-1].action == "sign_in_locked"


def test_a_made_up_cookie_is_nobody(browser: FlaskClient) -> None:
    browser.set_cookie("console", "A" * 43, path="/staff")
    assert browser.get("/staff/").status_code == 303
