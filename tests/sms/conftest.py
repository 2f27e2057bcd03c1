"""A room of pages over memory, a browser without one, and a server for real browsers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from werkzeug.serving import make_server

from core.messages.language import Catalogues
from core.policy.limits import VisitorLimit
from sms.app import WebRoom, create_app
from sms.room import PaperRoom, RevocationRoom
from tests.sms.fakes import Keys, World, make_keys, no_laboratories
from tests.words import catalogues

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient


@pytest.fixture(scope="session")
def keys() -> Keys:
    return make_keys()


@pytest.fixture(scope="session")
def words() -> Catalogues:
    return catalogues()


@pytest.fixture
def world(keys: Keys) -> World:
    return World(keys)


def furnish(world: World, words: Catalogues, **more: object) -> WebRoom:
    return WebRoom(
        desk=world.desk(),
        visits=world.visits,
        checkpoint=world.checkpoint(),
        catalogues=words,
        staff=world.staff,
        audit=world.audit,
        inbox=world.inbox,
        facilities=world.facilities,
        laboratories=no_laboratories(world),
        publications=world.publications,
        revocations=RevocationRoom(world.revocation_desk(), lambda _: []),
        verify_limit=VisitorLimit(5),
        lookups=world.lookups(),
        paper=PaperRoom(world.press(), world.find),
        secret=b"s" * 32,
        clock=world.clock,
        random=world.random,
        base_url="https://ketqua.example",
        zone=world.zone,
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture
def app(world: World, words: Catalogues) -> Flask:
    return create_app(furnish(world, words))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    """The pages on a free port of this machine."""
    with serving(app) as address:
        yield address


class serving:  # noqa: N801  (reads as a verb)
    """Serve an application while a block runs."""

    def __init__(self, app: Flask) -> None:
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def ticket_of(page: str) -> str:
    """The ticket that a page carries."""
    found = re.search(r'name="ticket" value="([^"]+)"', page)
    assert found, page
    return found[1]


class Walk:
    """A citizen's walk through the pages, without cookies."""

    def __init__(self, client: FlaskClient, lang: str | None = None) -> None:
        self.client, self.lang = client, lang
        self.page, self.status = "", 0

    def post(self, path: str, **data: str) -> str:
        if self.lang:
            data["lang"] = self.lang
        answer = self.client.post(path, data=data)
        assert "Set-Cookie" not in answer.headers
        self.page, self.status = answer.text, answer.status_code
        return self.page

    def step(self, do: str, **data: str) -> str:
        return self.post("/open", ticket=ticket_of(self.page), do=do, **data)

    def prove_phone(self, world: World, path: str = "/") -> str:
        """Ask for a code and enter it."""
        self.post(path, phone="0900 000 123")
        return self.step("code", code=world.challenges.last_code())
