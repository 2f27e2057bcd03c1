"""``ketqua slip`` as a process: what it prints, refuses and records."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bot.cli.test_commands import ketqua, written
from tests.core.paper.reading import pages
from tests.journey.people import oru

DENGUE = {"test": "75377-2^Dengue NS1^LN", "value": "260373001^Detected^SCT"}
HIV = {"test": "75622-1^HIV 1+2 Ag+Ab^LN", "value": "260415000^Not detected^SCT"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    for accession, more in {"S-1": {}, "S-2": {}, "S-3": DENGUE, "S-4": HIV}.items():
        file = written(folder, f"{accession}.hl7", oru(accession, "+84909000001", **more))
        done = ketqua(folder, "ingest", "--facility", "BVNDGD", file)
        assert done.returncode == 0, done.stderr
    return folder


def test_a_slip_is_written_and_its_code_is_valid(world: Path, tmp_path: Path) -> None:
    target = tmp_path / "slip.pdf"
    done = ketqua(world, "slip", "s-1", "--facility", "BVNDGD", "-o", target)
    assert done.returncode == 0, done.stderr
    (page,) = pages(target.read_bytes())
    assert "DEMO Sở Y tế" in page.text
    ((text, _),) = page.codes()
    assert ketqua(world, "verify", text).returncode == 0
    assert "slip_printed" in ketqua(world, "audit").stdout


def test_cards_come_one_a_page_or_on_one_sheet(world: Path, tmp_path: Path) -> None:
    for form, expected in (("--card", 2), ("--sheet", 1)):
        target = tmp_path / "cards.pdf"
        assert ketqua(world, "slip", "S-1", "S-2", form, "-o", target).returncode == 0
        assert len(pages(target.read_bytes())) == expected


def test_class_b_only_when_asked_and_class_d_never(world: Path, tmp_path: Path) -> None:
    target = tmp_path / "b.pdf"
    refused = ketqua(world, "slip", "S-3", "-o", target)
    assert (refused.returncode, target.exists()) == (1, False)
    assert "--asked" in refused.stderr
    assert ketqua(world, "slip", "S-3", "--asked", "-o", target).returncode == 0
    never = ketqua(world, "slip", "S-4", "--asked", "-o", tmp_path / "d.pdf")
    missing = ketqua(world, "slip", "S-0", "--asked", "-o", tmp_path / "d.pdf")
    assert (never.returncode, never.stderr) == (1, missing.stderr.replace("S-0", "S-4"))


def test_one_wish_is_for_one_result(world: Path, tmp_path: Path) -> None:
    target = tmp_path / "two.pdf"
    several = ketqua(world, "slip", "S-1", "S-3", "--asked", "-o", target)
    assert several.returncode == 0
    assert len(pages(target.read_bytes())) == 1
    assert "result id" in several.stderr
    with_a_sensitive_one = ketqua(world, "slip", "S-3", "S-4", "--asked", "-o", target)
    assert with_a_sensitive_one.returncode == 0


def test_the_code_of_class_b_is_drawn_only_when_asked_for(world: Path) -> None:
    refused = ketqua(world, "qr", "S-3", "--format", "text")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--asked" in refused.stderr
    assert ketqua(world, "qr", "S-3", "--asked", "--format", "text").stdout.startswith("HC1:")
    never, missing = ketqua(world, "qr", "S-4", "--asked"), ketqua(world, "qr", "S-0", "--asked")
    assert (never.returncode, never.stderr) == (1, missing.stderr.replace("S-0", "S-4"))


def test_what_was_replaced_is_not_printed_by_its_old_identifier(
    world: Path, tmp_path: Path
) -> None:
    first = written(world, "S-5.hl7", oru("S-5", "+84909000001"))
    ketqua(world, "ingest", "--facility", "BVNDGD", first)
    target = tmp_path / "s5.pdf"
    ketqua(world, "slip", "S-5", "-o", target)
    text = " ".join(pages(target.read_bytes())[0].text.split())
    uvci = next(word for word in text.split() if word.startswith("URN:UVCI:"))
    second = written(world, "S-5b.hl7", oru("S-5", "+84909000001", born="19900306", status="C"))
    ketqua(world, "ingest", "--facility", "BVNDGD", second)
    done = ketqua(world, "slip", uvci, "-o", tmp_path / "old.pdf")
    assert done.returncode == 1
    assert "print the new version" in done.stderr


def test_an_unknown_reference_is_exit_code_one(world: Path, tmp_path: Path) -> None:
    done = ketqua(world, "slip", "NOWHERE", "-o", tmp_path / "x.pdf")
    assert done.returncode == 1
    assert "NOWHERE" in done.stderr
