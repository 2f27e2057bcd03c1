"""Connecting laboratories in the console: the same desks as on the command line.

Who may see a facility sees its page; who sends its results may test feeds and try samples; only
who manages facilities changes anything. No rule is here: ``core.onboarding`` has them.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response

from sms.staff.onboarding import (
    code_lists,
    facilities,
    feed_forms,
    feeds,
    keys,
    officers,
    samples,
    stages,
)

_HERE = "/facilities/<code>"
_FEED = f"{_HERE}/feeds/<name>"
_View = Callable[..., Response]
_ROUTES: tuple[tuple[str, str, _View], ...] = (
    ("/facilities", "GET", facilities.list_facilities),
    ("/facilities/new", "GET", facilities.ask_for_facility),
    ("/facilities/new", "POST", facilities.add_facility),
    (_HERE, "GET", facilities.show_facility),
    (f"{_HERE}/change", "GET", facilities.ask_for_changes),
    (f"{_HERE}/change", "POST", facilities.change_facility),
    (f"{_HERE}/live", "GET", stages.ask_to_go_live),
    (f"{_HERE}/live", "POST", stages.go_live),
    (f"{_HERE}/pilot", "GET", stages.ask_to_go_back),
    (f"{_HERE}/pilot", "POST", stages.go_back),
    (f"{_HERE}/release", "GET", stages.ask_to_release),
    (f"{_HERE}/release", "POST", stages.release),
    (f"{_HERE}/new-feed", "GET", feed_forms.ask_for_feed),
    (f"{_HERE}/new-feed", "POST", feed_forms.add_feed),
    (_FEED, "GET", feeds.show_feed),
    (f"{_FEED}/change", "GET", feed_forms.ask_for_feed_changes),
    (f"{_FEED}/change", "POST", feed_forms.change_feed),
    (f"{_FEED}/test", "POST", feeds.test_feed),
    (f"{_FEED}/pause", "POST", feeds.pause_feed),
    (f"{_FEED}/resume", "POST", feeds.resume_feed),
    (f"{_FEED}/remove", "GET", feeds.ask_to_remove_feed),
    (f"{_FEED}/remove", "POST", feeds.remove_feed),
    (f"{_FEED}/keys", "POST", keys.make_key),
    (f"{_FEED}/keys/<hint>/end", "GET", keys.ask_to_end_key),
    (f"{_FEED}/keys/<hint>/end", "POST", keys.end_key),
    (f"{_HERE}/sample", "GET", samples.ask_for_sample),
    (f"{_HERE}/sample", "POST", samples.read_sample),
    (f"{_HERE}/codes", "GET", code_lists.ask_for_list),
    (f"{_HERE}/codes", "POST", code_lists.read_codes),
    (f"{_HERE}/codes/map", "POST", code_lists.map_codes),
    (f"{_HERE}/codes/unmap", "POST", code_lists.unmap_code),
    (f"{_HERE}/officers", "GET", officers.list_officers),
    (f"{_HERE}/officers", "POST", officers.add_officer),
    (f"{_HERE}/officers/<officer_id>/link", "POST", officers.link_chat),
    (f"{_HERE}/officers/<officer_id>/remove", "GET", officers.ask_to_remove_officer),
    (f"{_HERE}/officers/<officer_id>/remove", "POST", officers.remove_officer),
)


def add_routes(console: Blueprint) -> None:
    """Hang the pages into the console."""
    console.url_value_preprocessor(samples.let_samples_in)
    for path, method, view in _ROUTES:
        console.add_url_rule(path, view_func=view, methods=[method])
