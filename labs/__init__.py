"""Where laboratory results come in: ``sources`` fetch bytes, ``readers`` make results of them.

Imports ``core`` only. Storing, judging and telling people happen elsewhere.
"""
