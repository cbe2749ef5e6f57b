"""What feeds say of how bad something is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.enrich.ti.feed_verdicts import Score, judged, said
from huntkit.enrich.ti.feeds import Feeds


def severities(tmp_path, text):
    (tmp_path / "feed.csv").write_text(text)
    feeds = Feeds(tmp_path / "feed.csv", store=tmp_path / "store")
    return feeds.indicators["severity"].to_list(), feeds.indicators["reason"].to_list()


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("clean", "information"), ("Benign", "information"), ("not-malicious", "information"),
        ("info", "information"), ("low", "information"), ("suspicious", "warning"),
        ("Medium", "warning"), ("malicious", "high"), ("HIGH", "high"), ("Very High", "high"),
        ("unknown", None), ("none", None), ("", None), (None, None), (True, None),
    ],
)  # fmt: skip
def test_words_are_heeded(word, severity):
    assert said({"verdict": word}).severity == severity


@pytest.mark.parametrize(
    ("entry", "severity"),
    [
        ({"severity": "high", "verdict": "clean", "score": "99"}, "information"),
        ({"severity": "low", "verdict": "malicious"}, "high"),
        ({"severity": "low", "confidence": "high"}, "information"),
        ({"reputation": "low"}, None),  # a bad reputation, or little danger?
        ({"reputation": "malicious"}, "high"),
        ({"threat_level": "1"}, "high"),
        ({"priority": "3"}, "information"),
    ],
)
def test_what_counts_first(entry, severity):
    assert said(entry).severity == severity


@pytest.mark.parametrize(
    ("column", "numbers", "expected"),
    [
        ("severity", ("9", "5", "1"), ["high", "warning", "information"]),
        ("Risk Score", ("95", "50", "2"), ["high", "warning", "information"]),
        ("severity", ("2", "3"), [None, None]),  # of 5, of 10, of 100?
        ("severity", ("2/10", "90%"), ["information", "high"]),
        ("confidence", ("75", "5"), ["high", "information"]),
        ("score", ("950", "10"), [None, None]),
        ("score", ("0.9", "0.1"), ["high", "information"]),
    ],
)
def test_numbers_are_heeded_by_the_scale_of_their_column(tmp_path, column, numbers, expected):
    rows = "".join(f"9.9.9.{at},{number}\n" for at, number in enumerate(numbers, start=1))
    found, reasons = severities(tmp_path, f"ip,{column}\n{rows}")
    assert found == expected
    assert all(f"says {column.lower().replace(' ', '_')}" in each for each in reasons)


def test_an_unknown_scale_is_said_beside_the_default(tmp_path):
    (tmp_path / "feed.csv").write_text("ip,severity\n9.9.9.9,2\n")
    found = Feeds(tmp_path / "feed.csv", store=tmp_path).find(["9.9.9.9"])
    assert found.select("severity", "reason").row(0) == (
        "warning", "the feed says severity 2, and not of how many",
    )  # fmt: skip


@given(st.dictionaries(st.integers(0, 9), st.floats(0, 1e9), max_size=9))
def test_no_number_is_worse_than_a_larger_one(numbers):
    found = judged({at: Score("score", number) for at, number in numbers.items()})
    order = {None: 0, "information": 0, "warning": 1, "high": 2}
    ranked = [order[found[at][0]] for at in sorted(numbers, key=numbers.__getitem__)]
    assert found.keys() == numbers.keys()
    assert ranked == sorted(ranked)
