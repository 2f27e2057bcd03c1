"""Benchmarks of the hot paths: ``make bench``. Ratios to a floor of the same run, no verdict."""
