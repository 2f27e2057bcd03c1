"""Bringing a laboratory on board: what the console and the command line do alike.

Each desk checks what was typed, changes what is kept and writes the audit log. It answers with
what is kept now, or with every mistake at once. Asking people, and wording, are not here.
"""
