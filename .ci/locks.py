"""Hold the two locks against pyproject.toml and against each other.

Every direct dependency is pinned within its range, every pin has a hash, no line carries an
address, and the development lock pins the same versions as the one that is shipped.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)")
ADDRESS = re.compile(r"://|file:/|^-| @ ")


def pins(text: str) -> dict[str, str]:
    """Read the pinned versions of a lock by normalised name."""
    matches = (PIN.match(line) for line in text.splitlines())
    return {canonicalize_name(match[1]): match[2] for match in matches if match}


def faults_of_lines(name: str, text: str) -> list[str]:
    """Find lines with an address, and pins without a hash."""
    blocks = re.split(r"\n(?=\S)", text)
    bare = [block.split()[0] for block in blocks if PIN.match(block) and "--hash=" not in block]
    lines = [line for line in text.splitlines() if ADDRESS.search(line)]
    return [f"{name}: no hash: {pin}" for pin in bare] + [f"{name}: address: {x}" for x in lines]


def faults_of_ranges(name: str, wanted: list[str], pinned: dict[str, str]) -> list[str]:
    """Find requirements of pyproject.toml that a lock misses or contradicts."""
    requirements = [Requirement(line) for line in wanted]
    return [
        f"{name}: {requirement} has {pinned.get(canonicalize_name(requirement.name), 'no pin')}"
        for requirement in requirements
        if not requirement.specifier.contains(
            pinned.get(canonicalize_name(requirement.name), "0.dev0"), prereleases=True
        )
        or canonicalize_name(requirement.name) not in pinned
    ]


def faults(root: Path) -> list[str]:
    """List everything that is wrong with the locks under ``root``."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    wanted = project["project"]["dependencies"]
    tools = project["project"]["optional-dependencies"]["dev"]
    text = {
        name: (root / name).read_text("utf-8")
        for name in ("requirements.lock", "requirements-dev.lock")
    }
    shipped, developed = (pins(lock) for lock in text.values())
    return [
        *(fault for name, lock in text.items() for fault in faults_of_lines(name, lock)),
        *faults_of_ranges("requirements.lock", wanted, shipped),
        *faults_of_ranges("requirements-dev.lock", wanted + tools, developed),
        *(
            f"requirements-dev.lock: {name} {developed.get(name)}, shipped {version}"
            for name, version in shipped.items()
            if developed.get(name) != version
        ),
    ]


def main() -> int:
    """Print the faults: 1 if there is one; how to mend them is the last line."""
    found = faults(Path(__file__).parent.parent)
    for fault in found:
        print(fault)
    if found:
        print("locks: run `make lock`")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
