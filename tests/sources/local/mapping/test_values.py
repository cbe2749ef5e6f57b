"""Single values: from anything to what a column holds."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.sources.local.mapping import values as v

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary(max_size=4)
    | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
WORKS = [
    v.to_text, v.to_int, v.to_bool, v.to_float, v.dash, v.basename, v.dirname, v.user_of,
    v.domain_of, v.lower, v.guid, v.hash_of("MD5"), v.keywords, v.to_json,
]  # fmt: skip


@given(anything)
def test_nothing_raises_and_all_text_can_be_stored(value: Any) -> None:
    for work in WORKS:
        made = work(value)
        if isinstance(made, str):
            made.encode("utf-8")


def test_a_number_of_five_thousand_digits_is_still_text() -> None:
    assert (v.to_text(10**5000) or "").startswith("0x")
    assert v.to_int(10**5000) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("4321", 4321), ("0x10e1", 4321), (" 7 ", 7), ("-5", -5), (True, 1), (3.0, 3), ("12.0", 12),
        ("", None), ("-", None), ("0x", None), ("1e3", None), (3.5, None), (math.inf, None),
        (2**63, None), (-(2**63), -(2**63)), ({"#text": "4"}, 4), ([1], None), ("९", None),
    ],
)  # fmt: skip
def test_integers(value: Any, expected: int | None) -> None:
    assert v.to_int(value) == expected


@pytest.mark.parametrize(
    ("path", "base", "folder"),
    [
        (r"C:\Windows\a.exe", "a.exe", r"C:\Windows"),
        ("/usr/bin/dd", "dd", "/usr/bin"),
        ("a.exe", "a.exe", ""),
        (r"\device\harddiskvolume2\x.exe", "x.exe", r"\device\harddiskvolume2"),
        ("-", None, None),
        ("", "", ""),
    ],
)
def test_paths(path: str, base: str | None, folder: str | None) -> None:
    assert (v.basename(path), v.dirname(path)) == (base, folder)


def test_hashes_are_taken_by_kind_and_those_of_noughts_are_nothing() -> None:
    text = f"SHA1={'A' * 40},MD5={'0' * 32},IMPHASH={'B' * 32}"
    assert v.hash_of("SHA1")(text) == "a" * 40
    assert v.hash_of("MD5")(text) is None
    assert v.hash_of("SHA256")(text) is None


def test_keywords_of_nxlog_are_shown_as_windows_does() -> None:
    assert v.keywords(-9223372036854775808) == "0x8000000000000000"
    assert v.keywords(["Audit Success"]) == "Audit Success"


def test_memo_tells_true_from_one() -> None:
    memo = v.Memo(v.to_text)
    assert [memo[each] for each in (1, True, 1, "1", True)] == ["1", "true", "1", "1", "true"]


def test_memo_does_not_grow_without_bound() -> None:
    memo = v.Memo(v.to_text, limit=10)
    for number in range(1000):
        memo[str(number)]
    assert len(memo) <= 10


def test_equal_values_of_two_kinds_are_not_taken_for_one_another() -> None:
    bags = v.json_bags(["a"], [[1, True, 1.0, 1, "1"]])
    assert bags == ['{"a":1}', '{"a":true}', '{"a":1.0}', '{"a":1}', '{"a":"1"}']


def test_lists_and_objects_are_asked_one_by_one() -> None:
    assert v.Memo(v.ip_type).each(["10.0.0.1", ["10.0.0.1"], {}]) == ["Private", "", ""]
