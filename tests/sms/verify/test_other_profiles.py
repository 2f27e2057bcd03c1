"""Our certificates that are not the EU's: tests of other agents, and the compact profile."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import cbor2
import pytest

from core.certificates import base45
from core.certificates.issue import as_text
from core.certificates.uvci import new_uvci
from tests.sms.verify.conftest import City, ready
from tests.sms.verify.publisher import hashes
from tests.sms.verify.rule_sets import rule, rule_set, var

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

SERIAL = bytes(range(10))
DENGUE = "38362002"


def signed(city: City, claims: dict[int, object]) -> list[object]:
    signer = city.world.keys.dsc.signer()
    now = int(city.world.clock().timestamp())
    head = cbor2.dumps({1: -7, 4: signer.kid})
    payload = cbor2.dumps({1: "VN", 4: now + 86_400, 6: now - 3600, **claims})
    return [head, {}, payload, signer.sign(cbor2.dumps(["Signature1", head, b"", payload]))]


def collected(city: City) -> int:
    return int((city.world.clock() - timedelta(hours=5)).timestamp())


def compact(city: City, **changes: Any) -> str:
    """A compact certificate; ``changes`` replace ``k0`` to ``k8``."""
    values = {
        "k0": 1, "k1": "NVB", "k2": 1990, "k3": "234", "k4": 1, "k5": 0,
        "k6": collected(city), "k7": "BVTD", "k8": SERIAL,
    } | changes  # fmt: skip
    claim = {int(key[1:]): value for key, value in values.items()}
    return "KQ1:" + base45.encode(cbor2.dumps(signed(city, {-261: claim})))


def dengue(city: City, outcome: str = "negative") -> str:
    claim = {
        0: 1, 1: ["Nguyễn", "Văn Bình"], 2: ["NGUYEN", "VAN<BINH"], 3: "1990-03-05",
        4: "DENGUE-NS1", 5: "Dengue NS1", 6: outcome, 7: collected(city), 8: "BV TP Thủ Đức",
        9: "Sở Y tế", 10: new_uvci(SERIAL), 11: DENGUE,
    }  # fmt: skip
    return as_text(cbor2.dumps(cbor2.CBORTag(18, signed(city, {-260: {-1: claim}}))))


@pytest.fixture
def page(city: City, officer: BrowserContext) -> Page:
    """The page of a city with a gate that asks for a negative dengue test."""
    negative = rule(1, {"===": [var("payload.t.0.tr"), "260415000"]})
    agent = rule(2, {"===": [var("payload.t.0.tg"), DENGUE]})
    city.publisher.publish_rules(rule_set("SXH", [negative, agent], accept_for=None), version=2)
    return opened(city, officer)


def opened(city: City, officer: BrowserContext) -> Page:
    page = officer.new_page()
    page.goto(f"{city.address}/verify")
    ready(page)
    return page


def paste(page: Page, text: str) -> tuple[str, str]:
    page.fill("#text", text)
    page.locator("#form button").click()
    page.wait_for_selector("#result:not([hidden])")
    return page.inner_text("#result-heading").strip(), page.inner_text("#result")


def test_a_compact_certificate_shows_what_it_has(city: City, page: Page) -> None:
    text = compact(city)
    assert len(text) <= 250
    word, said = paste(page, text)
    assert word == "HỢP LỆ"
    for words in ("NVB", "1990", "234", "Âm tính", "PCR", "BVTD", "(giờ Việt Nam)"):
        assert words in said


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"k5": 1}, "không phải là âm tính"),
        ({"k5": 7}, "Không đọc được kết quả"),
        ({"k4": "MUMPS"}, "SARS-CoV-2"),
        ({"k6": "yesterday"}, "thời gian lấy mẫu"),
    ],
)
def test_a_compact_certificate_falls_under_the_rule(
    city: City, page: Page, changes: dict[str, object], sentence: str
) -> None:
    word, said = paste(page, compact(city, **changes))
    assert word == "KHÔNG ĐÁP ỨNG QUY ĐỊNH"
    assert sentence.lower() in said.lower()
    assert "NVB" not in said


def test_a_compact_certificate_that_names_nobody_is_unreadable(city: City, page: Page) -> None:
    assert paste(page, compact(city, k1="", k3=""))[0] == "KHÔNG ĐỌC ĐƯỢC"


def test_a_compact_certificate_is_revoked_with_its_full_one(
    city: City, officer: BrowserContext
) -> None:
    entry = hashes(new_uvci(SERIAL), "VN", b"")["uvci"]
    city.publisher.publish_revocations([entry], version=2)
    assert paste(opened(city, officer), compact(city))[0] == "ĐÃ THU HỒI"


def test_a_forged_compact_certificate_is_found_out(city: City, page: Page) -> None:
    text = compact(city)
    last = "A" if text[-1] != "A" else "B"
    assert paste(page, text[:-1] + last)[0] != "HỢP LỆ"


def test_another_test_is_judged_by_the_place_that_asks_for_it(city: City, page: Page) -> None:
    word, said = paste(page, dengue(city))
    assert word == "KHÔNG ĐÁP ỨNG QUY ĐỊNH"  # the default rule is about SARS-CoV-2
    assert "Bình" not in said
    page.click("#next")
    page.select_option("#place", label="Chốt SXH")
    word, said = paste(page, dengue(city))
    assert word == "HỢP LỆ"
    for words in ("Nguyễn Văn Bình", "1990", "Dengue NS1", "Âm tính", "Thủ Đức"):
        assert words in said
    page.click("#next")
    assert paste(page, dengue(city, "positive"))[0] == "KHÔNG ĐÁP ỨNG QUY ĐỊNH"
