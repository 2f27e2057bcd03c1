from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["bot", "bot.app"])
def test_importing_what_wires_the_house_does_not_import_aiogram(module: str) -> None:
    look = f"import sys, {module}; sys.exit('aiogram' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0
