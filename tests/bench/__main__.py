"""``python -m tests.bench [NAME …]``: hot paths against floors measured in the same run."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import tests.bench.certificates
import tests.bench.formats
import tests.bench.intake
import tests.bench.pages
import tests.bench.polling
import tests.bench.reading
import tests.bench.revocations
import tests.bench.surge

BENCHMARKS: dict[str, Callable[[], None]] = {
    "intake": tests.bench.intake.run,
    "formats": tests.bench.formats.run,
    "certificates": tests.bench.certificates.run,
    "surge": tests.bench.surge.run,
    "polling": tests.bench.polling.run,
    "pages": tests.bench.pages.run,
    "revocations": tests.bench.revocations.run,
    "reading": tests.bench.reading.run,
}


def main() -> None:
    """Run the benchmarks that were named, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - BENCHMARKS.keys():
        parser.error(
            f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}"
        )
    for name in names:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
