"""Ask the package index whether a locked version has a known vulnerability.

A finding fails. A service that can't be reached, or that answers without knowing a single
package (a mirror without advisories), is said in one line and passes: it's no news about us.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

UNREACHABLE = ("ConnectionError", "ServiceError", "Timeout", "Max retries", "Could not connect")


def ask(lock: str) -> tuple[list[dict[str, Any]] | None, str]:
    """Run pip-audit over ``lock``: its dependencies, or None and what it complained about."""
    tool = Path(sys.executable).parent / "pip-audit"
    options = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "-f", "json"]
    run = subprocess.run([tool, *options, "-r", lock], capture_output=True, text=True, check=False)
    try:
        return json.loads(run.stdout)["dependencies"], run.stderr
    except (ValueError, KeyError):
        return None, run.stderr


def judge(dependencies: list[dict[str, Any]]) -> int:
    """Print the findings: 1 if there is one."""
    unknown = [entry["name"] for entry in dependencies if "skip_reason" in entry]
    found = [entry for entry in dependencies if entry.get("vulns")]
    for entry in found:
        ids = ", ".join(vulnerability["id"] for vulnerability in entry["vulns"])
        print(f"audit: {entry['name']} {entry['version']}: {ids}")
    if len(unknown) == len(dependencies):
        print(f"not audited: the service knows none of the {len(unknown)} locked packages")
    elif unknown:
        print(f"not audited: {', '.join(unknown)}")
    print(f"audit: {len(dependencies) - len(unknown)} packages audited, {len(found)} with findings")
    return 1 if found else 0


def main(lock: str) -> int:
    """Audit one lock file: 0 clean or not audited, 1 found or broken."""
    dependencies, complaint = ask(lock)
    if dependencies:
        return judge(dependencies)
    last = (complaint.strip().splitlines() or ["pip-audit said nothing"])[-1]
    if any(word in complaint for word in UNREACHABLE):
        print(f"not audited: {last}")
        return 0
    print(f"audit: pip-audit failed: {last}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
