"""A city whose officers check offline: its keys, its publisher, its pages, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from core.certificates.authority import create_csca, create_dsc
from core.certificates.issue import as_text
from core.messages.language import Catalogues
from sms.app import create_app
from tests.sms.conftest import furnish, serving
from tests.sms.fakes import Keys, Watch, World
from tests.sms.verify.publisher import Publisher

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ASK = """async ([ask, questions]) => {
  self.worker ??= new Worker(self.checker);
  const answers = [];
  for (const question of questions) {
    answers.push(await new Promise((resolve, reject) => {
      self.worker.onmessage = ({ data }) =>
        "error" in data ? reject(data.error) : resolve(data.answer);
      self.worker.postMessage({ ...question, ask, id: 1 });
    }));
  }
  return answers;
}"""


class Checker:
    """The committed checker in a worker of a real browser."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def __call__(self, ask: str, **question: Any) -> Any:
        return self.many(ask, [question])[0]

    def many(self, ask: str, questions: list[dict[str, Any]]) -> list[Any]:
        """Answers to many questions of a kind, in one go."""
        return self._page.evaluate(ASK, [ask, questions])  # type: ignore[no-any-return]


@dataclass
class City:
    """Pages of this very moment, because a browser has its own clock."""

    world: World
    publisher: Publisher
    address: str

    def text(self, **more: Any) -> str:
        """The QR code's text of a newly released result."""
        item = self.world.release(**more)
        assert item.certificate
        return as_text(item.certificate)


@pytest.fixture(scope="session")
def keys_now() -> Keys:
    """A country's keys that are in force on the browser's clock."""
    now = datetime.now(UTC)
    csca = create_csca("So Y te thu nghiem", not_before=now - timedelta(days=200))
    return Keys(csca, create_dsc(csca, "So Y te", not_before=now - timedelta(days=190)))


@contextmanager
def open_city(keys: Keys, words: Catalogues) -> Iterator[City]:
    """A city that publishes all three lists, and nothing else yet."""
    now = datetime.now(UTC)
    world = World(keys, clock=Watch(now))
    publisher = Publisher.of(keys.csca, now)
    publisher.publish_all(keys.dsc)
    app = create_app(furnish(world, words, anchors=lambda: [keys.csca.der]))
    app.wsgi_app = publisher.before(app.wsgi_app)  # type: ignore[method-assign]
    with serving(app) as address:
        yield City(world, publisher, address)


@pytest.fixture
def city(keys_now: Keys, words: Catalogues) -> Iterator[City]:
    with open_city(keys_now, words) as opened:
        yield opened


@pytest.fixture
def officer(chromium: Browser) -> Iterator[BrowserContext]:
    """A phone that has never been here."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="vi-VN")
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture(scope="module")
def ask(keys_now: Keys, words: Catalogues, chromium: Browser) -> Iterator[Checker]:
    """Ask the committed checker, in a worker of its own."""
    with open_city(keys_now, words) as city:
        page = chromium.new_page()
        page.goto(f"{city.address}/verify")
        settings = page.evaluate("async () => (await fetch('/verify/settings.json')).json()")
        page.evaluate("(address) => { self.checker = address }", settings["checker"])
        yield Checker(page)
        page.close()


def ready(page: Page) -> None:
    """Wait until the page may go offline."""
    page.wait_for_selector("html[data-offline=ready]", state="attached")
    page.wait_for_selector("#lists[data-ready=true]", state="attached")
