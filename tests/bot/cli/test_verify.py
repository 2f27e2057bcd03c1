"""``ketqua verify`` as a process: exit codes, JSON on stdout, sentences, and what it imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from core.certificates import picture
from core.certificates.authority import CertifiedKey, create_csca, create_dsc
from core.certificates.issue import as_text, issue
from core.certificates.payload import SARS_COV_2, TestFacts
from core.certificates.uvci import new_uvci
from core.results.catalogue import TestKind
from tests.services import REPOSITORY

NOON = datetime(2026, 7, 12, 12, tzinfo=UTC)
AT = ("--at", "2026-07-12T12:00:00Z")
FACTS = TestFacts(
    family="Phạm",
    given="Bảo Lộc",
    birth_date="1979-11-02",
    test_kind=TestKind.PCR,
    target=SARS_COV_2,
    positive=False,
    collected_at=NOON - timedelta(hours=3),
    centre="BV Nguyễn Tri Phương",
    issuer="Sở Y tế TP. Hồ Chí Minh",
)
MAIN = "from bot.cli import main; main()"


@dataclass(frozen=True, slots=True)
class Done:
    """What a finished command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        return json.loads(self.out)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class World:
    """A signer's certificate in a file, and one person's certificate."""

    cert: Path
    text: str
    folder: Path

    def file(self, name: str, data: bytes) -> str:
        path = self.folder / name
        path.write_bytes(data)
        return str(path)


def ketqua(*arguments: str, stdin: bytes = b"", language: str = "", code: str = MAIN) -> Done:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("KETQUA_")}
    environment |= {"KETQUA_LANGUAGE": language} if language else {}
    done = subprocess.run(
        [sys.executable, "-c", code, "verify", *arguments],
        cwd=REPOSITORY,
        env=environment,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(scope="module")
def dsc() -> CertifiedKey:
    csca = create_csca("Cơ quan Mẫu", not_before=NOON - timedelta(days=1))
    return create_dsc(csca, "Cơ quan Mẫu", not_before=NOON - timedelta(days=1))


@pytest.fixture
def world(dsc: CertifiedKey, tmp_path: Path) -> World:
    certificate = issue(FACTS, dsc.signer(), uvci=new_uvci(bytes(10)), issued_at=NOON)
    path = tmp_path / "dsc.pem"
    path.write_bytes(dsc.certificate.public_bytes(Encoding.PEM))
    return World(path, as_text(certificate.cose), tmp_path)


def test_text_a_text_file_a_picture_and_standard_input_are_judged_alike(world: World) -> None:
    drawing = picture.png(world.text)
    subjects = [
        (world.text, b""),
        (world.file("certificate.txt", world.text.encode() + b"\r\n"), b""),
        (world.file("certificate.jpg", drawing), b""),
        ("-", world.text.encode()),
        ("-", drawing),
    ]
    for subject, stdin in subjects:
        done = ketqua("--cert", str(world.cert), *AT, "--json", subject, stdin=stdin)
        assert (done.code, done.err) == (0, "")
        assert done.json()["verdict"] == "valid"
        assert done.json()["claims"]["given_name"] == "Bảo Lộc"


def test_a_certificate_may_be_der_and_there_may_be_several(world: World, dsc: CertifiedKey) -> None:
    der = world.file("dsc.der", dsc.der)
    other = create_csca("Khác", not_before=NOON).certificate.public_bytes(Encoding.PEM)
    options = ["--cert", world.file("other.pem", other), "--cert", der]
    assert ketqua(*options, *AT, world.text).code == 0
    refused = ketqua(*options[:2], *AT, "--json", world.text)
    assert (refused.code, refused.json()["verdict"]) == (1, "unknown_issuer")


def test_a_person_reads_the_verdict_in_their_language(world: World) -> None:
    options = ("--cert", str(world.cert), *AT, world.text)
    vietnamese, english = ketqua(*options), ketqua(*options, language="en")
    assert "HỢP LỆ" in vietnamese.out
    assert "Phạm Bảo Lộc" in vietnamese.out
    assert "Vui lòng đối chiếu với giấy tờ tùy thân." in vietnamese.out
    assert "Please check against a photo ID." in english.out


def test_an_expired_certificate_exits_one_and_says_so(world: World) -> None:
    done = ketqua("--cert", str(world.cert), "--at", "2027-07-12T12:00:00Z", world.text)
    assert done.code == 1
    assert "HẾT HẠN" in done.out
    assert "giấy tờ tùy thân" not in done.out


def test_a_time_without_an_offset_is_utc(world: World) -> None:
    options = ("--cert", str(world.cert), "--json")
    for at, code in (
        ("2026-07-12T11:59:59", 1),
        ("2026-07-12T12:00:00", 0),
        ("2026-07-12t19:00:00+07:00", 0),
        ("2026-07-12T18:59:59.999+07:00", 1),
    ):
        assert ketqua(*options, "--at", at, world.text).code == code, at


def test_a_rule_runs_only_with_a_place(world: World) -> None:
    late = ("--cert", str(world.cert), "--at", "2026-07-20T12:00:00Z", "--json")
    assert ketqua(*late, world.text).code == 0
    done = ketqua(*late, "--place", "DEFAULT", world.text)
    assert (done.code, done.json()["verdict"]) == (1, "rule_not_met")
    assert done.json()["rule_valid_until"] == "2026-07-15T09:00:00Z"


@pytest.mark.parametrize(
    ("data", "step", "reason"),
    [
        (b"%PDF-1.7\n%%EOF", "image", "not_an_image"),
        (b"\x89PNG\r\n\x1a\n", "image", "not_an_image"),
        (b"", "image", "not_an_image"),
        (bytes(200), "image", "not_an_image"),
        (b"hello", "prefix", "not_a_certificate"),
        ("Xin chào".encode(), "prefix", "not_a_certificate"),
        (b"\xff\xfe\xfd", "prefix", "not_a_certificate"),
    ],
)
def test_a_file_that_is_no_certificate_is_malformed_whatever_its_name(
    world: World, data: bytes, step: str, reason: str
) -> None:
    done = ketqua("--cert", str(world.cert), "--json", world.file("qr.png", data))
    assert (done.code, done.err) == (1, "")
    assert done.json() == {"verdict": "malformed", "step": step, "reason": reason}


@pytest.mark.parametrize(
    "options",
    [
        ("--place", "HANOI"),
        ("--at", "yesterday"),
        ("--cert", "does-not-exist.pem"),
        ("--cert", str(REPOSITORY)),
        ("--cert", __file__),
        ("--trust-list", "list.json"),
        ("--trust-anchor", "anchor.pem"),
        ("--unknown",),
    ],
)
def test_bad_options_exit_two_with_a_sentence_and_no_output(
    world: World, options: tuple[str, ...]
) -> None:
    done = ketqua("--cert", str(world.cert), *options, "--json", world.text)
    assert (done.code, done.out) == (2, "")
    assert done.err.strip()
    assert "Traceback" not in done.err


def test_a_folder_is_an_unreadable_file(world: World) -> None:
    done = ketqua("--cert", str(world.cert), str(world.folder))
    assert (done.code, done.out) == (2, "")
    assert str(world.folder) in done.err


def test_checking_a_text_imports_neither_chats_pages_tables_nor_imaging(world: World) -> None:
    report = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
    done = ketqua("--cert", str(world.cert), *AT, "--json", world.text, code=report + MAIN)
    imported = set(done.err.split())
    assert done.code == 0
    assert "core.certificates.verify" in imported
    heavy = {"aiogram", "flask", "sqlmodel", "sqlalchemy", "PIL", "zxingcpp", "segno", "bot.app"}
    assert not heavy & imported


def test_a_handful_of_published_vectors_come_out_right(vectors: Path, tmp_path: Path) -> None:
    expected = {
        "common__2DCode__raw__CO5": (1, "bad_signature"),
        "common__2DCode__raw__CO7": (1, "wrong_key_usage"),
        "common__2DCode__raw__CO15": (0, "valid"),
        "common__2DCode__raw__CO16": (1, "not_yet_valid"),
        "common__2DCode__raw__CO17": (1, "expired"),
        "common__2DCode__raw__CO22": (1, "unknown_issuer"),
        "common__2DCode__raw__CO28": (0, "valid"),
        "common__2DCode__raw__H1": (1, "malformed"),
        "ES__2DCode__raw__401": (0, "valid"),
        "ES__2DCode__raw__1001": (0, "valid"),
    }
    for name, (code, verdict) in expected.items():
        vector = json.loads((vectors / "eu-dcc" / f"{name}.json").read_text("utf-8"))
        context = vector["TESTCTX"]
        cert, text = tmp_path / "cert.der", tmp_path / "certificate.txt"
        cert.write_bytes(b64decode(context["CERTIFICATE"]))
        text.write_text(vector["PREFIX"], "utf-8")
        at = ("--at", context["VALIDATIONCLOCK"])
        done = ketqua("--cert", str(cert), *at, "--json", str(text))
        assert (done.code, done.json()["verdict"]) == (code, verdict), name


@pytest.mark.parametrize("odd", ["HC1:" + "A" * 300 + "/B", "HC1:A\u0001B", "x" * 5000])
def test_a_text_that_could_be_no_files_name_is_a_text(world: World, odd: str) -> None:
    done = ketqua("--json", "--cert", str(world.cert), odd)
    assert (done.code, json.loads(done.out)["verdict"]) == (1, "malformed")
