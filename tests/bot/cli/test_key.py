"""``ketqua key`` as a process: what an operator types, reads, and finds in the audit log."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from core.certificates.authority import create_csca, create_dsc
from tests.bot.cli.test_commands import ketqua, written
from tests.journey.people import oru
from tests.storage.hsm import LABEL, PIN, make_token


@pytest.fixture
def world(tmp_path: Path) -> Path:
    return tmp_path


def listed(world: Path) -> list[dict[str, Any]]:
    return json.loads(ketqua(world, "key", "list", "--json").stdout)  # type: ignore[no-any-return]


def of_role(world: Path, role: str) -> list[dict[str, Any]]:
    return [key for key in listed(world) if key["role"] == role]


def audited(world: Path) -> list[tuple[str, str]]:
    entries = json.loads(ketqua(world, "audit", "--json").stdout)
    return [(entry["action"], entry["subject"]) for entry in entries]


def says(done: CompletedProcess[str], code: str) -> bool:
    return done.returncode == 2 and f"[{code}]" in done.stderr and "errors." not in done.stderr


def test_keys_are_listed_rotated_and_retired(world: Path) -> None:
    (csca,), (old,), (lists,) = (of_role(world, role) for role in ("csca", "dsc", "list"))
    assert {key["state"] for key in (csca, old, lists)} == {"current"}
    assert {key["store"] for key in (csca, old, lists)} == {"file"}
    assert old["issuer"].startswith("DEMO")
    before = datetime.now(UTC)
    made = ketqua(world, "key", "rotate")
    assert made.returncode == 0, made.stderr
    states = {key["kid"]: key["state"] for key in of_role(world, "dsc")}
    (new,) = states.keys() - {old["kid"]}
    assert states == {old["kid"]: "current", new: "coming"}
    (coming,) = (key for key in of_role(world, "dsc") if key["kid"] == new)
    starts = datetime.fromisoformat(coming["not_before"])
    assert timedelta(hours=23, minutes=59) < starts - before < timedelta(hours=24, minutes=2)
    assert says(ketqua(world, "key", "rotate", "--from", "now"), "rotation_pending")
    retired = ketqua(world, "key", "retire", old["kid"])
    assert retired.returncode == 0
    assert "no other key signs" in retired.stderr
    assert says(ketqua(world, "key", "retire", old["kid"]), "key_retired")
    assert says(ketqua(world, "key", "retire", "00"), "key_unknown")
    assert {("key_rotated", new), ("key_retired", old["kid"])} <= set(audited(world))


def test_results_without_a_key_wait_until_it_is_replaced(world: Path) -> None:
    (old,) = of_role(world, "dsc")
    ketqua(world, "key", "retire", old["kid"])
    file = written(world, "r.hl7", oru("C-9", "+84909000001"))
    ingested = ketqua(world, "ingest", "--facility", "BVNDGD", file)
    assert ingested.returncode == 0
    assert "[signing_key_retired]" in ingested.stderr
    assert ketqua(world, "qr", "C-9").returncode == 1
    waiting = ketqua(world, "key", "reissue-missing")
    assert (waiting.returncode, "still wait: 1" in waiting.stderr) == (1, True)
    assert ketqua(world, "key", "rotate").returncode == 0  # at once, because nothing signs
    done = ketqua(world, "key", "reissue-missing")
    assert (done.returncode, "made: 1" in done.stderr) == (0, True)
    full = ketqua(world, "qr", "C-9", "--format", "text").stdout.strip()
    compact = ketqua(world, "qr", "C-9", "--format", "text", "--profile", "compact").stdout.strip()
    assert (full[:4], compact[:4], len(compact) <= 250) == ("HC1:", "KQ1:", True)
    for text in (full, compact):
        checked = ketqua(world, "verify", "--json", "--place", "DEFAULT", text)
        verdict = json.loads(checked.stdout)
        assert verdict["claims"]["outcome"] == "negative"
    picture = world / "kq1.png"
    ketqua(world, "qr", "C-9", "--profile", "compact", "-o", picture)
    assert ketqua(world, "verify", picture).returncode == 0
    assert ("certificates_reissued", "1") in audited(world)


def test_an_authoritys_key_that_was_moved_away_is_named_by_its_new_place(world: Path) -> None:
    listed(world)
    key = world / "demo" / "keys" / "csca.key"
    moved = key.rename(world / "safe.key")
    assert says(ketqua(world, "key", "rotate"), "csca_key_elsewhere")
    assert says(ketqua(world, "key", "rotate", "--csca-key", "nowhere.key"), "no_signing_key")
    assert ketqua(world, "key", "rotate", "--csca-key", moved).returncode == 0


def test_signers_of_others_are_imported_and_authorities_refused(world: Path) -> None:
    now = datetime.now(UTC)
    csca = create_csca("Autorité", not_before=now - timedelta(days=9))
    live = create_dsc(csca, "Labo", not_before=now - timedelta(days=9))
    dead = create_dsc(csca, "Labo", not_before=now - timedelta(days=9), lifetime=timedelta(days=1))
    pem = b"".join(k.certificate.public_bytes(Encoding.PEM) for k in (live, dead))
    done = ketqua(world, "key", "import", written(world, "dsc.pem", pem), "--country", "vn")
    assert done.returncode == 0, done.stderr
    assert "has expired" in done.stderr
    trusted = {key["kid"] for key in of_role(world, "trusted")}
    assert trusted == {live.kid.hex(), dead.kid.hex()}
    again = ketqua(world, "key", "import", world / "dsc.pem", "--country", "VN")
    assert "already" in again.stderr
    authority = written(world, "csca.der", csca.der)
    assert says(ketqua(world, "key", "import", authority, "--country", "VN"), "certificate_is_a_ca")
    missing = ketqua(world, "key", "import", world / "none.pem", "--country", "VN")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert ("key_imported", live.kid.hex()) in audited(world)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("time", ["yesterday", "2020-01-01T00:00:00Z"])
def test_a_time_that_cannot_be_is_one_sentence(world: Path, time: str, language: str) -> None:
    done = ketqua(world, "key", "rotate", "--from", time, KETQUA_LANGUAGE=language)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert not done.stderr.startswith(("errors.", "verdicts."))


def test_a_real_installation_makes_its_signer_in_the_token_and_the_doctor_looks(
    world: Path,
) -> None:
    token = make_token(world)
    os.environ.update(token.environment)  # handed on to the commands
    settings = {
        "KETQUA_DATABASE_URL": f"sqlite:///{world}/real.db",
        "KETQUA_MASTER_KEYS": "k1:" + "A" * 43 + "=",
        "KETQUA_INDEX_KEY": "B" * 43 + "=",
        "KETQUA_KEY_PASSPHRASE": "long and random",
        "KETQUA_PKCS11_MODULE": token.module,
        "KETQUA_PKCS11_TOKEN": LABEL,
        "KETQUA_PKCS11_PIN": PIN,
    }
    ketqua(world, "migrate", **settings)
    assert ketqua(world, "key", "init", **settings).returncode == 0
    keys = json.loads(ketqua(world, "key", "list", "--json", **settings).stdout)
    assert {key["role"]: key["store"] for key in keys} == {
        "csca": "file", "dsc": "pkcs11", "list": "file",
    }  # fmt: skip
    checks = json.loads(ketqua(world, "doctor", "--json", **settings).stdout)
    assert (checks["signing"]["ok"], checks["token"]["ok"]) == (True, True)
    token.take_away()
    checks = json.loads(ketqua(world, "doctor", "--json", **settings).stdout)
    assert "hsm_token_missing" in checks["token"]["message"]
    assert "hsm_token_missing" in checks["signing"]["message"]
    token.put_back()
    wrong = settings | {"KETQUA_PKCS11_PIN": "000000"}
    checks = json.loads(ketqua(world, "doctor", "--json", **wrong).stdout)
    assert "hsm_wrong_pin" in checks["token"]["message"]
    assert PIN not in json.dumps(checks)
