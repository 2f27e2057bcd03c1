"""Lists of others on the command line: taken under an anchor, and never an older one."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding

from bot.app import Installation
from bot.cli import doctor, key, revoke, trust, verify
from bot.opening import open_installation
from core.certificates.authority import CertifiedKey, create_csca, create_dsc, create_list_signer
from core.certificates.documents import DocumentType, write
from core.certificates.issue import as_text, issue
from core.certificates.revocations import signature_hash
from core.certificates.trust_lists import members
from core.certificates.uvci import new_uvci
from core.certificates.verify import VerdictWord
from tests.core.certificates.conftest import FACTS
from tests.journey.people import oru

NOW = datetime.now(UTC)
EARLIER = NOW - timedelta(days=2)


class Abroad:
    """Another issuer: its authority, its lists, and one of its certificates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.csca = create_csca("Anderes Land", not_before=EARLIER)
        self.dsc = create_dsc(self.csca, "Anderes Land", not_before=EARLIER)
        self.lists = create_list_signer(self.csca, "Anderes Land", not_before=EARLIER)
        self.uvci = new_uvci(bytes(range(10, 20)))
        facts, signer = FACTS, self.dsc.signer()
        self.issued = issue(facts, signer, uvci=self.uvci, issued_at=NOW - timedelta(hours=1))
        self.text = as_text(self.issued.cose)
        self.anchor = self.file("csca.pem", self.csca.certificate.public_bytes(Encoding.PEM))

    def file(self, name: str, data: bytes) -> str:
        path = self.folder / name
        path.write_bytes(data)
        return str(path)

    def list(self, version: int, signer: CertifiedKey | None = None, hours: int = 1) -> str:
        key, second = signer or self.lists, int(NOW.timestamp())
        head = {"version": version, "iat": second - 7200, "exp": second + hours * 3600, "iss": "X"}
        payload = {**head, **members([self.dsc.der], [])}
        text = write(DocumentType.TRUST_LIST, payload, key.signer(), key.der)
        return self.file(f"list-{version}.jws", text.encode())


@pytest.fixture
def abroad(tmp_path: Path) -> Abroad:
    return Abroad(tmp_path)


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KETQUA_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def run(command: click.Command, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def verdict(*arguments: str) -> str:
    done = run(verify.command, "--json", *arguments)
    assert done.exit_code in (0, 1), done.output
    return str(json.loads(done.stdout)["verdict"])


def test_a_list_under_its_anchor_is_trusted_and_an_older_one_refused_afterwards(
    abroad: Abroad,
) -> None:
    given = ("--trust-anchor", abroad.anchor, abroad.text)
    assert verdict(abroad.text) == VerdictWord.UNKNOWN_ISSUER
    assert verdict("--trust-list", abroad.list(7), *given) == VerdictWord.VALID
    assert verdict("--trust-list", abroad.list(7), *given) == VerdictWord.VALID
    refused = run(verify.command, "--trust-list", abroad.list(6), *given)
    assert (refused.exit_code, "version_rollback" in refused.stderr) == (2, True)
    assert verdict("--trust-list", abroad.list(8), *given) == VerdictWord.VALID


def test_without_an_anchor_only_our_own_authority_vouches(abroad: Abroad) -> None:
    here = open_installation()
    here.publishing.round()
    published = here.documents.latest(DocumentType.TRUST_LIST)
    assert published is not None
    ours = abroad.file("ours.jws", published.text.encode())
    assert verdict("--trust-list", ours, abroad.text) == VerdictWord.UNKNOWN_ISSUER
    theirs = run(verify.command, "--trust-list", abroad.list(7), abroad.text)
    assert (theirs.exit_code, "unknown_signer" in theirs.stderr) == (2, True)


@pytest.mark.parametrize(
    ("make", "code"),
    [(lambda a: a.list(7, a.dsc), "wrong_key_usage"), (lambda a: a.list(7, hours=-1), "expired"),
     (lambda a: a.file("x", b"{}"), "unreadable"), (lambda a: a.file("x", b"x\n[]"), "bad_sig"),
     (lambda a: "/nowhere", "/nowhere"), (lambda a: "http://127.0.0.1:9/x", "feed_unreachable")],
)  # fmt: skip
def test_a_list_that_nobody_vouches_for_ends_with_a_sentence(
    abroad: Abroad, make: object, code: str
) -> None:
    source = make(abroad)  # type: ignore[operator]
    done = run(verify.command, "--trust-list", source, "--trust-anchor", abroad.anchor, abroad.text)
    assert (done.exit_code, code in done.stderr, done.stdout) == (2, True, "")


def test_an_anchor_without_a_list_and_a_broken_anchor_are_refused(abroad: Abroad) -> None:
    assert run(verify.command, "--trust-anchor", abroad.anchor, abroad.text).exit_code == 2
    broken = abroad.file("broken.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n")
    done = run(
        verify.command, "--trust-list", abroad.list(7), "--trust-anchor", broken, abroad.text
    )
    assert (done.exit_code, "broken.pem" in done.stderr) == (2, True)


def test_a_seen_file_that_can_not_be_read_lets_no_older_list_in(
    abroad: Abroad, world: Path
) -> None:
    given = ("--trust-anchor", abroad.anchor, abroad.text)
    verdict("--trust-list", abroad.list(7), *given)
    (seen,) = world.rglob("lists-seen.json")
    seen.write_text("[")
    assert run(verify.command, "--trust-list", abroad.list(7), *given).exit_code == 2


def imported(source: str, abroad: Abroad) -> Result:
    return run(trust.command, "import", source, "--anchor", abroad.anchor)


def test_an_imported_list_counts_here_until_it_is_removed(abroad: Abroad) -> None:
    assert imported(abroad.list(7), abroad).exit_code == 0
    assert verdict(abroad.text) == VerdictWord.VALID
    (row,) = json.loads(run(trust.command, "list", "--json").stdout)
    assert (row["version"], row["certificates"]) == (7, 1)
    older = imported(abroad.list(6), abroad)
    assert (older.exit_code, "version_rollback" in older.stderr) == (2, True)
    assert run(trust.command, "remove", row["anchor"][:7]).exit_code == 1
    assert run(trust.command, "remove", row["anchor"][:8]).exit_code == 0
    assert verdict(abroad.text) == VerdictWord.UNKNOWN_ISSUER
    actions = [entry.action for entry in open_installation().audit.recent(2)]
    assert actions == ["trust_removed", "trust_imported"]


def test_an_eu_style_list_is_imported_as_far_as_its_anchor_certified(abroad: Abroad) -> None:
    stranger = create_dsc(create_csca("X", not_before=EARLIER), "X", not_before=EARLIER)
    entries = [
        {"kid": b64encode(key.kid).decode(), "rawData": b64encode(key.der).decode(),
         "certificateType": "DSC", "country": "XX"}
        for key in (abroad.dsc, stranger)
    ]  # fmt: skip
    source = abroad.file("gateway.json", json.dumps(entries).encode())
    done = imported(source, abroad)
    assert done.exit_code == 0
    assert "1" in done.stderr
    assert verdict(abroad.text) == VerdictWord.VALID


def test_a_foreign_certificate_falls_with_the_hash_that_its_issuer_sent(abroad: Abroad) -> None:
    imported(abroad.list(7), abroad)
    mark = signature_hash(abroad.issued.signature).hex()
    listed = abroad.file("revoked.txt", f"# of 3 May\n\n{mark}, lost card\n".encode())
    done = run(revoke.command, "--list", listed)
    assert done.exit_code == 0
    assert verdict(abroad.text) == VerdictWord.REVOKED
    (row,) = json.loads(run(revoke.command, "list", "--json").stdout)
    assert (row["named"], row["act"]["reason"], row["target"]) == (mark, "lost card", "hash")


@pytest.fixture
def here(world: Path) -> Installation:
    made = open_installation()
    made.intake.receive(oru("L-1", "+84909000001"), made.facility("BVNDGD"), source="x")
    return made


@pytest.mark.parametrize("by", ["accession", "uvci", "result_id", "file"])
def test_one_of_ours_is_revoked_by_any_of_its_names(
    here: Installation, tmp_path: Path, by: str
) -> None:
    (item,) = here.find_results("L-1")
    names = {"accession": "L-1", "uvci": item.uvci or "", "result_id": item.result_id}
    if by == "file":
        (tmp_path / "list.txt").write_text(f"{item.uvci}\tmixed up\n")
        done = run(revoke.command, "--list", str(tmp_path / "list.txt"))
    else:
        done = run(revoke.command, names[by], "--reason", "mixed up")
    assert done.exit_code == 0, done.output
    assert here.standing(item.uvci or "") == "revoked"
    again = run(revoke.command, item.uvci or "", "--reason", "mixed up")
    assert again.exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [(), ("L-1",), ("L-1", "--reason", " "), ("L-1", "--kid", "00", "--reason", "x"),
     ("--kid", "xyz", "--reason", "x"), ("--list", "/nowhere", "--reason", "x")],
)  # fmt: skip
def test_what_is_not_said_clearly_revokes_nothing(
    here: Installation, arguments: tuple[str, ...]
) -> None:
    assert run(revoke.command, *arguments).exit_code == 2
    assert here.revocations.recent(9) == []


def test_a_line_without_a_reason_stops_the_whole_list(here: Installation, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("URN:UVCI:01:XX:1 lost\nURN:UVCI:01:XX:2\n")
    done = run(revoke.command, "--list", str(tmp_path / "list.txt"))
    assert (done.exit_code, "2" in done.stderr) == (2, True)
    assert here.revocations.recent(9) == []


@pytest.mark.parametrize("by", ["reference", "file"])
def test_a_result_that_still_waits_for_its_certificate_is_revoked(
    here: Installation, tmp_path: Path, by: str
) -> None:
    unable = Installation(replace(here.settings, key_passphrase="another"))
    unable.intake.receive(oru("L-2", "+84909000002"), unable.facility("BVNDGD"), source="x")
    (tmp_path / "list.txt").write_text("L-2\n")
    named = {"reference": ("L-2",), "file": ("--list", str(tmp_path / "list.txt"))}[by]
    assert run(revoke.command, *named, "--reason", "mixed up").exit_code == 0
    assert here.reissuing.round(10) == 0
    (item,) = here.find_results("L-2")
    assert item.uvci is None
    assert run(revoke.command, "L-2", "--reason", "mixed up").exit_code == 1


@pytest.mark.parametrize("by", ["accession", "code", "result_id"])
def test_a_file_may_name_one_of_ours_by_any_of_its_names(
    here: Installation, tmp_path: Path, by: str
) -> None:
    (item,) = here.find_results("L-1")
    names = {"accession": "l-1", "code": item.short_code, "result_id": item.result_id}
    (tmp_path / "list.txt").write_text(f"# ours\n  # and more\n{names[by]}; mixed up\n")
    done = run(revoke.command, "--list", str(tmp_path / "list.txt"))
    assert done.exit_code == 0, done.output
    assert here.standing(item.uvci or "") == "revoked"
    (kept,) = here.revocations.recent(9)
    assert (kept.named, kept.act.reason) == (item.uvci, "mixed up")


@pytest.mark.parametrize(
    "named",
    ["L-9", "KQ-2222-2222", "ab" * 32, "q83vEjRWeJCrze8SNFZ4kA==", "urn:uvci:01:xx:1", "ab" * 15,
     new_uvci(bytes(10))[:-1] + "A", "URN:UVCI:", "several"],
)  # fmt: skip
def test_a_line_that_names_nothing_or_several_stops_the_whole_list(
    here: Installation, tmp_path: Path, named: str
) -> None:
    for code in ("BVNDGD", "BVTD"):
        here.intake.receive(oru("SEVERAL", "+84909000002"), here.facility(code), source="x")
    (item,) = here.find_results("L-1")
    (tmp_path / "list.txt").write_text(f"{item.uvci}\nURN:UVCI:01:XX:1\n{named}\n")
    done = run(revoke.command, "--list", str(tmp_path / "list.txt"), "--reason", "mixed up")
    assert (done.exit_code, " 3 " in done.stderr) == (2, True), done.output
    assert here.revocations.recent(9) == []
    assert here.standing(item.uvci or "") == "good"


def test_a_facility_tells_apart_what_lines_of_a_file_name(
    here: Installation, tmp_path: Path
) -> None:
    for code in ("BVNDGD", "BVTD"):
        here.intake.receive(oru("SEVERAL", "+84909000002"), here.facility(code), source="x")
    (tmp_path / "list.txt").write_text("SEVERAL\n")
    at = ("--facility", "bvtd", "--reason", "mixed up")
    assert run(revoke.command, "--list", str(tmp_path / "list.txt"), *at).exit_code == 0
    (kept,) = here.revocations.recent(9)
    assert kept.facility == "BVTD"


def test_a_signer_is_revoked_once(here: Installation) -> None:
    kid = here.trust.__iter__().__next__().kid.hex()
    assert run(revoke.command, "--kid", kid, "--reason", "copied").exit_code == 0
    assert run(revoke.command, "--kid", kid.upper(), "--reason", "copied").exit_code == 1
    assert run(revoke.command, "NOTHING", "--reason", "x").exit_code == 1


def test_a_revoked_signer_of_ours_signs_nothing_more_and_a_new_one_may_sign_at_once(
    here: Installation,
) -> None:
    kid = here.keys.current(here.clock()).kid.hex()
    done = run(revoke.command, "--kid", kid.upper(), "--reason", "copied")
    assert (done.exit_code, "rotate --role dsc --from now" in done.stderr) == (0, True)
    here.intake.receive(oru("L-2", "+84909000001"), here.facility("BVNDGD"), source="x")
    assert [each.uvci for each in here.find_results("L-2")] == [None]
    assert [each.action for each in here.audit.recent(2)] == ["signer_revoked", "key_retired"]
    assert run(key.command, "rotate").exit_code == 0  # nothing signs, so it starts now
    assert here.reissuing.round(9) == 1
    (item,) = here.find_results("L-2")
    assert item.certificate is not None
    assert verdict(as_text(item.certificate)) == VerdictWord.VALID


def test_a_signer_that_was_retired_before_and_one_of_others_are_revoked_all_the_same(
    here: Installation,
) -> None:
    kid = here.keys.current(here.clock()).kid.hex()
    here.key_desk.retire(kid)
    for each, ours in ((kid, True), ("ab" * 8, False)):
        done = run(revoke.command, "--kid", each, "--reason", "copied")
        assert (done.exit_code, "key rotate" in done.stderr) == (0, ours)
    assert here.revocations.revoked_kids() == {bytes.fromhex(kid), b"\xab" * 8}


def test_one_damaged_old_certificate_stops_nothing_and_the_doctor_names_it(
    here: Installation,
) -> None:
    (item,) = here.find_results("L-1")
    path = here.settings.keys_folder / "dsc-0011223344556677.crt"
    path.write_bytes(b"-----BEGIN CERTIFICATE-----")
    assert item.certificate is not None
    assert verdict(as_text(item.certificate)) == VerdictWord.VALID
    here.intake.receive(oru("L-2", "+84909000001"), here.facility("BVNDGD"), source="x")
    assert here.find_results("L-2")[0].uvci
    here.publishing.round()
    assert here.documents.latest(DocumentType.TRUST_LIST)
    found = json.loads(run(doctor.command, "--json").stdout)
    assert [name for name, each in found.items() if not each["ok"]] == ["keys"]
    assert str(path) in found["keys"]["message"]
    listed = run(key.command, "list")
    assert (listed.exit_code, path.name in listed.stderr) == (0, True)


def test_the_doctor_misses_the_signer_of_lists(here: Installation) -> None:
    for path in here.settings.keys_folder.glob("list-*"):
        path.unlink()
    (here.settings.keys_folder / "csca.key").unlink()
    found = json.loads(run(doctor.command, "--json").stdout)
    assert "no_signing_key" in found["lists"]["message"]
    assert found["signing"]["ok"]
