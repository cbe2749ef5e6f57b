import io

from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import FormatError
from huntkit.formats import Limits, ReadOptions
from huntkit.formats.kinds import zeek

HEAD = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t%s\n"
CONN = (
    HEAD % "conn"
    + "#open\t2024-01-01-00-00-00\n"
    + "#fields\tts\tuid\tid.orig_p\tok\ttags\tttls\tnote\n"
    + "#types\ttime\tstring\tport\tbool\tset[string]\tvector[interval]\tstring\n"
    + "1692146028.495991\tC1\t53\tT\ta,b\t1.5,-\tx\\x09y\n"
    + "1692146029.5\tC2\t-\tF\t(empty)\t-\t(empty)\n"
    + "#close\t2024-01-01-01-00-00\n"
)


def test_values_have_their_types(read):
    out = read(CONN.encode(), "conn.log")
    assert out.format == "zeek"
    assert out.records == [
        {"ts": 1692146028.495991, "uid": "C1", "id.orig_p": 53, "ok": True,
         "tags": ["a", "b"], "ttls": [1.5, None], "note": "x\ty"},
        {"ts": 1692146029.5, "uid": "C2", "id.orig_p": None, "ok": False,
         "tags": [], "ttls": None, "note": ""},
    ]  # fmt: skip
    assert out.numbers == [9, 10]
    assert out.contexts[0]["path"] == "conn"
    assert out.contexts[0]["types"]["id.orig_p"] == "port"


def test_logs_one_after_another_are_batches_of_their_own(read):
    dns = (HEAD % "dns") + "#fields\tts\tquery\n#types\ttime\tstring\n1.0\texample.com\n"
    out = read((CONN + dns + CONN).encode())
    assert [context["path"] for context in out.contexts] == ["conn", "dns", "conn"]
    assert len(out.records) == 5


def test_another_separator_is_obeyed(read):
    text = "#separator \\x2c\n#fields,ts,a\n#types,time,string\n1.5,x\n"
    assert read(text.encode()).records == [{"ts": 1.5, "a": "x"}]


def test_rows_of_another_width_are_skipped(read):
    out = read((CONN + "1.0\tonly two\n1692146030.1\tC3\t1\tT\t-\t-\t-").encode())
    assert [(s.number, s.reason) for s in out.skips] == [(12, "wrong number of fields")]
    assert out.records[-1]["uid"] == "C3"


def test_the_last_row_cut_off_is_named_so(read):
    out = read((CONN + "1692146030.1\tC3\t1").encode())
    assert out.skipped == {"cut off": 1}


def test_a_column_whose_values_have_another_type_stays_text(read):
    text = (HEAD % "x") + "#fields\tn\tm\n#types\tcount\tcount\n1\t2\nmany\t3\n"
    out = read(text.encode())
    assert out.records == [{"n": "1", "m": 2}, {"n": "many", "m": 3}]
    assert out.contexts[0]["types"]["n"] == "string"
    assert out.repaired == {"values of n are not count": 2}


def test_rows_before_any_header_are_skipped(read):
    assert read(b"#separator \\x09\n1\t2\n").skipped == {"no #fields line before it": 1}


_lines = st.sampled_from(
    [*CONN.splitlines(), "#fields", "#fields\t", "#types\tcount", "#separator", "#path", "#",
     "-\t-\t-\t-\t-\t-\t-", "\t\t\t\t\t\t", "9" * 400 + "\t1\t1\tT\ta\t1\tx", "\\x", "\\xff\\xfe"]
)  # fmt: skip


@given(st.lists(_lines, max_size=20))
@settings(max_examples=200, deadline=None)
def test_shuffled_headers_never_crash_the_reader(lines):
    data = io.BytesIO("\n".join(lines).encode())
    try:
        for batch in zeek.read(data, name="x", limits=Limits(), options=ReadOptions()):
            for column in (batch.columns or {}).values():
                assert len(column) == len(batch.numbers)
    except FormatError:
        pass
