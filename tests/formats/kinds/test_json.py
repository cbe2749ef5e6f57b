import gzip
import io
import json
import tracemalloc

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import FormatError
from huntkit.formats.batch import Ledger
from huntkit.formats.kinds import json as json_format
from huntkit.formats.limits import MIB, Limits
from huntkit.formats.lines import line_chunks
from huntkit.formats.streams import Meter, bounded

RECORDS = [{"a": 1, "t": "ä"}, {"b": [1, {"c": None}]}, {"a": 2.5}]
SHAPES = {
    "lines": "\n".join(map(json.dumps, RECORDS)) + "\n",
    "lines, last not ended": "\n".join(map(json.dumps, RECORDS)),
    "lines, CRLF": "\r\n".join(map(json.dumps, RECORDS)) + "\r\n",
    "lines with blank ones": "\n\n".join(map(json.dumps, RECORDS)) + "\n \n",
    "array": json.dumps(RECORDS),
    "pretty array": json.dumps(RECORDS, indent=2),
    "array, one element per line": "[\n" + ",\n".join(map(json.dumps, RECORDS)) + "\n]\n",
    "concatenated": "".join(map(json.dumps, RECORDS)),
    "pretty concatenated": "\n".join(json.dumps(each, indent=4) for each in RECORDS),
    "CloudTrail": json.dumps({"Records": RECORDS}),
    "pretty CloudTrail": json.dumps({"Records": RECORDS}, indent=1),
    "Azure diagnostics, a line each": "\n".join(json.dumps({"records": [r]}) for r in RECORDS),
    "Graph": json.dumps({"@odata.context": "x", "value": RECORDS, "@odata.nextLink": "y"}),
    "Defender": json.dumps({"Schema": [{"Name": "a"}], "Results": RECORDS}),
    "Splunk lines": "\n".join(json.dumps({"preview": False, "offset": 0, "result": r})
                              for r in RECORDS) + '\n{"preview":false,"lastrow":true}\n',
    "Splunk results": json.dumps({"preview": False, "results": RECORDS, "messages": []}),
    "record separators": "".join("\x1e" + json.dumps(r) + "\n" for r in RECORDS),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_every_shape_gives_the_same_records_in_every_encoding(shape, encoding, read):
    out = read(SHAPES[shape].encode(encoding), "x.json")
    assert out.format == "json"
    assert out.records == RECORDS
    assert out.rows == 3
    assert not out.skipped
    assert out.error is None


def test_numbers_are_lines_where_lines_are_records(read):
    out = read(b'{"a":1}\n\n{"a":2}\nbad\n{"a":3}\n')
    assert out.numbers == [1, 3, 5]
    assert [(skip.number, skip.reason) for skip in out.skips] == [(4, "not JSON")]


def test_numbers_count_records_in_a_document(read):
    assert read(b'[{"a":1},\n\n{"a":2}]').numbers == [1, 2]


def test_numbers_stay_a_range_while_nothing_is_skipped():
    data = b'{"a": 1}\n' * 100_000
    batches = list(
        json_format.read(io.BytesIO(data), name="x", limits=Limits(), options=None or _options())
    )
    assert all(isinstance(batch.numbers, range) for batch in batches)
    assert [n for batch in batches for n in batch.numbers] == list(range(1, 100_001))


def _options():
    from huntkit.formats import ReadOptions

    return ReadOptions()


def test_log_analytics_tables_become_records(read):
    body = {"tables": [{"name": "PrimaryResult",
                        "columns": [{"name": "T", "type": "datetime"}, {"name": "N"}],
                        "rows": [["2024", 1], ["2025", None]]}]}  # fmt: skip
    out = read(json.dumps(body).encode())
    assert out.records == [{"T": "2024", "N": 1}, {"T": "2025", "N": None}]


def test_kusto_frames_become_records(read):
    body = [
        {"FrameType": "DataSetHeader", "Version": "v2.0"},
        {"FrameType": "DataTable", "TableKind": "PrimaryResult",
         "Columns": [{"ColumnName": "T", "ColumnType": "string"}], "Rows": [["x"]]},
    ]  # fmt: skip
    assert {"T": "x"} in read(json.dumps(body).encode()).records


def test_elastic_hits_keep_index_and_id_beside_the_source(read):
    hit = {"_index": "i", "_id": "7", "_source": {"a": 1, "_id": "own"}}
    out = read(json.dumps({"took": 3, "hits": {"total": 1, "hits": [hit]}}).encode())
    assert out.records == [{"a": 1, "_id": "own", "_index": "i"}]


@pytest.mark.parametrize(
    "record",
    [
        {"result": "success", "user": "eve"},
        {"value": [1, 2]},
        {"records": [{"a": 1}], "user": "eve"},
        {"data": {"a": 1}},
        {"_source": {"a": 1}, "x": 1},
        {"hits": 5},
    ],
)
def test_a_record_that_only_looks_like_a_wrapper_stays_whole(record, read):
    assert read(json.dumps(record).encode()).records == [record]


def test_invalid_utf8_is_kept_and_said(read):
    out = read(b'{"a":"\xff\xfe!"}\n{"a":"ok"}\n')
    assert out.records == [{"a": "\\xff\\xfe!"}, {"a": "ok"}]
    assert out.repaired == {"invalid UTF-8": 1}


def test_lone_surrogates_become_replacement_characters(read):
    out = read(rb'{"a\udc00":["\ud83d", "\ud83d\ude00"]}' + b"\n")
    assert out.records == [{"a\ufffd": ["\ufffd", "\U0001f600"]}]
    assert out.repaired == {"lone surrogate": 1}


def test_integers_beyond_64_bits_keep_every_digit(read):
    out = read(b'{"a":123456789012345678901,"b":18446744073709551615,"c":-9223372036854775808}\n')
    assert out.records == [
        {"a": "123456789012345678901", "b": 18446744073709551615, "c": -9223372036854775808}
    ]


def test_big_integers_are_exact_beside_lines_that_are_no_objects(read):
    out = read(b'{"a":123456789012345678901}\n[1]\n')
    assert out.records == [{"a": "123456789012345678901"}]


def test_integers_with_a_million_digits_do_not_stop_the_reader(read):
    out = read(b'{"a":NaN,"b":' + b"9" * 1_000_000 + b'}\n{"a":1}\n')
    assert out.records[0]["a"] == "NaN"
    assert out.records[0]["b"] == "9" * 1_000_000
    assert out.records[1] == {"a": 1}


def test_nan_and_infinity_become_text(read):
    out = read(b'{"a":NaN,"b":-Infinity}\n')
    assert out.records == [{"a": "NaN", "b": "-Infinity"}]
    assert out.repaired == {"NaN or Infinity": 1}


def test_nul_padding_goes(read):
    out = read(b'{"a":1}\n{"a":2}\n' + b"\0" * 5000)
    assert out.records == [{"a": 1}, {"a": 2}]
    assert not out.skipped


def test_deep_nesting_is_skipped_not_followed(read):
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    out = read(b'{"a":1}\n' + deep + b'\n{"a":2}\n')
    assert out.records == [{"a": 1}, {"a": 2}]
    assert out.skipped == {"nested too deep": 1}


def test_deep_nesting_in_one_document_is_skipped(read):
    out = read(b"[" * 500_000, kind="json")
    assert out.records == []
    assert sum(out.skipped.values()) == 1


def test_the_last_line_cut_off_is_named_so(read):
    out = read(b'{"a":1}\n{"a":"unfini')
    assert out.records == [{"a": 1}]
    assert [(s.number, s.reason, s.sample) for s in out.skips] == [(2, "cut off", '{"a":"unfini')]


def test_a_document_cut_off_keeps_what_was_whole(read):
    out = read(b'{"Records":[{"a":1},{"a":2},{"a":', kind="json")
    assert out.skipped["cut off"] == 1
    out = read(b'[{"a":1},{"a":2},{"a":', kind="json")
    assert out.records == [{"a": 1}, {"a": 2}]
    assert out.skipped == {"cut off": 1}


def test_a_torn_object_between_pretty_ones_costs_only_itself(read):
    out = read(b'{\n "a": 1\n}\n{\n "b": [\n{\n "c": 3\n}\n')
    assert {"a": 1} in out.records
    assert {"c": 3} in out.records
    assert out.skipped == {"cut off": 1}


def test_lines_that_are_no_objects_are_skipped_with_their_number(read):
    out = read(b'{"a":1}\n"text"\n17\nnull\n{"a":2}\n')
    assert out.numbers == [1, 5]
    assert out.skipped == {"not a JSON object": 3}


@pytest.mark.parametrize("seam", ["", " ", "\r", ","])
def test_records_run_together_on_one_line_are_all_read(seam, read):
    lines = ['{"a": 1}', '{"a": "}{"}' + seam + '{"a": {"b": 2}}', '{"a": 3}', '{"a": 4}']
    out = read("\n".join(lines).encode(), "x.json")
    assert out.records == [{"a": 1}, {"a": "}{"}, {"a": {"b": 2}}, {"a": 3}, {"a": 4}]
    assert out.numbers == [1, 2, 2, 3, 4]
    assert (out.rows, out.skipped) == (5, {})


def test_what_is_torn_beside_whole_records_on_a_line_is_skipped_alone(read):
    lines = ['{"a": 1}', '{"a": 2}{"a": 3, "b": [{}, {}', '{"c": [{}, {}', '{"a": 4}', '{"a": 5}']
    out = read("\n".join(lines).encode(), "x.json")
    assert out.records == [{"a": 1}, {"a": 2}, {"a": 4}, {"a": 5}]
    assert out.rows == 4
    assert out.skipped == {"cut off": 1, "not JSON": 1}


def test_a_line_over_the_limit_is_skipped_and_the_rest_read(read):
    limits = Limits(max_line_bytes=1000)
    out = read(b'{"a":1}\n{"a":"' + b"x" * 5000 + b'"}\n{"a":2}\n', limits=limits)
    assert out.numbers == [1, 3]
    assert out.skipped == {"line over 1000 bytes": 1}
    assert len(out.skips[0].sample) <= 120


def test_a_record_before_a_sea_of_blanks_is_over_the_limit_too(read):
    out = read(b'{"a":1}' + b" " * 5000 + b'\n{"a":2}\n', limits=Limits(max_line_bytes=3000))
    assert out.numbers == [2]
    assert out.skipped == {"line over 2.9 KiB": 1}


def test_five_megabytes_on_one_line_are_one_record(read):
    out = read(b'{"a":"' + b"x" * 5_000_000 + b'"}\n{"a":2}\n')
    assert len(out.records) == 2
    assert len(out.records[0]["a"]) == 5_000_000


def test_a_large_wrapped_list_is_streamed_not_held(read):
    inner = ",".join(json.dumps({"n": n, "pad": "[{" * 50}) for n in range(20_000))
    data = ('{"owner": "x", "Records": [' + inner + '], "nextLink": {"deep": [{}]}}').encode()
    limits = Limits(batch_bytes=64 * 1024, max_document_bytes=256 * 1024)
    tracemalloc.start()
    count = 0
    for batch in json_format.read(io.BytesIO(data), name="x", limits=limits, options=_options()):
        assert [r["n"] for r in batch.records] == list(range(count, count + len(batch.records)))
        count += len(batch.records)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 6 * MIB


def test_an_element_over_the_limit_is_skipped_and_the_next_found(read):
    limits = Limits(batch_bytes=4096, max_document_bytes=16_384)
    data = b'[\n{"a":1},\n{"a":"' + b"x" * 50_000 + b'"},\n{"a":2},\n{"a":3}\n]'
    out = read(data, kind="json", limits=limits)
    assert {"a": 1} in out.records
    assert {"a": 3} in out.records
    assert out.skipped["JSON record over 16 KiB"] == 1


def test_records_before_the_damage_of_a_gzip_file_are_given(read_from):
    lines = [b'{"n": %d, "x": "%s"}\n' % (n, orjson.dumps(n * 7919).hex().encode())
             for n in range(50_000)]  # fmt: skip
    packed = gzip.compress(b"".join(lines))
    half = io.BytesIO(packed[: len(packed) // 2])
    stream = bounded(gzip.GzipFile(fileobj=half), Meter(Limits(), len(packed)))
    out = read_from(json_format, stream)
    assert isinstance(out.error, FormatError)
    assert "cut off" in str(out.error)
    assert 10_000 < len(out.records) < 50_000
    assert [r["n"] for r in out.records] == list(range(len(out.records)))
    assert out.skipped["cut off"] <= 1


def test_stopping_early_is_quiet():
    batches = json_format.read(
        io.BytesIO(b'[{"a":1},{"a":2}]'), name="x", limits=Limits(), options=_options()
    )
    next(batches)
    batches.close()


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_random_bytes_never_crash_the_reader(data):
    _read_any(data)


_fragments = st.sampled_from(
    [b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"\n", b"1", b"null", b'"a"', b'{"a":1}',
     b'"Records"', b"\0", b"\xff", b"\\ud800", b'{"value":[', b" ", b"\r\n", b"NaN"]
)  # fmt: skip


@given(st.lists(_fragments, max_size=60))
@settings(max_examples=300, deadline=None)
def test_json_like_bytes_never_crash_the_reader(parts):
    _read_any(b"".join(parts))


def _read_any(data):
    for limits in (Limits(), Limits(batch_bytes=7, max_line_bytes=50, max_document_bytes=50)):
        seen = 0
        try:
            for batch in json_format.read(
                io.BytesIO(data), name="x", limits=limits, options=_options()
            ):
                seen += len(batch.records)
                assert len(batch.records) == len(batch.numbers)
                assert all(type(record) is dict for record in batch.records)
        except FormatError:
            pass


_torn = st.sampled_from(
    [b'{"a":1}', b'{"a":[1', b"2]}", b'{"b":2},{"c":3}', b'{"a":[{"x":1}', b'{"y":2}]}', b"",
     b"7", b"[1],[2]", b'{"a":"\xff"}', b'{"n":123456789012345678901234567890}', b'{"a":1}\r',
     b'{"records":[{"a":1},{"a":2}]}', b'{"a":1,', b'"b":2}', b"x" * 60]
)  # fmt: skip


@given(st.lists(_torn, max_size=12), st.booleans())
@settings(max_examples=300, deadline=None)
def test_lines_parsed_at_once_are_the_same_as_one_by_one(lines, ended):
    data = b"\n".join(lines) + b"\n" * ended
    limits = Limits(max_line_bytes=50)

    def parsed():
        ledger = Ledger("json")
        parser = json_format._LineParser(ledger, limits)
        found = [parser.parse(chunk) for chunk in line_chunks(io.BytesIO(data), limits)]
        return [(list(numbers), values) for numbers, values in found], ledger.batch(())

    at_once = parsed()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_format._LineParser, "_all_at_once", lambda self, data: None)
        assert parsed() == at_once


def test_lines_that_make_an_array_only_together_are_not_taken_at_once():
    parser = json_format._LineParser(Ledger("json"), Limits())
    assert parser._all_at_once(b'{"a":1}\n{"a":2}') == [{"a": 1}, {"a": 2}]
    for torn in (b'{"a":[1\n2]}', b'{"a":1},{"b":2}\n{"a":[{"x":1}\n{"y":2}]}'):
        assert parser._all_at_once(torn) is None


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
_records = st.dictionaries(st.text("xyz", min_size=1, max_size=3), _values, max_size=4)


@given(st.lists(_records, min_size=1, max_size=6), st.booleans(), st.sampled_from([None, 1]))
@settings(max_examples=150, deadline=None)
def test_what_json_writes_is_what_we_read_whatever_the_chunks(records, as_array, indent):
    if as_array:
        text = json.dumps(records, indent=indent)
    else:
        text = "\n".join(json.dumps(record, indent=indent) for record in records)
    found = []
    for batch in json_format.read(
        io.BytesIO(text.encode()), name="x", limits=Limits(batch_bytes=5), options=_options()
    ):
        found += batch.records
    assert found == records
