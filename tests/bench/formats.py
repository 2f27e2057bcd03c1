"""HL7 v2 and FHIR end to end into the store, against reading them alone with known libraries.

Ours reads, judges, signs, encrypts and stores; theirs (python-hl7, fhir.resources) only
parse the same items. One process; goal of the product: faster than they are.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import hl7
from fhir.resources.R4B.bundle import Bundle

from bot.app import Installation
from bot.opening import prepare
from bot.settings import Settings
from tests.bench.measure import in_turn, show
from tests.bench.messages import bundles, messages

AMOUNT = 500
ROUNDS = 5
Make = Callable[[int], list[bytes]]
_THEIRS = {
    "hl7v2": "floor: python-hl7 parse alone",
    "fhir": "floor: fhir.resources parse alone",
}


def run() -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Settings(data_dir=Path(folder)).as_demo())
        prepare(installation)
        _compare(installation, "hl7v2", messages, _python_hl7)
        _compare(installation, "fhir", bundles, _fhir_resources)


def _compare(
    installation: Installation, kind: str, make: Make, theirs: Callable[[bytes], None]
) -> None:
    ours, floor = f"ours: {kind} into the store", _THEIRS[kind]
    ways = {floor: _each(make, theirs), ours: _end_to_end(installation, kind, make)}
    costs = in_turn(ways, rounds=ROUNDS)
    show(f"One result as {kind}, {AMOUNT} a file", costs, floor=floor)
    a_second = (1e6 / costs[name].cpu for name in (ours, floor))
    print("  items per second on one core: {:,.0f} against {:,.0f}".format(*a_second))


def _each(make: Make, read: Callable[[bytes], None]) -> Callable[[], int]:
    files = [make(AMOUNT) for _ in range(ROUNDS + 1)]

    def parse() -> int:
        for item in files.pop():
            read(item)
        return AMOUNT

    return parse


def _python_hl7(message: bytes) -> None:
    hl7.parse(message.decode())


def _fhir_resources(bundle: bytes) -> None:
    Bundle.model_validate_json(bundle)


def _end_to_end(installation: Installation, kind: str, make: Make) -> Callable[[], int]:
    facility = installation.facility("BVNDGD")
    files = [b"".join(make(AMOUNT)) for _ in range(ROUNDS + 1)]

    def receive() -> int:
        report = installation.intake.receive(files.pop(), facility, source="bench", format=kind)
        if report.counts()["accepted"] != AMOUNT:
            raise RuntimeError(report.counts())
        return AMOUNT

    return receive
