import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import FormatError
from huntkit.formats import Limits, ReadOptions
from huntkit.formats.kinds import csv as csv_format


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_delimiters_encodings_and_newlines_are_found(delimiter, encoding, newline, read):
    rows = [["time", "user", "text"], ["1", "eve", "ä, b"], ["2", "", 'say "x"\nand more']]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=newline).writerows(rows)
    found = read(out.getvalue().encode(encoding), "x.txt")
    assert found.format == "csv"
    assert [list(r.values()) for r in found.records] == rows[1:]
    assert found.numbers == [2, 3]


def test_numbers_are_the_lines_where_rows_begin(read):
    out = read(b'a,b,c\n1,"x\ny\nz",3\n\n4,5,6\n')
    assert out.numbers == [2, 6]
    assert out.rows == 2


def test_values_stay_text_and_empty_stays_empty(read):
    assert read(b"a,b,c\n1,,0x1\n").records == [{"a": "1", "b": "", "c": "0x1"}]


def test_an_unnamed_first_column_is_the_index_and_names_are_unique(read):
    out = read(b",a,a,,a\n0,1,2,3,4\n")
    assert out.records == [{"_index": "0", "a": "1", "a_2": "2", "column_4": "3", "a_3": "4"}]


def test_short_rows_are_filled_and_long_ones_keep_their_surplus(read):
    out = read(b'a,b,c\n1,2,3\n1\n1,2,3,4,"5,6"\n' + b"7,8,9\n" * 20)
    assert out.records[:3] == [
        {"a": "1", "b": "2", "c": "3", "_extra": ""},
        {"a": "1", "b": "", "c": "", "_extra": ""},
        {"a": "1", "b": "2", "c": "3", "_extra": '4,"5,6"'},
    ]
    assert out.contexts[0]["padded"] == 1
    assert not out.skipped


def test_a_quote_never_closed_costs_one_row_not_the_file(read):
    body = b"a,b,c\n" + b"1,2,3\n" * 50 + b'4,"open,6\n' + b"7,8,9\n" * 50
    out = read(body)
    assert len(out.records) == 100
    assert out.numbers[-1] == 102
    assert [(s.number, s.reason) for s in out.skips] == [(52, "quote is never closed")]


def test_many_open_quotes_end_in_bounded_time_and_are_counted(read):
    body = b"a,b,c\n" + b'1,"x\n2,3,4\n' * 1001
    out = read(body, kind="csv")
    assert out.rows + sum(out.skipped.values()) >= 1000


def test_invalid_utf8_is_kept_and_said(read):
    out = read(b"a,b,c\n\xe9,2,3\n")
    assert out.records[0]["a"] == "\\xe9"
    assert out.repaired == {"invalid UTF-8": 1}


def test_the_encoding_may_be_given(read):
    out = read(b"a,b,c\n\xe9,2,3\n", options=ReadOptions(encoding="cp1252"))
    assert out.records[0]["a"] == "é"


def test_a_field_over_the_limit_is_skipped_and_the_rest_read(read, monkeypatch):
    before = csv.field_size_limit(1000)
    try:
        limits = Limits(max_document_bytes=1000)
        out = read(b"a,b,c\n1,2,3\n" + b"x" * 5000 + b",2,3\n4,5,6\n", kind="csv", limits=limits)
    finally:
        csv.field_size_limit(max(before, csv.field_size_limit()))
    assert out.records[0]["a"] == "1"
    assert out.records[-1]["a"] == "4"


def test_a_line_over_the_limit_is_skipped_with_the_right_numbers_after_it(read):
    limits = Limits(max_line_bytes=100)
    out = read(b"a,b,c\n1,2,3\n" + b"x" * 500 + b",2,3\n4,5,6\n", kind="csv", limits=limits)
    assert out.numbers == [2, 4]
    assert out.skipped == {"line over 100 bytes": 1}


def test_a_header_without_rows_has_no_records(read):
    out = read(b"a,b,c\n", "x.csv")
    assert out.records == []
    assert out.error is None


def test_one_column_is_csv_only_by_its_name(read):
    assert read(b"Observable\n192.0.2.1\n", "x.csv").records == [{"Observable": "192.0.2.1"}]
    assert read(b"Observable\n192.0.2.1\n", "x.txt").format == "text"


def test_too_many_columns_are_refused(read):
    out = read(b",".join(b"c%d" % n for n in range(20_000)) + b"\n", kind="csv")
    assert "columns" in str(out.error)


_cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), max_size=8)


def _table(width):
    return st.lists(st.lists(_cells, min_size=width, max_size=width), min_size=1, max_size=6)


@given(st.integers(2, 5).flatmap(_table))
@settings(max_examples=150, deadline=None)
def test_what_csv_writes_is_what_we_read(rows):
    header = [f"c{n}" for n in range(len(rows[0]))]
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([header, *rows])
    found = []
    for batch in csv_format.read(
        io.BytesIO(out.getvalue().encode()), name="x", limits=Limits(), options=ReadOptions()
    ):
        assert not batch.skipped
        found += [list(row) for row in zip(*batch.columns.values(), strict=True)]
    assert found == rows


@given(
    st.lists(
        st.sampled_from([b'"', b",", b"\n", b"a", b"\r", b"\0", b"\xff", b'""', b";"]), max_size=80
    )
)
@settings(max_examples=200, deadline=None)
def test_damaged_rows_never_crash_the_reader(parts):
    try:
        for batch in csv_format.read(
            io.BytesIO(b"".join(parts)),
            name="x",
            limits=Limits(batch_rows=3),
            options=ReadOptions(),
        ):
            for column in (batch.columns or {}).values():
                assert len(column) == len(batch.numbers)
    except FormatError:
        pass


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("just see http://evil.example.com/a, and 9.9.9.9", "note.txt"),
        ("just see http://evil.example.com/a, and 9.9.9.9\n", "note.csv"),
        ("hello world, this is a note\nand another line, with a comma\n", "note"),
        ("Dear all,\nplease find, as said, the list.\nThanks, Ana\n", "mail.txt"),
        ("a,b,c\n", "one.txt"),
        ("evil.example\n", "iocs.csv"),
    ],
)
def test_prose_and_lone_lines_are_text(text, name, read):
    found = read(text.encode(), name)
    assert found.format == "text"
    assert [record["Text"] for record in found.records] == text.splitlines()


@pytest.mark.parametrize("name", ["x.csv", "x.txt", "x"])
def test_a_ragged_table_is_still_a_table(name, read):
    found = read(b"a,b\n1,2\n3\n4,5,6\n", name)
    assert found.format == "csv"
    assert [record["a"] for record in found.records] == ["1", "3", "4"]
    assert [record["_extra"] for record in found.records] == ["", "", "6"]


def test_a_table_with_blanks_after_its_commas_is_no_prose(read):
    found = read(b"name, value\nana, 1\nbob, 2\n", "x.txt")
    assert found.format == "csv"
    assert len(found.records) == 2


@pytest.mark.parametrize("text", ["Timestamp,DeviceName\n", "a\tb\n\n"])
def test_a_header_without_rows_says_so(text, read):
    found = read(text.encode(), "x.csv")
    assert found.format == "csv"
    assert not found.records
    assert [(s.number, s.reason) for s in found.skips] == [(1, "a header without rows")]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("a,b\r\n1,2\r3,4\r\n5,6\r\n", [2, 3, 4]),
        ("a,b\r1,2\r3,4\r5,6\r", [2, 3, 4]),
        ('a,b\n1,2\r3,4\r5,6\n"x\ry",7\n', [2, 3, 4, 5]),
    ],
)
def test_lone_carriage_returns_end_lines_too(text, numbers, read):
    out = read(text.encode(), "x.csv")
    rows = [(row["a"], row["b"]) for row in out.records]
    assert rows[:3] == [("1", "2"), ("3", "4"), ("5", "6")]
    assert out.numbers == numbers
    assert not out.skipped
    assert rows[3:] == ([("x\ry", "7")] if '"' in text else [])


def test_the_header_of_a_joined_file_is_no_row(read):
    part = "a,b\n1,2\n"
    out = read(f"{part}\ufeff{part}{part}b,a\n".encode(), kind="csv")
    assert [(row["a"], row["b"]) for row in out.records] == [("1", "2")] * 3 + [("b", "a")]
    assert out.numbers == [2, 4, 6, 7]
    assert out.repaired == {"the header again": 2}
    assert not out.skipped


def test_a_single_column_may_hold_its_own_name(read):
    out = read(b"user\nana\nuser\n", "x.csv", kind="csv")
    assert [row["user"] for row in out.records] == ["ana", "user"]


def test_a_file_cut_off_in_a_cell_of_many_lines_loses_one_row(read):
    rows = 'a,b,c\n1,2,3\n4,"[\n{""x"": 1,\n""y"": 2},\n{""x"": 3}\n]",6\n'
    cut = rows.index('3}\n]"')
    out = read(rows[:cut].encode(), kind="csv")
    assert [row["a"] for row in out.records] == ["1"]
    assert out.skipped == {"quote is never closed": 1}
    whole = read(rows.encode(), kind="csv")
    assert [row["a"] for row in whole.records] == ["1", "4"]


def test_zeros_that_a_crash_left_do_not_hide_a_table(read):
    rows = "\n".join(f"{at},ws{at},ok" for at in range(40))
    out = read(f"id,host,state\n{rows}\n".encode() + b"\0" * 600 + b"99,ws99,ok\n", "x.csv")
    assert out.format == "csv"
    assert len(out.records) == 41
    assert out.records[-1] == {"id": "99", "host": "ws99", "state": "ok"}


def test_a_line_that_is_no_row_behind_an_open_quote_is_no_crash(read):
    out = read(b',\n"\n\r,', kind="csv")
    assert out.skipped
