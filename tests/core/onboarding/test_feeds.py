"""Feeds: what each kind needs, secrets that stay where they belong, keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.feeds.feed import Feed, FeedKind
from core.onboarding.feed_draft import FeedDraft
from core.onboarding.feeds import ANYWHERE
from core.onboarding.mistake import Mistakes
from core.results.facility import Facility
from tests.core.onboarding.conftest import Office

FHIR = FeedDraft("fhir", "https://lis.example/fhir", secret="ward:round")
KEY = "SHA256:" + "a" * 43


def save(office: Office, draft: FeedDraft, name: str = "lis", facility: str = "BVA") -> Feed:
    saved = office.feeds.save(facility, name, draft, by="van")
    assert isinstance(saved, Feed), saved
    return saved


def wrong(office: Office, draft: FeedDraft, name: str = "lis") -> list[tuple[str, str]]:
    before = dict(office.kept_feeds.rows)
    answer = office.feeds.save("BVA", name, draft, by="van")
    assert isinstance(answer, Mistakes)
    assert office.kept_feeds.rows == before
    return [(each.field, each.code) for each in answer.found]


def test_a_feed_gets_the_usual_interval_and_no_more_than_its_kind_needs(office: Office) -> None:
    typed = FeedDraft(
        "mllp", " LIS|BVA ", "secret", KEY, ("10.0.0.0/8",), expected="60", hours="7-17"
    )
    assert save(office, typed) == Feed(
        "BVA", "lis", FeedKind.MLLP, "LIS|BVA", peers=("10.0.0.0/8",),
        expected_every=timedelta(hours=1), opens=7, closes=17,
    )  # fmt: skip
    assert office.audit.said() == [("van", "feed_added", "BVA/lis")]


@pytest.mark.parametrize(
    ("draft", "mistake"),
    [
        (FeedDraft("fax"), ("kind", "choice_unknown")),
        (FeedDraft("fhir"), ("address", "field_missing")),
        (FeedDraft("fhir", "https://elsewhere"), ("address", "feed_address_unusable")),
        (FeedDraft("mllp", "LIS", peers=("ten",)), ("peers", "network_unusable")),
        (FeedDraft("sftp", "sftp://u@h/x", host_key="abc"), ("host_key", "host_key_unusable")),
        (FeedDraft("fhir", "https://h", interval="61"), ("interval", "minutes_unusable")),
        (FeedDraft("fhir", "https://h", interval="x"), ("interval", "minutes_unusable")),
        (FeedDraft("push", expected="0"), ("expected", "minutes_unusable")),
        (FeedDraft("push", hours="25-3"), ("hours", "hours_unusable")),
        (FeedDraft("folder", "/mnt/other"), ("address", "feed_folder_elsewhere")),
        (FeedDraft("folder", "/mnt/shares/../keys"), ("address", "feed_folder_elsewhere")),
        (FeedDraft("folder", "mnt/shares"), ("address", "feed_folder_elsewhere")),
    ],
)
def test_what_cannot_work_is_refused_by_its_field(
    office: Office, draft: FeedDraft, mistake: tuple[str, str]
) -> None:
    assert wrong(office, draft) == [mistake]


def test_a_folder_lies_below_the_roots_unless_somebody_has_a_shell(office: Office) -> None:
    assert save(office, FeedDraft("folder", "/mnt/shares/bva")).address == "/mnt/shares/bva"
    anywhere = office.feeds.save(
        "BVA", "b", FeedDraft("folder", "/srv/x"), by="cli", roots=(ANYWHERE,)
    )
    assert isinstance(anywhere, Feed)


@pytest.mark.parametrize("name", ["", "LIS", "a b", "a/b", "-a", "a" * 25])
def test_a_name_that_fits_no_address_is_refused(office: Office, name: str) -> None:
    assert wrong(office, FeedDraft("push"), name) == [("name", "feed_name_unusable")]


def test_a_secret_stays_unless_it_is_given_or_taken_away(office: Office) -> None:
    assert save(office, FHIR).secret == "ward:round"
    kept = replace(FHIR, secret=None, address="https://lis.example/other")
    assert save(office, kept).secret == "ward:round"
    assert save(office, replace(kept, secret="")).secret == ""


def test_a_secret_is_never_sent_to_another_server_than_the_one_it_was_given_for(
    office: Office,
) -> None:
    save(office, FHIR)
    moved = replace(FHIR, secret=None, address="https://thief.example/fhir")
    assert wrong(office, moved) == [("secret", "feed_secret_again")]
    assert save(office, replace(moved, secret="new")).secret == "new"


def test_a_pinned_key_stays_with_its_server(office: Office) -> None:
    sftp = FeedDraft("sftp", "sftp://u@one/x", secret="s", host_key=KEY)
    save(office, sftp)
    assert save(office, replace(sftp, host_key=None)).host_key == KEY
    moved = replace(sftp, host_key=None, address="sftp://u@two/x")
    assert save(office, moved).host_key == ""


def test_a_paused_feed_that_is_changed_stays_paused(office: Office) -> None:
    feed = save(office, FHIR)
    office.feeds.activate(feed, active=False, by="van")
    assert save(office, replace(FHIR, interval="5")).active is False


def test_two_facilities_cannot_have_one_sender_in_one_network(office: Office) -> None:
    save(office, FeedDraft("mllp", "lis|bv", peers=("10.1.0.0/16",)), facility="BVB")
    mine = FeedDraft("mllp", "LIS|BV", peers=("10.1.2.0/24",))
    assert wrong(office, mine) == [("address", "feed_sender_taken")]
    save(office, replace(mine, peers=("10.2.0.0/16", "::1/128")))


@pytest.mark.parametrize(
    ("theirs", "mine", "clash"),
    [
        ("BV", "LIS|bv", True),  # theirs takes whatever LIS says of itself
        ("lis|bv", "BV", True),
        ("LIS|BV", "LIS2|BV", False),
        ("BV", "LIS|BV2", False),
    ],
)
def test_a_name_for_every_application_meets_those_of_each(
    office: Office, theirs: str, mine: str, *, clash: bool
) -> None:
    save(office, FeedDraft("mllp", theirs), facility="BVB")
    if clash:
        assert wrong(office, FeedDraft("mllp", mine)) == [("address", "feed_sender_taken")]
    else:
        save(office, FeedDraft("mllp", mine))


@pytest.mark.parametrize("address", ["BVB", "bvb", "LIS|BVB", "a|b|bvb"])
def test_a_facilitys_code_is_nobody_elses_name_from_whatever_network(
    office: Office, address: str
) -> None:
    office.kept_facilities.add(Facility("BVB", "Bệnh viện B", "BV B"))
    draft = FeedDraft("mllp", address, peers=("10.9.0.0/16",))
    assert wrong(office, draft) == [("address", "feed_sender_is_facility")]
    save(office, draft, facility="BVB")


@pytest.mark.parametrize("path", ["/mnt/shares/b/out", "/mnt/shares/b", "/mnt/shares/b/out/old/"])
def test_no_folder_lies_at_above_or_below_another_facilitys(office: Office, path: str) -> None:
    save(office, FeedDraft("folder", "/mnt/shares/b/out"), facility="BVB")
    assert wrong(office, FeedDraft("folder", path)) == [("address", "feed_folder_taken")]
    shell = office.feeds.save(
        "BVA", "lis", FeedDraft("folder", "/" + path), by="cli", roots=(ANYWHERE,)
    )
    assert isinstance(shell, Mistakes)
    save(office, FeedDraft("folder", "/mnt/shares/b/out2"))
    save(office, FeedDraft("folder", "/mnt/shares/b/out/again"), "own", facility="BVB")


def test_a_name_that_is_taken_is_not_written_over_by_adding(office: Office) -> None:
    save(office, FHIR)
    answer = office.feeds.add("BVA", "lis", FeedDraft("push"), by="van")
    assert isinstance(answer, Mistakes)
    assert office.kept_feeds.rows["BVA", "lis"][0].kind is FeedKind.FHIR


def test_only_polled_feeds_are_looked_at(office: Office) -> None:
    assert office.feeds.test(save(office, FeedDraft("push"), "p"), by="van") is None
    probe = office.feeds.test(save(office, FHIR), by="van")
    assert probe
    assert probe.found == 3
    assert office.audit.said()[-1] == ("van", "feed_tested", "BVA/lis")


def test_a_key_is_told_once_listed_by_its_hint_and_ended(office: Office) -> None:
    first = office.feeds.make_key("BVA", "push", by="van")
    second = office.feeds.make_key("BVA", "push", by="van", overlap=timedelta(days=1))
    assert first != second
    newest, oldest = office.feeds.keys("BVA", "push")
    assert (newest.hint, oldest.hint) == (second[-4:], first[-4:])
    assert office.feeds.keys("BVA", "other") == []
    assert office.feeds.end_key("BVA", "push", newest.hint, by="van") == 1
    assert [key.hint for key in office.feeds.keys("BVA", "push")] == [oldest.hint]


def test_the_keys_of_a_removed_feed_end_with_it(office: Office) -> None:
    feed = save(office, FeedDraft("push"), "push")
    office.feeds.make_key("BVA", "push", by="van")
    office.feeds.remove(feed, by="van")
    assert office.feeds.keys("BVA", "push") == []
    assert office.kept_feeds.rows == {}
