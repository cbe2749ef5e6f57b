import base64
import json
import zlib

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from huntkit.charts.payload import as_text, coded, octets, packed, planes, script_json

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))


@given(st.dictionaries(ANY_TEXT, ANY_TEXT))
def test_json_can_neither_end_its_element_nor_lose_anything(value: dict[str, str]) -> None:
    text = script_json(value)
    assert text.isascii()
    assert not set(text) & set("<>&")
    assert json.loads(text) == value


@given(st.binary())
def test_packing_keeps_every_byte(content: bytes) -> None:
    assert zlib.decompress(base64.b64decode(packed(content))) == content


@given(st.lists(st.integers(0, 2**52), max_size=50))
def test_planes_hold_the_numbers_lowest_byte_first(numbers: list[int]) -> None:
    content = planes(pl.Series(numbers, dtype=pl.Int64))
    size = len(numbers)
    back = [int.from_bytes(content[i::size], "little") for i in range(size)]
    assert back == numbers


@given(st.lists(st.none() | st.text()))
def test_a_coded_column_gives_every_row_its_text(texts: list[str | None]) -> None:
    column = coded(pl.Series(texts, dtype=pl.String), limit=1000)
    fresh = iter(column["values"])
    back = [column["values"][code - 1] if code else next(fresh) for code in column["codes"]]
    assert back == as_text(pl.Series(texts, dtype=pl.String), limit=1000)
    assert len(set(column["values"])) == len(column["values"])


def test_every_type_of_column_becomes_visible_text() -> None:
    frame = pl.DataFrame(
        {
            "list": [["a", "\x1b"], None],
            "struct": [{"a": 1}, {"a": None}],
            "bytes": [b"\x00\xff", None],
            "number": [1.5, None],
            "flag": [True, None],
            "time": pl.Series([0, None]).cast(pl.Datetime("us", "UTC")),
            "text": ["\u202eevil", None],
        }
    )
    shown = {name: as_text(frame[name], limit=50) for name in frame.columns}
    assert shown["list"] == ['["a", "\\u001b"]', ""] or shown["list"] == ['["a", "␛"]', ""]
    assert shown["struct"] == ['{"a": 1}', '{"a": null}']
    assert shown["bytes"] == ["00ff", ""]
    assert shown["number"] == ["1.5", ""]
    assert shown["flag"] == ["true", ""]
    assert shown["time"][0].startswith("1970-01-01 00:00:00")
    assert shown["text"] == ["⟦RLO⟧evil", ""]


def test_octets_of_a_slice_are_its_own() -> None:
    assert octets(pl.Series(range(200))[50:53]) == bytes([50, 51, 52])
    assert octets(pl.Series([], dtype=pl.Int64)) == b""
    assert octets(pl.concat([pl.Series([1]), pl.Series([2])], rechunk=False)) == b"\x01\x02"


def test_a_text_of_megabytes_is_cut() -> None:
    (shown,) = as_text(pl.Series(["A" * 1_000_000]), limit=20)
    assert shown == "A" * 19 + "…"
