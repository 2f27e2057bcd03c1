"""What the server hands to the officer's page so that it needs no server."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.messages.language import Catalogues
from sms.app import create_app
from sms.verify.offline import TONES
from tests.sms.conftest import furnish
from tests.sms.fakes import World

ENGINE = Path(__file__).parents[3] / "sms/verify/engine/src"


def kept(client: FlaskClient) -> dict[str, Any]:
    script = client.get("/verify/service-worker.js").text
    found = re.match(r"self\.KEPT=(\{.*?\});\n", script)
    assert found
    return json.loads(found[1])  # type: ignore[no-any-return]


def test_the_manifest_makes_it_an_app_in_the_readers_language(client: FlaskClient) -> None:
    for language, name in (("vi", "Kiểm tra QR"), ("en", "Check QR")):
        answer = client.get(f"/verify/manifest.webmanifest?lang={language}")
        described = answer.get_json(force=True)
        assert answer.mimetype == "application/manifest+json"
        assert described["short_name"] == name
        assert described["start_url"] == f"/verify?lang={language}"
        assert described["scope"] == "/verify"
        for icon in described["icons"]:
            assert client.get(icon["src"]).data.startswith(b"\x89PNG")


def test_the_service_worker_reaches_the_page_and_no_further(client: FlaskClient) -> None:
    answer = client.get("/verify/service-worker.js")
    assert answer.headers["Service-Worker-Allowed"] == "/verify"
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-store"


def test_everything_that_is_kept_exists(client: FlaskClient) -> None:
    listed = kept(client)
    assert len(listed["files"]) == 7
    for address in (*listed["files"], *listed["pages"]):
        assert client.get(address).status_code == 200, address
    page = client.get("/verify").text
    linked = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert linked
    assert set(linked) <= set(listed["files"])


def test_another_anchor_is_another_version(world: World, words: Catalogues) -> None:
    versions = {
        kept(create_app(furnish(world, words, anchors=anchors)).test_client())["version"]
        for anchors in (list, lambda: [b"one"], lambda: [b"two"], lambda: [b"two"])
    }
    assert len(versions) == 3


def test_the_settings_bring_anchors_texts_and_tones(world: World, words: Catalogues) -> None:
    der = world.keys.csca.der
    client = create_app(furnish(world, words, anchors=lambda: [der])).test_client()
    settings = client.get("/verify/settings.json?lang=en").get_json()
    assert [b64decode(each) for each in settings["anchors"]] == [der]
    assert settings["words"]["verdicts.word.valid"] == "VALID"
    assert settings["zone_name"] == "Viet Nam time"
    assert settings["tones"] == dict(TONES)
    assert not any(key.startswith(("chat.", "cli.", "pages.staff")) for key in settings["words"])


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_text_that_the_script_names_is_there(client: FlaskClient, language: str) -> None:
    words = client.get(f"/verify/settings.json?lang={language}").get_json()["words"]
    sources = "\n".join(path.read_text("utf-8") for path in ENGINE.rglob("*.js"))
    named = set(re.findall(r'"((?:pages|verdicts)\.[a-z_.]+[a-z])"', sources))
    assert len(named) > 10
    assert named <= words.keys()
    cautions = re.findall(r'&& "([a-z_]+)"', sources)
    assert len(cautions) == 7
    assert {f"pages.verify.caution.{each}" for each in cautions} <= words.keys()
