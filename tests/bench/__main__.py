"""``python -m tests.bench``: every hot path against a floor measured in the same run."""

from __future__ import annotations

from tests.bench import intake, pages

if __name__ == "__main__":
    intake.run()
    pages.run()
