"""What a citizen's page with its QR costs, from the POST to the bytes of the answer.

Floor: the same number of look-ups (three) by index in a held SQLite connection, and a QR drawn
as PNG by the library alone.
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from flask.testing import FlaskClient

from bot.app import Installation
from bot.opening import prepare
from bot.service import Service
from bot.settings import Settings
from core.certificates.issue import as_text
from core.certificates.picture import screen_png
from sms.gateways.log import SimulatedGateway
from tests.bench.measure import in_turn, show
from tests.journey.people import oru

ROUNDS = 9
EACH = 20
_HOST = {"Host": "127.0.0.1"}
_TICKET = re.compile(r'name="ticket" value="([^"]+)"')


def run() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Settings(data_dir=Path(folder)).as_demo())
        prepare(installation)
        text = _text_of_a_certificate(installation)
        ways = {
            "floor: three look-ups and the QR as PNG": _floor(Path(folder), text),
            "ours: the result page with its QR": _ours(installation),
        }
        costs = in_turn(ways, rounds=ROUNDS)
    show("The result page, warm, one process", costs, floor=next(iter(ways)))


def _text_of_a_certificate(installation: Installation) -> str:
    facility = installation.facility("BVNDGD")
    installation.intake.receive(oru("BENCH", "+84909000001"), facility, source="bench")
    (item,) = installation.find_results("BENCH", None)
    assert item.certificate is not None
    return as_text(item.certificate)


def _floor(folder: Path, text: str) -> Callable[[], int]:
    database = sqlite3.connect(folder / "demo" / "ketqua.db")

    def draw() -> int:
        for _ in range(EACH):
            for accession in ("BENCH", "x", "y"):
                database.execute(
                    "SELECT sealed FROM result WHERE accession = ?", (accession,)
                ).fetchall()
            screen_png(text, max_px=240)
        return EACH

    return draw


def _ours(installation: Installation) -> Callable[[], int]:
    """Each page carries the ticket of the next: showing the result again is a page of its own."""
    client = Service(installation).pages().test_client()
    page = _walk_to_the_result(installation, client)

    def show_again() -> int:
        nonlocal page
        for _ in range(EACH):
            page = _step(client, page, do="show")
            assert "data:image/png" in page
        return EACH

    return show_again


def _walk_to_the_result(installation: Installation, client: FlaskClient) -> str:
    heard: list[str] = []
    room = installation.postroom(SimulatedGateway(lambda **message: heard.append(message["text"])))
    page = client.post("/", data={"phone": "0909000001"}, headers=_HOST).text
    while room.send_due():
        pass
    (otp,) = re.findall(r"OTP: (\d{6})", "\n".join(heard))
    page = _step(client, page, do="code", code=otp)
    return _step(client, page, do="prove", proof="05/03/1990")


def _step(client: FlaskClient, page: str, **fields: str) -> str:
    ticket = _TICKET.findall(page)[0]
    return client.post("/open", data={"ticket": ticket, **fields}, headers=_HOST).text
