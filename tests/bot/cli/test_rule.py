"""``ketqua rule``: the rules of places from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import rule
from bot.opening import open_installation
from core.certificates.decode import Unverified, decode
from core.certificates.issue import as_text
from core.policy.rule_desk import written as written_set
from core.policy.simple_rules import default_rule_set
from tests.bot.cli.test_commands import ketqua, written
from tests.journey.people import oru


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("world")


def decoded(text: str) -> Unverified:
    found = decode(text)
    assert isinstance(found, Unverified)
    return found


def test_a_place_gets_its_hours_and_loses_them(world: Path) -> None:
    assert ketqua(world, "rule", "set", "cau-x", "--name", "Cầu X", "--pcr", "48").returncode == 0
    rows = json.loads(ketqua(world, "rule", "list", "--json").stdout)
    assert [(row["place"], row["state"]) for row in rows] == [
        ("DEFAULT", "counts"), ("CAU-X", "counts"),
    ]  # fmt: skip
    assert ketqua(world, "rule", "withdraw", "CAU-X", "1.0.0").returncode == 0
    assert ketqua(world, "rule", "withdraw", "CAU-X", "1.0.0").returncode == 2


def test_what_is_shown_can_be_changed_and_added(world: Path) -> None:
    document = json.loads(ketqua(world, "rule", "show", "DEFAULT").stdout) | {"place": "CHO-Y"}
    file = written(world, "set.json", json.dumps(document).encode())
    assert ketqua(world, "rule", "add", file, "--check").returncode == 0
    assert "CHO-Y" not in ketqua(world, "rule", "list").stdout
    assert ketqua(world, "rule", "add", file).returncode == 0
    again = ketqua(world, "rule", "add", file)
    assert (again.returncode, "rule_set_version_exists" in again.stderr) == (2, True)


def test_a_set_that_lets_a_positive_pass_is_not_even_good_to_check(world: Path) -> None:
    document = json.loads(ketqua(world, "rule", "show", "DEFAULT").stdout) | {"place": "CHO-Z"}
    document["rules"] = [each for each in document["rules"] if each["reason"] == "too_old"]
    file = written(world, "set.json", json.dumps(document).encode())
    for more in (["--check"], []):
        refused = ketqua(world, "rule", "add", file, *more)
        assert (refused.returncode, "rule_passes_bad" in refused.stderr) == (2, True)


@pytest.mark.parametrize("text", ["", "[1]", '{"place": 1}'])
def test_what_is_no_rule_set_is_refused_with_a_sentence(world: Path, text: str) -> None:
    file = written(world, "set.json", text.encode())
    refused = ketqua(world, "rule", "add", file)
    assert refused.returncode == 2
    assert "[rule_set_" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_set_is_tried_on_a_certificate_as_the_page_would_check_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KETQUA_DATA_DIR", str(tmp_path))
    here = open_installation()
    here.intake.receive(oru("T-1", "+84909000001"), here.facility("BVNDGD"), source="x")
    (item,) = here.find_results("T-1")
    assert item.certificate is not None
    text, file = as_text(item.certificate), str(tmp_path / "set.json")
    (tmp_path / "set.json").write_text(written_set(default_rule_set()))
    passed = CliRunner().invoke(rule.command, ["try", file, text])
    assert (passed.exit_code, json.loads(passed.stdout)["verdict"]) == (0, "valid")
    here.revocation_desk.revoke_kid(decoded(text).kid, actor="son", reason="copied")
    fallen = CliRunner().invoke(rule.command, ["try", file, text])
    assert (fallen.exit_code, json.loads(fallen.stdout)["verdict"]) == (1, "revoked")


@pytest.mark.parametrize("at", ["garbage", "", "2026-13-01"])
def test_a_time_that_nobody_can_read_is_refused_with_a_sentence(world: Path, at: str) -> None:
    file = written(world, "set.json", ketqua(world, "rule", "show", "DEFAULT").stdout.encode())
    refused = ketqua(world, "rule", "try", file, "HC1:x", "--at", at)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Traceback" not in refused.stderr
    assert "cannot be read" in refused.stderr


def test_a_place_without_rules_is_named_by_verify(world: Path) -> None:
    refused = ketqua(world, "verify", "--place", "NOWHERE", "HC1:x")
    assert (refused.returncode, "NOWHERE" in refused.stderr) == (2, True)
