"""From the laboratory to the QR in the chat, through a real process."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from tests.journey.demo import Demo, running_demo, until
from tests.journey.people import oru

PHONE = "+84909123456"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Give one running demo to this module."""
    with running_demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


def ingest(demo: Demo, name: str, data: bytes) -> dict[str, object]:
    file = demo.data_dir / name
    file.write_bytes(data)
    done = demo.ketqua("ingest", "--facility", "BVNDGD", "--json", file)
    report: dict[str, object] = json.loads(done.stdout)
    return report


def scan(picture: bytes, folder: Path) -> str:
    file = folder / "qr.png"
    file.write_bytes(picture)
    with Image.open(file) as image:
        return zxingcpp.read_barcodes(image)[0].text


def test_what_another_process_stored_is_sent_and_becomes_a_qr_in_the_chat(
    demo: Demo, tmp_path: Path
) -> None:
    report = ingest(demo, "binh.hl7", oru("CHAT-1", PHONE))
    assert report["accepted"] == 1
    assert "/k/" in demo.link(PHONE)

    demo.chat("binh", text="/start")
    demo.chat("binh", button="Thông tin của tôi")
    demo.chat("binh", button="Mã QR của tôi")
    demo.chat("binh", text="0909 123 456")
    demo.chat("binh", text=demo.otp(PHONE))
    replies = demo.chat("binh", text="5/3/1990")
    photo = next(reply["photo"] for reply in replies if "photo" in reply)

    text = scan(demo.get(photo.removeprefix(demo.url)), tmp_path)
    checked = demo.ketqua("verify", "--json", text)
    verdict = json.loads(checked.stdout)
    assert (verdict["verdict"], checked.returncode) == ("valid", 0)
    assert verdict["claims"]["given_name"] == "Văn Bình"


def test_a_correction_kills_the_old_qr_and_tells_the_holder(demo: Demo) -> None:
    phone = "+84909123457"
    ingest(demo, "old.hl7", oru("CHAT-2", phone))
    old = demo.ketqua("qr", "CHAT-2", "--format", "text").stdout.decode().strip()
    assert json.loads(demo.ketqua("verify", "--json", old).stdout)["verdict"] == "valid"

    positive = "260373001^Detected^SCT"
    report = ingest(demo, "new.hl7", oru("CHAT-2", phone, value=positive, status="C"))
    assert report["corrected"] == 1
    assert json.loads(demo.ketqua("verify", "--json", old).stdout)["verdict"] == "corrected"
    assert until(lambda: [text for text in demo.outbox(phone) if "dinh chinh" in text])

    new = demo.ketqua("qr", "CHAT-2", "--format", "text").stdout.decode().strip()
    by_rule = demo.ketqua("verify", "--json", "--place", "DEFAULT", new)
    assert json.loads(by_rule.stdout)["verdict"] == "rule_not_met"


def test_a_number_with_hiv_alone_is_answered_like_one_that_nobody_recorded(demo: Demo) -> None:
    said = []
    for user, phone in (("an", "+84909123458"), ("binh", "+84909123459")):
        if user == "an":
            report = ingest(demo, "hiv.hl7", oru("CHAT-3", phone, test="75622-1^HIV^LN"))
            assert report["accepted"] == 1
        demo.chat(user, text="/start")
        demo.chat(user, button="Thông tin của tôi")
        demo.chat(user, button="Kết quả của tôi")
        replies = demo.chat(user, text=phone)
        said.append(json.dumps(replies).replace(phone[-3:], "…"))
        assert demo.outbox(phone) == []
    assert said[0] == said[1]
