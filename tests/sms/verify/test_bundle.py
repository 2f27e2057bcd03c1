"""The committed bundle is what the sources and the lock make, and its packages may be shipped."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.services import NODE, NPM, REPOSITORY, require

ENGINE = REPOSITORY / "sms/verify/engine"
COMMITTED = REPOSITORY / "sms/static/verify"
MADE_BY_HAND = {"verify.css", "icon-192.png", "icon-512.png"}
LARGEST = 600 * 1024
LICENCES = {"MIT", "Apache-2.0", "(MIT AND Zlib)"}


@pytest.fixture(scope="module")
def node() -> Path:
    """Node.js, with the packages of the lock installed the first time."""
    node, npm = require(NODE), require(NPM)
    installed, lock = ENGINE / "node_modules/.package-lock.json", ENGINE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run([npm, "ci"], cwd=ENGINE, check=True, capture_output=True, timeout=600)
    return node


def test_the_bundle_is_what_the_sources_and_the_lock_make(node: Path, tmp_path: Path) -> None:
    subprocess.run([node, "build.mjs", tmp_path], cwd=ENGINE, check=True, timeout=120)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    there = {path.name: path.read_bytes() for path in COMMITTED.iterdir()}
    assert made.keys() == there.keys() - MADE_BY_HAND
    for name, data in made.items():
        assert there[name] == data, f"{name} is not what `make bundle` makes"


def test_the_sources_have_the_types_that_they_say(node: Path) -> None:
    checked = [str(node), "node_modules/typescript/bin/tsc", "-p", "."]
    done = subprocess.run(checked, cwd=ENGINE, check=False, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stdout.decode()


def test_the_lock_has_hashes_and_no_address() -> None:
    lock = (ENGINE / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in lock
    packages = json.loads(lock)["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)
    wanted = json.loads((ENGINE / "package.json").read_text("utf-8"))
    ranges = [*wanted["dependencies"].values(), *wanted["devDependencies"].values()]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", each) for each in ranges)


def test_the_licence_of_every_bundled_package_is_told() -> None:
    told = (COMMITTED / "licences.txt").read_text("utf-8")
    packages = json.loads((ENGINE / "package.json").read_text("utf-8"))["dependencies"]
    for name, version in packages.items():
        found = re.search(rf"^{re.escape(name)} {re.escape(version)}, (.+)$", told, re.MULTILINE)
        assert found, name
        assert found[1] in LICENCES


def test_the_whole_download_stays_small() -> None:
    files = [path.read_bytes() for path in COMMITTED.iterdir() if path.name != "licences.txt"]
    sizes = [len(data) if data[:2] == b"\x1f\x8b" else len(gzip.compress(data)) for data in files]
    assert sum(sizes) < LARGEST


def test_the_bundle_names_no_other_server_that_it_would_ask() -> None:
    """zxing-wasm knows an address for its WebAssembly; ours is always handed over."""
    scripts = "".join(path.read_text("utf-8") for path in COMMITTED.glob("*.js"))
    assert set(re.findall(r"https?://([a-z0-9.-]+)", scripts)) <= {"fastly.jsdelivr.net"}
    assert "wasmBinary" in scripts
