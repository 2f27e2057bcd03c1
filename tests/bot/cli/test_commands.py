"""The commands as processes: what they print, where, and with which exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journey.people import oru

REPOSITORY = Path(__file__).parents[3]
WORDS = ("accepted", "duplicate", "corrected", "withdrawn", "quarantined", "ignored")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a data folder in which the demo's world is made once."""
    return tmp_path_factory.mktemp("world")


def ketqua(
    world: Path, *arguments: str | Path, typed: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("KETQUA_")}
    return subprocess.run(
        [sys.executable, str(REPOSITORY / "bot.py"), *map(str, arguments)],
        env=environment | {"KETQUA_DATA_DIR": str(world), "KETQUA_LANGUAGE": "en"} | settings,
        capture_output=True, text=True, check=False, input=typed,
    )  # fmt: skip


def written(world: Path, name: str, data: bytes) -> Path:
    path = world / name
    path.write_bytes(data)
    return path


def test_ingest_accounts_for_every_item_and_says_how_to_mend_it(world: Path) -> None:
    good = written(world, "good.hl7", oru("C-1", "+84909000001"))
    bad = written(world, "bad.hl7", oru("C-2", "+84909000001", test="XYZ^?^LAB"))
    done = ketqua(world, "ingest", "--facility", "BVNDGD", "--json", good, bad)
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["received"] == sum(report[word] for word in WORDS) == len(report["items"]) == 2
    accepted, quarantined = report["items"]
    assert (accepted["status"], accepted["source"], accepted["index"]) == (
        "accepted",
        "good.hl7",
        0,
    )
    assert accepted["result_id"]
    assert quarantined["status"] == "quarantined"
    (error,) = quarantined["errors"]
    assert (error["code"], set(error)) == ("unknown_test", {"code", "field", "message", "hint"})
    assert "LAB|XYZ" in error["message"]
    assert not error["hint"].startswith("findings.")


def test_a_landline_is_a_warning_and_the_exit_code_is_zero(world: Path) -> None:
    file = written(world, "landline.hl7", oru("C-3", "02838290000"))
    done = ketqua(world, "ingest", "--facility", "BVNDGD", "--json", file)
    (item,) = json.loads(done.stdout)["items"]
    assert (item["status"], done.returncode) == ("accepted", 0)
    assert [warning["code"] for warning in item["warnings"]] == ["phone_not_mobile"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("ingest", "--facility", "NOBODY", "good.hl7"),
        ("ingest", "--facility", "BVNDGD", "/nowhere/at/all.hl7"),
        ("ingest", "good.hl7"),
        ("run",),
        ("web",),
        ("worker",),
        ("clock",),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_code_two(
    world: Path, arguments: tuple[str, ...]
) -> None:
    written(world, "good.hl7", b"x")
    done = ketqua(world, *(world / a if a == "good.hl7" else a for a in arguments))
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_an_unknown_setting_is_named(world: Path) -> None:
    done = ketqua(world, "facility", "list", KETQUA_DATABSE_URL="x")
    assert done.returncode == 2
    assert "KETQUA_DATABSE_URL" in done.stderr


def test_a_qr_is_drawn_in_every_form_and_a_dead_one_in_none(world: Path, tmp_path: Path) -> None:
    file = written(world, "qr.hl7", oru("C-4", "+84909000001"))
    ketqua(world, "ingest", "--facility", "BVNDGD", file)
    text = ketqua(world, "qr", "c-4", "--format", "text").stdout
    assert text.startswith("HC1:")
    for picture, begins in {"png": b"\x89PNG", "svg": b"<?xml"}.items():
        target = tmp_path / f"qr.{picture}"
        ketqua(world, "qr", "C-4", "--format", picture, "-o", target)
        assert target.read_bytes().startswith((begins, b"<svg"))
    assert "█" in ketqua(world, "qr", "C-4", "--format", "txt").stdout
    assert ketqua(world, "verify", text.strip()).returncode == 0

    withdrawn = written(world, "gone.hl7", oru("C-4", "+84909000001", status="X"))
    ketqua(world, "ingest", "--facility", "BVNDGD", withdrawn)
    assert ketqua(world, "qr", "C-4").returncode == 1
    assert ketqua(world, "verify", text.strip()).returncode == 1


def test_an_account_is_made_and_its_totp_address_shown_once(world: Path) -> None:
    password = "a long enough one\n" * 2
    made = ketqua(
        world, "staff", "add", "lan", "--name", "Lan", "--role", "operator", typed=password
    )
    assert made.stdout.splitlines()[-1].startswith("otpauth://totp/")
    listed = json.loads(ketqua(world, "staff", "list", "--json").stdout)
    assert {
        "login": "lan",
        "name": "Lan",
        "role": "operator",
        "scopes": [],
        "active": True,
    } in listed
    assert "secret" not in json.dumps(listed)
    short = ketqua(world, "staff", "add", "x", "--name", "X", "--role", "auditor", typed="a\na\n")
    assert short.returncode == 2


def test_facilities_are_added_listed_and_named_safely(world: Path) -> None:
    assert ketqua(world, "facility", "add", "bvx", "--name", "Bệnh viện X").returncode == 0
    codes = [
        each["code"] for each in json.loads(ketqua(world, "facility", "list", "--json").stdout)
    ]
    assert "BVX" in codes
    assert ketqua(world, "facility", "add", "../../x", "--name", "X").returncode == 2


def test_quarantined_items_are_listed_and_shown_as_they_came(world: Path) -> None:
    file = written(world, "odd.txt", b"no message \x1b[31m at all")
    ketqua(world, "ingest", "--facility", "BVTD", file)
    items = json.loads(ketqua(world, "inbox", "list", "--facility", "BVTD", "--json").stdout)
    assert [error["code"] for error in items[0]["errors"]] == ["unrecognised_format"]
    assert ketqua(world, "inbox", "show", items[0]["id"]).stdout == "no message \x1b[31m at all"
    actions = [entry["action"] for entry in json.loads(ketqua(world, "audit", "--json").stdout)]
    assert {"raw_item_shown", "ingested"} <= set(actions)


def test_the_doctor_finds_the_demo_well_and_names_what_a_real_one_lacks(world: Path) -> None:
    assert ketqua(world, "doctor").returncode == 0
    sick = ketqua(world, "doctor", "--json", KETQUA_DATABASE_URL=f"sqlite:///{world}/real.db")
    checks = json.loads(sick.stdout)
    assert sick.returncode == 1
    assert not checks["settings"]["ok"]
    assert "KETQUA_BASE_URL" in checks["settings"]["message"]


def test_a_demos_database_is_refused_for_a_real_installation(world: Path) -> None:
    ketqua(world, "facility", "list")
    secrets = json.loads((world / "demo" / "secrets.json").read_text())
    done = ketqua(
        world, "facility", "list",
        KETQUA_DATABASE_URL=f"sqlite:///{world}/demo/ketqua.db",
        KETQUA_MASTER_KEYS=secrets["master_keys"],
        KETQUA_INDEX_KEY=secrets["index_key"],
    )  # fmt: skip
    assert done.returncode == 2
    assert "demo_database" in done.stderr


def test_what_commands_write_is_for_their_user_only(world: Path) -> None:
    ketqua(world, "facility", "list")
    for name in ("secrets.json", "ketqua.db"):
        assert (world / "demo" / name).stat().st_mode & 0o077 == 0
