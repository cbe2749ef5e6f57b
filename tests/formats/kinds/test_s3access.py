from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.formats.kinds.s3access import FIELDS, parse_line


def test_requests_have_the_documented_fields(read, sample):
    lines = sample("kinds/s3access/access.log").splitlines(keepends=True)
    assert read(b"".join(lines[:2])).format == "s3access"
    out = read(sample("kinds/s3access/access.log"), kind="s3access")
    first, second = out.records
    assert list(first) == list(FIELDS)
    assert first["Time"] == "06/Feb/2019:00:00:38 +0000"
    assert first["Key"] == ""
    assert first["RequestUri"] == "GET /bucket-one?versioning HTTP/1.1"
    assert (first["HttpStatus"], first["BytesSent"], first["ObjectSize"]) == (200, 113, None)
    assert first["ACLRequired"] == "Yes"
    assert second["Requester"] == ""
    assert second["ErrorCode"] == "AccessDenied"
    assert second["Referer"] == 'https://site.example/?q="x"'
    assert second["_extra"] == ["future"]
    assert out.skipped == {"not an S3 access record": 1}
    assert out.numbers == [1, 2]


def test_a_line_of_quotes_is_quick_and_no_record():
    assert parse_line('"a ' * 300_000) is None
    assert parse_line('"' * 1_000_000) is None


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_text_crashes_it(text):
    parse_line(text)
