import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.formats.kinds.vpcflow import DEFAULT, _header, _record

FLOW = (
    "2 123456789012 eni-0a 10.0.0.1 203.0.113.7 20641 22 6 20 4249 1714979289 1714979349 ACCEPT OK"
)
HEADER = " ".join(DEFAULT)


def test_flows_with_a_header_have_its_names(read):
    custom = "srcaddr dstaddr vpc-id action start\n10.0.0.1 - vpc-1 REJECT 1714979289\n"
    out = read(f"{HEADER}\n{FLOW}\nbroken\n{custom}".encode())
    assert out.format == "vpcflow"
    assert out.numbers == [2, 5]
    assert out.records[0] == dict(zip(DEFAULT, FLOW.split(" "), strict=True))
    assert out.records[1] == {
        "srcaddr": "10.0.0.1", "dstaddr": "", "vpc-id": "vpc-1", "action": "REJECT",
        "start": "1714979289",
    }  # fmt: skip
    assert out.skipped == {"not a flow record": 1}


@pytest.mark.parametrize("before", ["", "2024-05-06T07:08:09.123Z "])
def test_flows_without_a_header_are_of_the_default_format(before, read):
    nothing = "2 123456789012 eni-0a - - - - - - - 1714979289 1714979349 - NODATA"
    out = read(f"{before}{FLOW}\n{before}{nothing}\n".encode())
    assert out.format == "vpcflow"
    assert out.records[0]["dstport"] == "22"
    assert (out.records[1]["srcaddr"], out.records[1]["log-status"]) == ("", "NODATA")


@pytest.mark.parametrize("data", [b"start end action\n", b"start of the day\n", b"2 3 4\n"])
def test_other_text_is_no_flow(data, read):
    assert read(data).format != "vpcflow"


@given(st.text(max_size=80), st.text(max_size=80))
@settings(max_examples=30, deadline=None)
def test_no_text_crashes_it(header, line):
    names = _header(header)
    for known in (names, list(DEFAULT), []):
        assert (_record(line, known) or {}).keys() <= set(DEFAULT) | set(names)
