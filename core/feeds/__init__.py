"""Feeds: the ways in which facilities send, when they are due and when they are too quiet.

Rules only. Reaching out lies in ``labs.sources``, what is remembered in ``storage.feeds``.
"""
