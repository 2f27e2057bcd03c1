"""Keys that fail and come back, on a real installation: what stops, and what goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import Installation
from bot.opening import prepare
from bot.service import Service, readiness
from bot.settings import Settings
from core.certificates.keys import Role
from core.certificates.verdict import VerdictWord
from core.errors import SetupRefused
from core.policy.showing import Door
from core.ports import ShelfItem
from core.results.result import Outcome
from storage.migrate import upgrade
from tests.journey.people import oru
from tests.storage.hsm import LABEL, PIN, Token, make_token

PHONE = "+84909000001"
Breaking = Callable[[Installation], Installation]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path).as_demo()


@pytest.fixture
def house(settings: Settings) -> Installation:
    made = Installation(settings)
    prepare(made)
    return made


def receive(house: Installation, accession: str) -> ShelfItem:
    data = oru(accession, PHONE)
    report = house.intake.receive(data, house.facility("BVNDGD"), source="test")
    assert report.counts()["accepted"] == 1
    (item,) = house.find_results(accession, "BVNDGD")
    return item


def text_of(item: ShelfItem) -> str:
    from core.certificates.issue import as_text

    assert item.certificate is not None
    return as_text(item.certificate)


def with_a_wrong_passphrase(house: Installation) -> Installation:
    return Installation(replace(house.settings, key_passphrase="another"))


def with_an_expired_signer(house: Installation) -> Installation:
    later = Installation(house.settings)
    later.clock = lambda: house.clock() + timedelta(days=800)
    return later


def with_a_retired_signer(house: Installation) -> Installation:
    house.key_desk.retire(house.keys.current(house.clock()).kid.hex())
    return Installation(house.settings)


def with_a_token_that_is_gone(house: Installation) -> Installation:
    for path in house.settings.keys_folder.glob("dsc-*.key"):
        path.unlink()
    gone = replace(
        house.settings, pkcs11_module="/nowhere/libhsm.so", pkcs11_token="t", pkcs11_pin="1"
    )
    return Installation(gone)


FAILURES = [
    (with_a_wrong_passphrase, "[wrong_passphrase]"),
    (with_an_expired_signer, "[signing_key_expired]"),
    (with_a_retired_signer, "[signing_key_retired]"),
    (with_a_token_that_is_gone, "[hsm_module_missing]"),
]


@pytest.mark.parametrize(("broken", "said"), FAILURES)
def test_issuing_stops_with_a_sentence_while_results_are_stored_shown_and_checked(
    house: Installation, broken: Breaking, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = receive(house, "K-1")
    failing = broken(house)
    item = receive(failing, "K-2")
    assert (item.certificate, item.result.outcome) == (None, Outcome.NEGATIVE)
    assert failing.reissuing.owed.count() == 1
    told = capsys.readouterr().err
    assert said in told
    assert not told.startswith("errors.")
    assert readiness(failing) == {"database": True, "signing": False}
    # Retrieval: both results are on the shelf, the old one with its code.
    (person,) = failing.desk.people(PHONE, Door.WEB)
    views = failing.desk.results(PHONE, person.key, Door.WEB, proven_now=True)
    assert sorted(bool(view.qr_text()) for view in views) == [False, True]
    # Checking: what was signed before is still judged.
    verdict = failing.checkpoint.check_text(text_of(before)).verdict
    assert verdict in (VerdictWord.VALID, VerdictWord.EXPIRED)


@pytest.mark.parametrize(
    "broken", [with_a_wrong_passphrase, with_a_retired_signer, with_a_token_that_is_gone]
)
def test_a_service_whose_keys_fail_starts_all_the_same(
    tmp_path: Path, settings: Settings, broken: Breaking
) -> None:
    real = replace(
        settings, demo=False, data_dir=tmp_path / "real", base_url="https://kq.example.vn",
        sms_gateway="twilio", twilio_account_sid="AC1", twilio_auth_token="x", twilio_from="x",
    )  # fmt: skip
    real.data_dir.mkdir()
    upgrade(real.database)
    with pytest.raises(SetupRefused, match="no_signing_key"):
        Service(Installation(real))
    house = Installation(real)
    house.make_first_keys()
    failing = Service(broken(house))
    client = failing.pages().test_client()
    assert client.get("/", headers={"Host": "kq.example.vn"}).status_code == 200
    assert client.get("/readyz", headers={"Host": "kq.example.vn"}).status_code == 503


def test_what_was_owed_is_issued_when_the_key_is_back_and_nobody_hears_of_it_again(
    house: Installation,
) -> None:
    receive(with_a_wrong_passphrase(house), "K-1")
    with house.engine.connect() as connection:
        messages = "SELECT count(*) FROM delivery"
        before = connection.exec_driver_sql(messages).scalar_one()
    from bot.jobs import _reissue

    _reissue(house)
    _reissue(house)
    with house.engine.connect() as connection:
        assert connection.exec_driver_sql(messages).scalar_one() == before == 1
    (item,) = house.find_results("K-1", "BVNDGD")
    assert house.checkpoint.check_text(text_of(item)).is_valid
    assert item.compact is not None


def test_a_running_service_notices_new_retired_and_imported_keys(
    house: Installation, tmp_path: Path
) -> None:
    first = house.signer()
    assert first is not None
    operator = Installation(house.settings)
    time.sleep(1)  # a certificate tells the second from which it signs, no less
    made = operator.key_desk.rotate(operator.key_store.csca(), starts=operator.clock())
    second = house.signer()
    assert second is not None
    assert (second.kid, first.kid == made.kid) == (made.kid, False)
    operator.key_desk.retire(made.kid.hex())
    back = house.signer()
    assert back is not None
    assert back.kid == first.kid
    other = Installation(Settings(data_dir=tmp_path / "other").as_demo())
    prepare(other)
    foreign = text_of(receive(other, "F-1"))
    assert house.checkpoint.check_text(foreign).verdict is VerdictWord.UNKNOWN_ISSUER
    operator.key_desk.adopt(other.keys.current(other.clock()).der, "VN")
    assert house.checkpoint.check_text(foreign).is_valid


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Token:
    made = make_token(tmp_path_factory.mktemp("hsm"))
    os.environ.update(made.environment)
    return made


def test_an_installation_signs_from_its_token_and_survives_its_absence(
    tmp_path: Path, token: Token
) -> None:
    settings = replace(
        Settings(data_dir=tmp_path).as_demo(),
        pkcs11_module=token.module,
        pkcs11_token=LABEL,
        pkcs11_pin=PIN,
    )
    house = Installation(settings)
    prepare(house)
    stores = {key.role: key.store for key in house.keys.kept()}
    assert stores == {Role.CSCA: "file", Role.DSC: "pkcs11", Role.LIST: "file"}
    assert house.checkpoint.check_text(text_of(receive(house, "T-1"))).is_valid
    token.take_away()
    try:
        assert receive(house, "T-2").certificate is None
        assert readiness(house)["signing"] is False
    finally:
        token.put_back()
    house.token_store._elapsed = lambda: 1e9  # type: ignore[union-attr]  # the pause is over
    assert readiness(house)["signing"] is True
    assert house.reissuing.round(10) == 1
    (item,) = house.find_results("T-2", "BVNDGD")
    assert house.checkpoint.check_text(text_of(item)).is_valid
