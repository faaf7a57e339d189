"""Reading Retry-After, whatever a server puts there."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multiorder_sync.oms.outbound.retry_after import LONGEST_WAIT, parse_retry_after

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
DATE = format_datetime(MOMENT, usegmt=True)


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ [\d:]+ \w*"), st.text())
def test_anything_gives_a_sensible_wait_or_none(value, date):
    wait = parse_retry_after(value, date)
    assert wait is None or 0 < wait <= LONGEST_WAIT


@given(st.integers(1, 86_400))
def test_seconds(seconds):
    assert parse_retry_after(f" {seconds} ") == seconds


@given(st.integers(1, 86_400))
def test_a_date_counts_from_the_answer_s_date(seconds):
    later = format_datetime(MOMENT + timedelta(seconds=seconds), usegmt=True)
    assert parse_retry_after(later, DATE) == seconds


def test_a_date_counts_from_now_if_the_answer_has_none():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 50 < parse_retry_after(later) <= 100
    assert 50 < parse_retry_after(later, "yesterday") <= 100


@pytest.mark.parametrize(
    "value",
    [None, "", "0", "-5", "+5", "1e9", "nan", "inf", "\u0661\u0662", "5, 7", "soon", "5 s", DATE,
     "Sun, 01 Mar 2026 11:00:00 GMT", "Mon, 99 Foo 2026 25:61:61 GMT", "5\n6"],
)  # fmt: skip
def test_what_gives_no_wait(value):
    assert parse_retry_after(value, DATE) is None


@pytest.mark.parametrize("value", ["86401", "9" * 5000, "Sun, 01 Mar 9999 12:00:00 GMT"])
def test_an_absurd_wait_is_a_day(value):
    assert parse_retry_after(value, DATE) == LONGEST_WAIT


@pytest.mark.parametrize(
    "value",
    ["Sun, 01 Mar 2026 12:00:30 -0000", "Sun, 01 Mar 2026 13:00:30 +0100", "1 Mar 2026 12:00:30"],
)
def test_dates_are_in_gmt_unless_they_say_otherwise(value):
    assert parse_retry_after(value, DATE) == 30
