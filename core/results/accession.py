"""Accessions: how a laboratory's number is compared.

Systems write the same number with other letter case, widths or blanks; a correction that
missed its result for such a reason would leave a wrong certificate alive.
"""

from __future__ import annotations

import unicodedata

LONGEST = 100


def normalise_accession(written: str) -> str:
    """Compatibility form, upper case, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", written).upper().split())
