"""Values become what the parameter's type says, or an error before anything is sent."""

import ipaddress
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import TimeError, UsageError
from huntkit.sources.queries import Parameter
from huntkit.sources.queries.definition import KINDS, Kind
from huntkit.sources.queries.values import converted

NOW = datetime(2024, 5, 15, 13, 45, tzinfo=UTC)
ID = uuid.UUID("11111111-2222-4333-8444-555555555555")


def made(kind: Kind, value: object, choices: tuple[str, ...] = ()) -> object:
    return converted(Parameter(name="v", type=kind, choices=choices), value, now=NOW)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("str", "x", "x"),
        ("str", np.str_("x"), "x"),
        ("str", ipaddress.ip_address("2001:db8::1"), "2001:db8::1"),
        ("str", ipaddress.ip_network("203.0.113.0/24"), "203.0.113.0/24"),
        ("str", ID, str(ID)),
        ("str", PurePosixPath("/etc/passwd"), "/etc/passwd"),
        ("int", 4688, 4688),
        ("int", " -5 ", -5),
        ("int", np.int32(7), 7),
        ("float", 1, 1.0),
        ("float", "2.5e3", 2500.0),
        ("float", np.float64(1.5), 1.5),
        ("bool", True, True),
        ("bool", "FALSE", False),
        ("bool", np.bool_(1), True),
        ("datetime", "-2d@d", datetime(2024, 5, 13, tzinfo=UTC)),
        ("datetime", -1.5, datetime(2024, 5, 14, 1, 45, tzinfo=UTC)),
        ("datetime", date(2024, 5, 1), datetime(2024, 5, 1, tzinfo=UTC)),
        ("datetime", pd.Timestamp("2024-05-01T10:00+02"), datetime(2024, 5, 1, 8, tzinfo=UTC)),
        ("timespan", "1.5h", timedelta(minutes=90)),
        ("timespan", "-30 minutes", timedelta(minutes=-30)),
        ("timespan", "1.02:03:04.5", timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
        ("timespan", pd.Timedelta("2h"), timedelta(hours=2)),
        ("list", "a, b,,c ", ["a", "b", "c"]),
        ("list", "", []),
        ("list", ["a", 1, 2.5, True], ["a", 1, 2.5, True]),
        ("list", 4624, [4624]),
        ("list", {"b", "a"}, ["a", "b"]),
        ("list", pd.Series([1, 2]), [1, 2]),
        ("list", pl.Series(["a"]), ["a"]),
        ("list", np.array([1, 2]), [1, 2]),
        ("list", (ipaddress.ip_address("203.0.113.7"),), ["203.0.113.7"]),
        ("list", ipaddress.ip_network("203.0.113.0/24"), ["203.0.113.0/24"]),
        ("list", [datetime(2024, 5, 1, tzinfo=UTC)], ["2024-05-01T00:00:00.000000Z"]),
        ("list", range(3), [0, 1, 2]),
    ],
)  # fmt: skip
def test_values_are_converted(kind: Kind, value: object, expected: object) -> None:
    found = made(kind, value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("str", each) for each in (5, b"x", ["x"], {"x": 1}, "\ud800", object())),
        *(("int", each) for each in ("x", 1.5, True, 2**63, "", "1e3", "0x1f")),
        *(("float", each) for each in ("nan", float("inf"), float("nan"), True, "1,5", 10**400)),
        *(("bool", each) for each in (1, "yes", "x")),
        *(("timespan", each) for each in (5, "1 fortnight", "soon", "9" * 30 + "d", pd.NaT)),
        ("timespan", "999999999999d"),
        *(("list", each) for each in ({"a": 1}, [None], [["a"]], [float("nan")], [object()])),
        *(("list", [2**64]), ("kql", 5), ("table", 5), ("op", 5)),
    ],
)  # fmt: skip
def test_other_values_are_refused(kind: Kind, value: object) -> None:
    with pytest.raises(UsageError, match="v= takes"):
        made(kind, value)


@pytest.mark.parametrize(
    "value",
    ["yesterdy", "now-1x", "", "garbage", None, True, pd.NaT, [1], "20240501x", float("nan")],
)
def test_what_is_no_time_is_an_error_and_never_now(value: object) -> None:
    with pytest.raises(TimeError, match="v= "):
        made("datetime", value)


def test_choices_are_kept_to() -> None:
    assert made("op", "has", ("has", "==")) == "has"
    with pytest.raises(UsageError, match=r"one of has, ==, not 'haz' \(did you mean 'has'"):
        made("op", "haz", ("has", "=="))


@given(
    st.sampled_from(KINDS),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
        | st.datetimes() | st.timedeltas() | st.decimals() | st.complex_numbers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
        max_leaves=5,
    ),
)  # fmt: skip
def test_anything_is_converted_or_refused(kind: Kind, value: object) -> None:
    try:
        found = made(kind, value)
    except UsageError:
        return
    expected = {
        "int": int, "float": float, "bool": bool, "datetime": datetime, "timespan": timedelta,
        "list": list,
    }.get(kind, str)  # fmt: skip
    assert type(found) is expected
