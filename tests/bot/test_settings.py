"""Settings: read once, refused by name, and documented in ``.env.example``."""

from dataclasses import fields
from pathlib import Path

import pytest

from bot.settings import Settings
from core.errors import SetupRefused

EXAMPLE = Path(__file__).parents[2] / ".env.example"
COMPLETE = {
    "KETQUA_BASE_URL": "https://kq.example.vn",
    "KETQUA_MASTER_KEYS": "k1:x",
    "KETQUA_INDEX_KEY": "x",
    "KETQUA_KEY_PASSPHRASE": "x",
    "KETQUA_SMS_GATEWAY": "twilio",
    "KETQUA_TWILIO_ACCOUNT_SID": "AC0",
    "KETQUA_TWILIO_AUTH_TOKEN": "x",
    "KETQUA_TWILIO_FROM": "KETQUA",
}


def test_every_setting_is_in_the_example_and_nothing_else() -> None:
    written = {
        line.removeprefix("# ").split("=")[0]
        for line in EXAMPLE.read_text().splitlines()
        if line.startswith("# KETQUA_") and "=" in line
    }
    assert written == {f"KETQUA_{each.name.upper()}" for each in fields(Settings)}


def test_an_unknown_variable_is_refused_by_name() -> None:
    with pytest.raises(SetupRefused, match="KETQUA_DATABSE_URL"):
        Settings.from_env({"KETQUA_DATABSE_URL": "x"})


@pytest.mark.parametrize(
    ("variable", "value"),
    [("KETQUA_PORT", "eighty"), ("KETQUA_PORT", "99999"), ("KETQUA_WATCH_SECONDS", "0"),
     ("KETQUA_SMS_COUNTRIES", "Vietnam"), ("KETQUA_LANGUAGE", "fr"),
     ("KETQUA_BASE_URL", "http://kq.example.vn"),
     ("KETQUA_TIMEZONE", "Mars/Base"), ("KETQUA_SMS_GATEWAY", "pigeon"),
     ("KETQUA_BASE_URL", "kq.example.vn")],
)  # fmt: skip
def test_an_unusable_value_is_refused_by_name(variable: str, value: str) -> None:
    with pytest.raises(SetupRefused, match=variable):
        Settings.from_env({variable: value})


@pytest.mark.parametrize("missing", [name for name in COMPLETE if name != "KETQUA_TWILIO_FROM"])
def test_a_service_refuses_to_start_without_each_of_these(missing: str) -> None:
    Settings.from_env(COMPLETE).check_for_service()
    lacking = Settings.from_env({k: v for k, v in COMPLETE.items() if k != missing})
    with pytest.raises(SetupRefused, match=missing):
        lacking.check_for_service()


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    shown = repr(Settings.from_env(COMPLETE | {"KETQUA_INDEX_KEY": "sesame"}))
    assert "sesame" not in shown


def test_the_demo_has_a_world_of_its_own(tmp_path: Path) -> None:
    real = Settings.from_env(COMPLETE | {"KETQUA_DATA_DIR": str(tmp_path), "KETQUA_PORT": "8123"})
    demo = real.as_demo()
    assert demo.database != real.database
    assert demo.keys_folder != real.keys_folder
    assert demo.master_keys != real.master_keys
    assert (demo.port, demo.demo, demo.public_url) == (8123, True, "http://127.0.0.1:8123")
    assert demo.issuer.startswith("DEMO")
    assert real.as_demo().master_keys == demo.master_keys
