"""``python -m tests.bench``: every hot path against a floor measured in the same run."""

from __future__ import annotations

import tests.bench.intake
import tests.bench.pages

if __name__ == "__main__":
    tests.bench.intake.run()
    tests.bench.pages.run()
