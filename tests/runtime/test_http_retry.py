from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.runtime.http_reply import Reply
from huntkit.runtime.http_retry import asked_wait_s, may_help, own_wait_s
from huntkit.runtime.http_wire import Failure

NAMES = [
    "retry-after",
    "date",
    "x-ms-retry-after-ms",
    "x-rate-limit-reset-after",
    "x-ms-user-quota-resets-after",
]
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def reply(status: int, **headers: str) -> Reply:
    return Reply(service="x", url="", status_code=status, headers=headers, content=b"", elapsed_s=0)


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40)))
def test_no_header_crashes_or_asks_for_less_than_nothing(headers: dict[str, str]) -> None:
    wait = asked_wait_s(headers, NOW)
    assert wait is None or wait >= 0


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": " 3 "}, 3),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "\u0663"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=90), usegmt=True)}, 90),
        ({"retry-after": format_datetime(NOW - timedelta(seconds=90), usegmt=True)}, 0),
        ({"retry-after": "Fri, 31 Feb 2026 12:00:00 GMT"}, None),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"x-ms-retry-after-ms": "250"}, 0.25),
        ({"x-rate-limit-reset-after": "17"}, 17),
        ({"x-ms-user-quota-resets-after": "01:02:03"}, 3723),
        ({}, None),
    ],
)
def test_every_way_of_asking_is_understood(headers: dict[str, str], wait: float | None) -> None:
    assert asked_wait_s(headers, NOW) == wait


def test_what_may_have_been_acted_on_is_repeated_only_if_that_is_harmless() -> None:
    sent, unsent, final = (
        Failure(what="cut"),
        Failure(what="no", sent=False),
        Failure(what="x", passing=False),
    )
    cases = [
        (sent, True, True), (sent, False, False), (unsent, False, True), (final, True, False),
        (reply(500), True, True), (reply(500), False, False), (reply(429), False, True),
        (reply(503), False, False), (reply(503, **{"retry-after": "1"}), False, True),
        (reply(200), True, False), (reply(404), True, False), (reply(401), True, False),
        (reply(501), True, False),
    ]  # fmt: skip
    for outcome, repeatable, expected in cases:
        assert may_help(outcome, repeatable=repeatable) is expected, outcome


@given(attempt=st.integers(1, 10_000), jitter=st.floats(0, 1))
def test_own_waits_grow_but_not_for_ever(attempt: int, jitter: float) -> None:
    assert 0 < own_wait_s(attempt, jitter) <= 15 * 1.25
    assert own_wait_s(attempt + 1, jitter) >= own_wait_s(attempt, jitter)
