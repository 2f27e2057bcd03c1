"""``kill -9`` of the whole service while results come in: none is lost, none is doubled."""

import json
import random
import sqlite3
import time
from collections import Counter
from pathlib import Path

from tests.journey.demo import Demo, running_demo, until
from tests.journey.people import oru
from tests.services import count

FILES = 12
DRAW = random.Random(11)


def drop(demo: Demo, round_: int) -> dict[str, bytes]:
    """Put files into the watched folder, as a laboratory does: written aside, then renamed."""
    folder = demo.data_dir / "demo" / "incoming" / "BVNDGD"
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        f"K-{round_}-{n}": oru(f"K-{round_}-{n}", f"+84909{round_:03d}{n:03d}")
        for n in range(FILES)
    }
    for name, data in files.items():
        (folder / f".{name}").write_bytes(data)
        (folder / f".{name}").rename(folder / f"{name}.hl7")
    return files


def waiting(demo: Demo) -> list[Path]:
    folder = demo.data_dir / "demo" / "incoming" / "BVNDGD"
    return [path for path in folder.glob("K-*.hl7") if path.is_file()]


def states(demo: Demo, accession: str) -> Counter[str]:
    database = sqlite3.connect(demo.data_dir / "demo" / "ketqua.db")
    rows = database.execute(
        "SELECT delivery.state FROM delivery JOIN result ON delivery.result_id = result.id"
        " WHERE result.accession = ?",
        (accession,),
    )
    return Counter(state for (state,) in rows)


def test_a_killed_service_goes_on_where_it_was(tmp_path: Path) -> None:
    for round_ in range(count(2, 30)):
        with running_demo(tmp_path) as demo:
            files = drop(demo, round_)
            time.sleep(DRAW.uniform(0.5, 3.0))
            demo.kill()
        with running_demo(tmp_path) as demo:
            until(lambda demo=demo: not waiting(demo))  # type: ignore[misc]
            until(
                lambda demo=demo, files=files: all(  # type: ignore[misc]
                    states(demo, name) == {"sent": 1} for name in files
                )
            )
            again = tmp_path / "again.hl7"
            again.write_bytes(b"".join(files.values()))
            done = demo.ketqua("ingest", "--facility", "BVNDGD", "--json", again)
            assert json.loads(done.stdout)["duplicate"] == FILES
