"""Hold the message catalogues together: ``python -m tests.check_catalogues``.

Every language has every key, with the same placeholders and a text; every key that code names
exists; every key that exists is named by code.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "core" / "messages" / "catalogues"
ROOMS = ("bot", "core", "labs", "sms")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_KEY = re.compile(r"""["'](?P<key>[a-z_]+(?:\.[a-z_0-9]+)+)["']""")
_PREFIX = re.compile(
    r"""["'](?P<prefix>[a-z_]+(?:\.[a-z_]+)*[._])["'{]|["'](?P<open>[a-z_.]+[._])\{"""
)


def main() -> int:
    """Print what is wrong; the exit code is 1 if anything is."""
    languages = {path.stem: _messages(path) for path in sorted(FOLDER.glob("*.po"))}
    problems = [*_compare(languages), *_against_code(set(languages["vi"]))]
    for problem in problems:
        print(problem)  # noqa: T201
    print(f"{len(languages)} languages, {len(languages['vi'])} messages, {len(problems)} problems")  # noqa: T201
    return 1 if problems else 0


def _messages(path: Path) -> dict[str, tuple[str, ...]]:
    with path.open("rb") as file:
        catalogue = read_po(file)
    found = {}
    for message in catalogue:
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            text = message.string or ""
            found[key] = (text,) if isinstance(text, str) else tuple(text)
    return found


def _compare(languages: dict[str, dict[str, tuple[str, ...]]]) -> list[str]:
    problems = []
    for language, messages in languages.items():
        for key in languages["vi"].keys() | messages.keys():
            ours, theirs = languages["vi"].get(key), messages.get(key)
            if ours is None or theirs is None:
                problems.append(f"{language}: {key} is in one language only")
            elif not all(theirs):
                problems.append(f"{language}: {key} has no text")
            elif _fields(ours) != _fields(theirs):
                problems.append(f"{language}: {key} has other placeholders than vi")
    return problems


def _fields(texts: tuple[str, ...]) -> set[str]:
    return {field for text in texts for field in _PLACEHOLDER.findall(text)}


def _against_code(keys: set[str]) -> list[str]:
    domains = {key.split(".", 1)[0] for key in keys}
    named: set[str] = set()
    prefixes: set[str] = set()
    for path in _sources():
        text = path.read_text(encoding="utf-8")
        named |= {m["key"] for m in _KEY.finditer(text) if m["key"].split(".", 1)[0] in domains}
        prefixes |= {m["prefix"] or m["open"] for m in _PREFIX.finditer(text)}
    prefixes = {prefix for prefix in prefixes if prefix.split(".", 1)[0] in domains}
    missing = {key for key in named if not any(_answers(key, each) for each in keys)}
    unused = {
        key
        for key in keys
        if not key.startswith(tuple(prefixes)) and not any(_answers(each, key) for each in named)
    }
    return [f"{key} is named in code and has no text" for key in sorted(missing)] + [
        f"{key} has a text and is named nowhere" for key in sorted(unused)
    ]


def _answers(named: str, key: str) -> bool:
    """Code names a key, or what a title and a text have in common."""
    return key in (named, f"{named}.title", f"{named}.text")


def _sources() -> list[Path]:
    return [
        path
        for room in ROOMS
        for ending in ("py", "html", "js")
        for path in (ROOT / room).rglob(f"*.{ending}")
        if "node_modules" not in path.parts
    ]


if __name__ == "__main__":
    sys.exit(main())
