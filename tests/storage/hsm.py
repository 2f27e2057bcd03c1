"""A token of our own: SoftHSM in a folder, which can be taken away and put back."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.services import SOFTHSM, require

PIN = "482913"
LABEL = "ketqua-test"
_LIBRARIES = ("usr/lib/softhsm/libsofthsm2.so", "usr/lib/*/softhsm/libsofthsm2.so")


@dataclass(frozen=True, slots=True)
class Token:
    """One token and how to reach it."""

    module: str
    settings: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What SoftHSM reads."""
        return {"SOFTHSM2_CONF": str(self.settings)}

    def take_away(self) -> None:
        """Unplug it."""
        self.folder.rename(self.folder.with_name("away"))
        self.folder.mkdir()

    def put_back(self) -> None:
        """Plug it in again."""
        self.folder.rmdir()
        self.folder.with_name("away").rename(self.folder)


def make_token(folder: Path) -> Token:
    """Make an initialised token below ``folder``."""
    program = require(SOFTHSM)
    tokens, settings = folder / "tokens", folder / "softhsm2.conf"
    tokens.mkdir()
    settings.write_text(
        f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    token = Token(_library(), settings, tokens)
    options = ["--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "71829304"]
    subprocess.run(
        [program, *options], env=token.environment, check=True, stdout=subprocess.DEVNULL
    )
    return token


def _library() -> str:
    found = [path for pattern in _LIBRARIES for path in Path("/").glob(pattern)]
    assert found, "softhsm2 was installed without its library"
    return str(found[0])
