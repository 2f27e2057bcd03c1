"""Certificates: issued, drawn as QR codes, read back and judged.

The ``HC1:`` envelope of the EU Digital COVID Certificate. Keys, time, random bytes and
trusted certificates come in as arguments; files, key stores and databases are elsewhere.
"""
