"""Bytes to ``ReportedResult``: one file a format, no I/O.

``detect.read`` is the only door; nothing here judges what was read, and nothing raises.
"""
