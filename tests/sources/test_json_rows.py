import math
from datetime import UTC, datetime, timedelta

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import BadReply
from huntkit.sources.json_rows import column_of, kql_type, table_of, table_of_objects


def test_every_type_comes_as_what_it_is():
    names = ["s", "t", "l", "i", "r", "b", "d", "g", "span", "dec"]
    types = ["string", "datetime", "long", "int", "real", "bool", "dynamic", "guid", "timespan",
             "decimal"]  # fmt: skip
    row = ["x", "2024-05-01T10:00:00.1234567Z", 2**53 + 1, 7, 1.5, True, {"a": [1]},
           "6f1c0000-0000-4000-8000-000000000001", "-1.02:03:04.5000000", "1.25"]  # fmt: skip
    (found,) = table_of(names, types, [row]).to_pylist()
    assert found == {
        "s": "x", "t": datetime(2024, 5, 1, 10, 0, 0, 123456, tzinfo=UTC), "l": 2**53 + 1, "i": 7,
        "r": 1.5, "b": True, "d": '{"a":[1]}', "g": "6f1c0000-0000-4000-8000-000000000001",
        "span": -timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=500), "dec": 1.25,
    }  # fmt: skip
    nothing = table_of(names, types, [[None] * 10])
    assert nothing.to_pylist() == [dict.fromkeys(names)]
    assert table_of(names, types, []).schema.equals(nothing.schema)


def test_other_names_and_other_writing_of_types():
    assert [kql_type(n) for n in ("System.SByte", "DateTime", "SqlDecimal", "Object", "new")] == [
        "bool", "datetime", "decimal", "dynamic", "dynamic",
    ]  # fmt: skip
    assert column_of([1, 0, None, "true"], "SByte").to_pylist() == [True, False, None, True]
    assert column_of(["7", 8, None], "Int64").to_pylist() == [7, 8, None]
    reals = column_of(["NaN", "Infinity", "-Infinity", 1, ""], "real").to_pylist()
    assert math.isnan(reals[0])
    assert reals[1:] == [math.inf, -math.inf, 1.0, None]
    assert column_of(["00:00:01", "7.00:00:00"], "timespan").to_pylist() == [
        timedelta(seconds=1), timedelta(days=7),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value"),
    [("datetime", "soon"), ("timespan", "long"), ("bool", "maybe"), ("long", "x"), ("int", 2**40),
     ("real", "x"), ("long", 2**70)],
)  # fmt: skip
def test_a_value_of_another_type_is_an_error_and_never_lost(kind, value):
    with pytest.raises(BadReply, match="'c' holds what is no"):
        table_of(["c"], [kind], [[None], [value]])


def test_dynamic_values_are_json_text_however_they_were_sent():
    sent = ['{"a":1}', {"a": 1}, "plain words", "[1,2]", 5, None, '"quoted"']
    assert column_of(sent, "dynamic").to_pylist() == [
        '{"a":1}', '{"a":1}', '"plain words"', "[1,2]", "5", None, '"quoted"',
    ]  # fmt: skip


def test_columns_of_one_name_and_short_rows_lose_nothing():
    found = table_of(["a", "a", "a_2"], ["long"] * 3, [[1, 2, 3], [4]])
    assert found.column_names == ["a", "a_3", "a_2"]
    assert found.to_pylist() == [{"a": 1, "a_3": 2, "a_2": 3}, {"a": 4, "a_3": None, "a_2": None}]


def test_objects_without_told_types_get_those_of_their_values():
    found = table_of_objects([{"n": 1, "s": "x", "o": {"k": 1}}, {"n": 2.5, "b": True}])
    assert found.schema.field("n").type == pa.float64()
    assert found.to_pylist() == [
        {"n": 1.0, "s": "x", "o": '{"k":1}', "b": None},
        {"n": 2.5, "s": None, "o": None, "b": True},
    ]
    told = table_of_objects([], [("Timestamp", "DateTime"), ("n", "Int64")])
    assert told.schema.names == ["Timestamp", "n"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(
        st.characters(exclude_categories=["Cs"]), max_size=3), inside, max_size=3),
    max_leaves=4,
)  # fmt: skip


@given(st.lists(st.lists(json_values, max_size=3), max_size=4))
def test_dynamic_columns_take_any_json_and_give_it_back(rows):
    found = table_of(["a", "b", "c"], ["dynamic"] * 3, rows)
    assert found.num_rows == len(rows)
    for row, made in zip(rows, found.to_pylist(), strict=True):
        for value, text in zip(row, made.values(), strict=False):
            if not isinstance(value, str):
                assert text is None if value is None else orjson.loads(text) == value
