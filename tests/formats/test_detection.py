import gzip
import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.formats import detect
from huntkit.formats.detection import known
from huntkit.formats.format import Format, Head


def name_of(data, name="x"):
    found = detect(data, name)
    return None if found is None else found.name


def test_every_module_of_kinds_is_a_format():
    formats: tuple[Format, ...] = known()
    assert [each.name for each in formats] == [
        "access", "auditd", "csv", "elb", "evtx", "json", "nlb", "parquet", "s3access",
        "squid", "syslog", "text", "vpcflow", "w3c", "weberror", "xml_event", "zeek",
    ]  # fmt: skip
    for each in formats:
        assert each.sniff(Head(b"", "x")) == 0
        assert all(suffix == suffix.lower() for suffix in each.suffixes)


@pytest.mark.parametrize("name", ["x.json", "x.evtx", "x.csv", "x.log", "x"])
@pytest.mark.parametrize("data", [bytes(range(256)) * 40, b"\0" * 5000, b"\x7fELF\x02\x01\x01\0\0"])
def test_binary_junk_is_nothing_whatever_its_name(data, name):
    assert name_of(data, name) is None


def test_random_bytes_and_packed_bytes_are_nothing():
    noise = random.Random(7).randbytes(65_536)
    assert name_of(noise, "x.json") is None
    assert name_of(gzip.compress(noise), "x.csv") is None
    assert name_of(b"", "x.json") is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a": 1}\n', "json"),
        (b"{\n", "json"),
        (b'  \n[{"a":1}]', "json"),
        (b'broken\n{"a":1}\n', "json"),
        (b"[Fri Sep 09 10:42:29] [error] not json\n", "text"),
        (b"[Fri Sep 09 10:42:29 2024] [error] Apache's\n", "weberror"),
        (b"%ASA-6-302013: Built inbound TCP connection 1\n", "syslog"),
        (b"a,b,c\n1,2,3\n", "csv"),
        (b"a\tb\tc\n1\t2\t3\n", "csv"),
        (b"# a note\nwith some text in it\n", "text"),
        (b"<html><body>hello</body></html>\n", "text"),
        (b"<Event><System></System></Event>", "xml_event"),
        (b"<34>Oct 11 22:14:15 h a: x\n", "syslog"),
        (b"CEF:0|a|b|c|d|e|f|g=h\n", "syslog"),
        (b'type=CWD msg=audit(1.5:2): cwd="/"\n', "auditd"),
        (b"#Software: x\n#Fields: date time c-ip\n2024-01-01 00:00:00 -\n", "w3c"),
        (b"version srcaddr dstaddr action\n2 - - -\n", "vpcflow"),
        (b'::1 - - [06/May/2024:07:08:09 +0200] "GET / HTTP/1.1" 200 5\n', "access"),
        (b"#separator \\x09\n#fields\ta\n", "zeek"),
        (b"ElfFile\0", "evtx"),
        (b"PAR1", "parquet"),
    ],
)  # fmt: skip
def test_content_decides(data, expected):
    for name in ("x", "x.json", "x.log", "x.evtx", "x.parquet"):
        assert name_of(data, name) == expected


def test_a_table_of_messages_is_a_table_not_what_the_messages_are():
    audit = b'time,host,message\n1,h,"type=CWD msg=audit(1.5:2): cwd=x"\n' * 3
    assert name_of(audit) == "csv"
    assert name_of(b'{"m":"type=CWD msg=audit(1.5:2): cwd=x"}\n') == "json"


def test_only_the_head_is_needed():
    assert name_of((b'{"a":1,"text":"' + b"x" * 200 + b'"}\n') * 1000) == "json"
    assert name_of(b'{"a":"' + b"x" * 100_000) == "json"
    assert name_of((b"a,b,c\n" + b"1,2,3\n" * 50_000)[:65_536]) == "csv"


@given(
    data=st.binary(max_size=2000),
    name=st.sampled_from(["x.json", "x.log", "", "\udc80", "a/b!c.csv"]),
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_looked_at_and_read_without_a_crash(data, name, read_from):
    found = detect(data, name)
    if found is not None:
        read_from(found, io.BytesIO(data), name)
