"""The same hostile content through every reader that takes text: it stays data, and bounded."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.formats import Limits
from huntkit.formats.detection import known

HOSTILE = [
    "<script>alert(1)</script>",
    '=HYPERLINK("http://203.0.113.1")',
    "\x1b[2J\x1b]0;title\x07",
    "\u202egpj.exe\u2066\u200b",
    "x" * 1_000_000,
    "a\0b",
    "{{7*7}}${7*7}%s%n",
    "\ufffd\ufffe\U0010ffff",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_through_json_and_csv_unchanged(text, read):
    assert read(json.dumps({"a": text, "b": [text]}).encode() + b"\n").records == [
        {"a": text, "b": [text]}
    ]
    quoted = '"' + text.replace('"', '""') + '"'
    assert read(f"a,b,c\n{quoted},2,3\n".encode(), kind="csv").records[0]["a"] == text


def test_mixed_types_in_a_field_are_kept_as_they_are(read):
    values = [1, "1", None, [1], {"b": 1}, True, 1.5, -1, ""]
    data = "\n".join(json.dumps({"a": value}) for value in values)
    assert [record["a"] for record in read(data.encode()).records] == values


@pytest.mark.parametrize(
    "form", [each.name for each in known() if each.name not in ("evtx", "parquet")]
)
def test_five_megabytes_on_one_line_are_read_or_skipped(form, read):
    out = read(b"x" * 5_000_000 + b"\n", kind=form)
    assert len(out.records) + sum(out.skipped.values()) <= 1


@pytest.mark.parametrize("form", [each.name for each in known()])
def test_a_line_over_the_limit_is_never_held(form, read):
    limits = Limits(max_line_bytes=1000, max_document_bytes=1000, batch_bytes=1000)
    out = read(b"a,b\n" + b"x" * 100_000 + b"\n" + b'{"a":1}\n', kind=form, limits=limits)
    assert len(repr(out.records)) < 20_000
    assert all(len(skip.sample) <= 120 for skip in out.skips)


_noise = st.sampled_from(
    [
        *(b"\0", b"\xff", b"\n", b"\r", b'"', b"{", b"}", b"[", b"]", b"<Event", b"</Event>", b"<"),
        *(b"#fields\t", b"type=X msg=audit(1.5:2): a=", b"CEF:0|", b"<34>1 ", b"\x1b", b",", b"\t"),
        *(b"|", b"\xed\xa0\x80", b"ElfFile\0", b"PAR1", b"\xff\xfe", b"\xfe\xff", b"x" * 300),
    ]
)


@given(parts=st.lists(_noise, max_size=40))
@settings(max_examples=60, deadline=None)
def test_every_reader_survives_every_noise(parts, read_from):
    data = b"".join(parts)
    for form in known():
        for limits in (Limits(), Limits(batch_bytes=11, max_line_bytes=64, max_document_bytes=64)):
            read_from(form, io.BytesIO(data), limits=limits)


@pytest.mark.parametrize("form", [each.name for each in known()])
@pytest.mark.parametrize("data", [b"", b"\n", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b" \r\n \t"])
def test_empty_files_have_no_records(form, data, read):
    out = read(data, kind=form)
    assert out.records == []
