"""Attacks on the published lists, and what they leave on the officer's device."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from core.certificates.authority import create_csca, create_dsc
from core.certificates.issue import as_text
from tests.sms.verify.conftest import Checker, City
from tests.sms.verify.publisher import LIST_USAGE, Publisher, base64url, hashes, signed

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route


@pytest.fixture
def device(city: City, officer: BrowserContext) -> Checker:
    """A checker that has started with the city's anchor and has no list yet."""
    page = officer.new_page()
    page.route("**/static/verify/page.js*", lambda route: route.abort())
    page.goto(f"{city.address}/verify")
    return started(page)


def started(page: Page) -> Checker:
    """The checker of this page, with what the device has kept."""
    settings = page.evaluate("async () => (await fetch('/verify/settings.json')).json()")
    page.evaluate("(address) => { self.checker = address }", settings["checker"])
    checker = Checker(page)
    checker("start", **{name: settings[name] for name in ("anchors", "interface", "wasm")})
    return checker


def refusals(device: Checker) -> dict[str, str]:
    """After asking the server: why a list was refused, by its name; nothing where it wasn't."""
    states = device("refresh")["states"]
    return {state["name"]: state["refused"] for state in states if state["refused"]}


def payload(**more: Any) -> dict[str, Any]:
    now = int(datetime.now(UTC).timestamp())
    return {
        "version": 5,
        "iat": now - 60,
        "exp": now + 3600,
        "iss": "x",
        "certificates": [],
        **more,
    }


def test_the_three_lists_of_the_city_are_accepted(device: Checker) -> None:
    assert refusals(device) == {}


def by_a_stranger(publisher: Publisher) -> str:
    now = datetime.now(UTC) - timedelta(days=9)
    signer = create_dsc(
        create_csca("Giả", not_before=now), "Giả", not_before=now, usages=(LIST_USAGE,)
    )
    return signed("trust-list", payload(), signer)


def by_a_stranger_of_the_same_name(publisher: Publisher) -> str:
    now = datetime.now(UTC) - timedelta(days=9)
    csca = create_csca("So Y te thu nghiem", not_before=now)
    signer = create_dsc(csca, "Sở Y tế", not_before=now, usages=(LIST_USAGE,))
    return signed("trust-list", payload(), signer)


def by_a_document_signer(publisher: Publisher) -> str:
    signer = create_dsc(publisher.csca, "DSC", not_before=datetime.now(UTC) - timedelta(days=9))
    return signed("trust-list", payload(), signer)


def by_a_signer_of_lists_and_tests(publisher: Publisher) -> str:
    usages = (LIST_USAGE, "1.3.6.1.4.1.1847.2021.1.1")
    since = datetime.now(UTC) - timedelta(days=9)
    return signed(
        "trust-list", payload(), create_dsc(publisher.csca, "x", not_before=since, usages=usages)
    )


def by_the_csca_itself(publisher: Publisher) -> str:
    return signed("trust-list", payload(), publisher.csca)


def by_a_signer_of_last_year(publisher: Publisher) -> str:
    old = create_dsc(
        publisher.csca, "x", not_before=datetime.now(UTC) - timedelta(days=9),
        lifetime=timedelta(days=2), usages=(LIST_USAGE,),
    )  # fmt: skip
    return signed("trust-list", payload(), old)


def of_another_type(publisher: Publisher) -> str:
    return signed("rules", payload(), publisher.signer)


def without_an_algorithm(publisher: Publisher) -> str:
    head, body, _ = signed("trust-list", payload(), publisher.signer, header={"alg": "none"}).split(
        "."
    )
    return f"{head}.{body}."


def with_a_shared_secret(publisher: Publisher) -> str:
    return signed("trust-list", payload(), publisher.signer, header={"alg": "HS256"})


def with_a_critical_header(publisher: Publisher) -> str:
    return signed("trust-list", payload(), publisher.signer, header={"crit": ["b64"], "b64": False})


def changed_afterwards(publisher: Publisher) -> str:
    head, body, tail = signed("trust-list", payload(), publisher.signer).split(".")
    return f"{head}.{body[:-4]}AAAA.{tail}"


def signed_by_nobody(publisher: Publisher) -> str:
    head, body, _ = signed("trust-list", payload(), publisher.signer).split(".")
    return f"{head}.{body}.{base64url(bytes(64))}"


def from_next_week(publisher: Publisher) -> str:
    week = int((datetime.now(UTC) + timedelta(days=7)).timestamp())
    return signed("trust-list", payload(iat=week, exp=week + 9), publisher.signer)


def without_a_version(publisher: Publisher) -> str:
    return signed("trust-list", payload(version="6"), publisher.signer)


def with_a_certificate_that_is_none(publisher: Publisher) -> str:
    rubbish = [b64encode(b"\x30\x80rubbish").decode()]
    return signed("trust-list", payload(), publisher.signer, header={"x5c": rubbish})


def that_is_a_page(publisher: Publisher) -> str:
    return "<!doctype html><title>Log in to the Wi-Fi</title>"


def that_is_empty(publisher: Publisher) -> str:
    return ""


@pytest.mark.parametrize(
    ("forge", "code"),
    [
        (by_a_stranger, "unknown_signer"),
        (by_a_stranger_of_the_same_name, "unknown_signer"),
        (by_a_document_signer, "wrong_usage"),
        (by_a_signer_of_lists_and_tests, "wrong_usage"),
        (by_the_csca_itself, "wrong_usage"),
        (by_a_signer_of_last_year, "signer_not_in_force"),
        (of_another_type, "wrong_type"),
        (without_an_algorithm, "wrong_algorithm"),
        (with_a_shared_secret, "wrong_algorithm"),
        (with_a_critical_header, "wrong_algorithm"),
        (changed_afterwards, "bad_signature"),
        (signed_by_nobody, "bad_signature"),
        (from_next_week, "issued_in_the_future"),
        (without_a_version, "malformed"),
        (with_a_certificate_that_is_none, "unknown_signer"),
        (that_is_a_page, "malformed"),
        (that_is_empty, "malformed"),
    ],
)
def test_a_list_is_refused(
    city: City, device: Checker, forge: Callable[[Publisher], str], code: str
) -> None:
    city.publisher.tokens["trust-list"] = forge(city.publisher)
    assert refusals(device) == {"trust-list": code}
    found = device("text", text=city.text())
    assert found["unconfirmed"]
    assert "no_trust_list" in found["cautions"]


def test_an_older_list_does_not_come_back(city: City, device: Checker) -> None:
    old = city.publisher.tokens["revocations"]
    item = city.world.release()
    assert item.certificate
    city.publisher.publish_revocations(kids=[city.world.keys.dsc.kid], version=2)
    assert refusals(device) == {}
    city.publisher.tokens["revocations"] = old
    assert refusals(device) == {"revocations": "older_version"}
    assert device("text", text=city.text())["verdict"]["verdict"] == "revoked"


def test_a_forged_list_does_not_displace_a_genuine_one(city: City, device: Checker) -> None:
    assert refusals(device) == {}
    city.publisher.tokens["trust-list"] = by_a_stranger(city.publisher)
    assert refusals(device) == {"trust-list": "unknown_signer"}
    found = device("text", text=city.text())
    assert (found["verdict"]["verdict"], found["unconfirmed"]) == ("valid", False)


def test_lists_out_of_date_are_never_green(city: City, device: Checker) -> None:
    for number, name in enumerate(("trust", "revocations", "rules")):
        city.publisher.publish_all(city.world.keys.dsc, version=2 * number + 2)
        publish = getattr(city.publisher, f"publish_{name}")
        keys = [city.world.keys.dsc] if name == "trust" else []
        publish(*keys, version=2 * number + 3, issued=timedelta(days=-2))
        assert refusals(device) == {}
        found = device("text", text=city.text())
        assert (found["verdict"]["verdict"], found["unconfirmed"]) == ("valid", True), name
        assert found["cautions"] == ["lists_out_of_date"]


@pytest.mark.parametrize(
    ("name", "caution"), [("revocations", "no_revocations"), ("rules", "no_rules")]
)
def test_without_one_of_the_lists_nothing_is_green(
    city: City, device: Checker, name: str, caution: str
) -> None:
    del city.publisher.tokens[name]
    device("refresh")
    found = device("text", text=city.text())
    assert (found["verdict"]["verdict"], found["unconfirmed"]) == ("valid", True)
    assert found["cautions"] == [caution]


def test_a_foreign_hit_in_the_filter_is_looked_up_in_the_batches(
    city: City, device: Checker
) -> None:
    publisher, keys = city.publisher, city.world.keys
    item = city.world.release()
    assert item.certificate
    assert item.uvci
    entry = hashes(item.uvci, "VN", item.certificate[-64:])["uvci"]
    text = as_text(item.certificate)
    publisher.publish_trust(version=2, others=[keys.dsc.der])
    publisher.publish_revocations([entry], version=2, batches=[("uvci", [bytes(16)])])
    device("refresh")
    assert device("text", text=text)["verdict"]["verdict"] == "valid"  # the filter hit by chance
    publisher.publish_revocations([entry], version=3, batches=[("uvci", [bytes(16), entry])])
    device("refresh")
    assert device("text", text=text)["verdict"]["verdict"] == "revoked"
    publisher.publish_revocations([entry], version=4, batches=[("uvci", [entry, b"\xff" * 16])])
    publisher.batches.clear()
    device("refresh")
    found = device("text", text=text)
    assert (found["verdict"]["verdict"], found["unconfirmed"]) == ("valid", True)
    assert found["cautions"] == ["may_be_revoked"]


def test_a_batch_that_is_not_what_its_name_says_counts_for_nothing(
    city: City, device: Checker
) -> None:
    publisher = city.publisher
    item = city.world.release()
    assert item.certificate
    assert item.uvci
    entry = hashes(item.uvci, "VN", item.certificate[-64:])["uvci"]
    publisher.publish_trust(version=2, others=[city.world.keys.dsc.der])
    publisher.publish_revocations([entry], version=2, batches=[("uvci", [entry])])
    publisher.batches = dict.fromkeys(publisher.batches, bytes(16))
    device("refresh")
    assert device("text", text=as_text(item.certificate))["cautions"] == ["may_be_revoked"]


def test_a_clock_that_was_turned_back_is_never_green(
    city: City, officer: BrowserContext, device: Checker
) -> None:
    assert refusals(device) == {}
    city.world.clock.wait(hours=-3)
    text = city.text()
    page = officer.new_page()
    page.route("**/static/verify/page.js*", lambda route: route.abort())
    page.route("**/static/verify/checker.js*", turned_back)
    page.goto(f"{city.address}/verify")
    found = started(page)("text", text=text)
    assert (found["verdict"]["verdict"], found["unconfirmed"]) == ("valid", True)
    assert found["cautions"] == ["clock_behind_lists"]


def turned_back(route: Route) -> None:
    """Give the checker a clock that is two hours behind."""
    script = route.fetch().text()
    behind = "const now = Date.now; Date.now = () => now() - 2 * 3_600_000;"
    route.fulfill(body=f"{behind}\n{script}", content_type="text/javascript")
